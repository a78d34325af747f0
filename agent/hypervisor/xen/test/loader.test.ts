import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../../../proto/test/temporary.ts'
import { loaderOf, loaderTypes } from '../loader.ts'

t.test('a host starts from disks those kinds of guests that it has a loader for', async (t) => {
  const directory = temporaryDirectory(t)
  await t.rejects(loaderTypes('r1', directory), { code: 'not-supported', object: 'node/r1', hint: /grub-xen-host/ })
  writeFileSync(join(directory, 'grub-x86_64-xen.bin'), '')
  t.same(await loaderTypes('r1', directory), ['pv'])
  writeFileSync(join(directory, 'grub-i386-xen_pvh.bin'), '')
  t.same(await loaderTypes('r1', directory), ['pvh', 'pv'])
  t.equal(loaderOf('pvh', directory), join(directory, 'grub-i386-xen_pvh.bin'))
})
