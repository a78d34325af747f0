import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../../../proto/test/temporary.ts'
import { isDom0 } from '../dom0.ts'

t.test('Dom0 is who controls the others', (t) => {
  const file = join(temporaryDirectory(t), 'capabilities')
  t.notOk(isDom0(file), 'no Xen')
  writeFileSync(file, '')
  t.notOk(isDom0(file), 'a guest')
  writeFileSync(file, 'control_d\n')
  t.ok(isDom0(file))
  t.end()
})
