/** The table against the kernel's own header, where the machine has one. */
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { formatHelper, helpers } from '../../asm/helpers.ts'

const header = '/usr/include/linux/bpf.h'
const skip = existsSync(header) ? false : `${header} is not installed (linux-libc-dev)`

t.test('each helper has the number and the name of the header', { skip }, async (t) => {
  const text = readFileSync(header, 'utf8')
  const mapper = text.slice(text.search(/#define _+BPF_FUNC_MAPPER\(FN/))
  // In the order of their numbers, which newer headers write beside them.
  const names = [...mapper.matchAll(/^\s*FN\((\w+)/gm)].map(([, name]) => name)
  t.equal(names[0], 'unspec')
  for (const number of Object.values(helpers)) t.equal(formatHelper(number), `bpf_${names[number]}#${number}`)
})

t.test('a number that the table has not is told as such', async (t) => {
  t.equal(formatHelper(9999), 'unknown#9999')
})
