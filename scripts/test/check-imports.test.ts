import t from 'tap'
import { violation } from '../check-imports.ts'

t.test('walls between the parts', async (t) => {
  const broken: readonly [string, string][] = [
    ['controller/pip/pip.ts', '../../agent/main.ts'],
    ['controller/pip/pip.ts', '../../native/netlink.ts'],
    ['agent/main.ts', '../controller/log.ts'],
    ['proto/codec.ts', '../agent/main.ts'],
    ['click/parse.ts', '../proto/codec.ts'],
    ['native/netlink.ts', '../proto/errors.ts'],
    ['controller/mapping/embed.ts', 'node:fs'],
    ['unheard-of/x.ts', './y.ts'],
  ]
  for (const [file, specifier] of broken) t.type(violation(file, specifier), 'string', `${file} imports ${specifier}`)
  const whole: readonly [string, string][] = [
    ['controller/pip/pip.ts', '../../proto/codec.ts'],
    ['agent/main.ts', '../native/netlink.ts'],
    ['agent/main.ts', './state/slots.ts'],
    ['bin/commands/agent.ts', '../../agent/main.ts'],
    ['controller/mapping/embed.ts', '../../proto/errors.ts'],
    ['controller/store/sqlite.ts', 'node:sqlite'],
    ['agent/hypervisor/test/lxc.root.test.ts', '../../../lab/host.ts'],
  ]
  for (const [file, specifier] of whole) t.equal(violation(file, specifier), undefined, `${file} imports ${specifier}`)
})
