import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { lastWords } from '../last-words.ts'

t.test('the last words of a log are its last lines, and those of none say so', async (t) => {
  const log = join(temporaryDirectory(t), 'agent.log')
  writeFileSync(log, 'one\ntwo\nthree\n')
  t.equal(lastWords(log, 2), 'two | three')
  t.equal(lastWords(log), 'one | two | three')
  writeFileSync(log, '')
  t.equal(lastWords(log), `none in ${log}`)
  rmSync(log)
  t.equal(lastWords(log), `none in ${log}`, 'a log that went with its lab is no failure')
})
