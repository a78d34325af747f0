import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { runVno } from '../../vno/run.ts'
import { runVnp } from '../run.ts'

t.test('a configuration that cannot work is refused before anything is made', async (t) => {
  const directory = temporaryDirectory(t)
  const brokerUrl = `unix:${join(directory, 'broker.sock')}`
  const places = {
    storePath: join(directory, 'store.db'),
    socketPath: join(directory, 'role.sock'),
    logLevel: 'silent' as const,
  }
  const pip = { name: 'pip1', domain: 'pip1', brokerUrl }
  const vnp = { name: 'vnp1', domain: 'vnp1', brokerUrl, pips: [pip], ...places }
  const invalid = { code: 'config.invalid' }
  await t.rejects(runVnp({ ...vnp, pips: [pip, pip] }), { ...invalid, message: /twice/ })
  await t.rejects(runVnp({ ...vnp, pips: [{ ...pip, domain: 'vnp1' }] }), { ...invalid, message: /same domain/ })
  await t.rejects(runVnp({ ...vnp, name: 'local' }), invalid)
  await t.rejects(runVnp({ ...vnp, domain: 'a/b' }), invalid)
  await t.rejects(runVno({ name: 'Alice.x', vnp: { domain: 'vnp1', brokerUrl }, ...places }), invalid)
  t.equal(existsSync(places.storePath), false)
})
