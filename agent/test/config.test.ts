import t from 'tap'
import { WeftError } from '../../proto/errors.ts'
import { parseConfig } from '../config.ts'

const full = `location: {name: eu/london, latitude: 51.5, longitude: -0.1}
nics:
  eth1: {role: underlay, rate: 1 Gbit/s}
  eth2: {role: dedicated}
hypervisors:
  lxc: {uri: 'lxc:///system?socket=/x'}
  fake: {namespaces: true}
images: /srv/images
image_store: {limit: 1.5 GB, keep: 10 min}
`

t.test('all of it', async (t) => {
  const config = parseConfig(full, 'agent.yaml')
  t.match(config, {
    location: { name: 'eu/london', latitude: 51.5, longitude: -0.1 },
    hypervisors: { lxc: { uri: 'lxc:///system?socket=/x' }, fake: { namespaces: true } },
    images: '/srv/images',
    imageStore: { mostBytes: 1_500_000_000, keepMs: 600_000 },
  })
  t.same(config.nics.get('eth1'), { role: 'underlay', rateBitsPerSecond: 1e9 })
  t.same(config.nics.get('eth2'), { role: 'dedicated', rateBitsPerSecond: 0 })
})

t.test('none of it: containers, and nothing else', async (t) => {
  const { hypervisors, location, nics, images } = parseConfig('', '')
  t.same(hypervisors, {
    lxc: { uri: 'lxc:///system' },
    qemu: { uri: 'qemu:///system', kvm: true, isNamed: false },
    xen: { uri: 'xen:///system', guests: 'any', isNamed: false },
    fake: undefined,
  })
  t.same([location, nics.size, images], [undefined, 0, ''])
  t.same(parseConfig('hypervisors: {fake: {}}', '').hypervisors, {
    lxc: undefined,
    qemu: undefined,
    xen: undefined,
    fake: { namespaces: false },
  })
  t.same(parseConfig('hypervisors: {xen: {guests: pv}}', '').hypervisors.xen, {
    uri: 'xen:///system',
    guests: 'pv',
    isNamed: true,
  })
  t.same(parseConfig('hypervisors:\n  lxc:\n', '').hypervisors.lxc, { uri: 'lxc:///system' })
})

t.test('what is wrong is told with its line and what would be right', async (t) => {
  const problems: readonly (readonly [string, string, RegExp])[] = [
    ['nics:\n  eth1: {role: main}\n', 'agent.yaml:2', /underlay, dedicated, shared, management/],
    ['nics:\n  eth1:\n    role: shared\n    rate: fast\n', 'agent.yaml:4', /nics\.eth1\.rate.*1 Gbit\/s/],
    ['nic: {}\n', 'agent.yaml:1', /location, nics, hypervisors, images, image_store/],
    ['image_store: {limit: 20}\n', 'agent.yaml:1', /image_store\.limit.*MB, GB/],
    ['location:\n  latitude: 91\n', 'agent.yaml:2', /-90 to 90/],
    ['hypervisors:\n  fake: {namespaces: 5}\n', 'agent.yaml:2', /true or false/],
    ['hypervisors:\n  xen: {guests: hvm}\n', 'agent.yaml:2', /any, pv, pvh/],
    ['hypervisors: [lxc]\n', 'agent.yaml:1', /a map/],
    ['nics: {eth1: {role: underlay\n', 'agent.yaml:2', /no YAML/],
  ]
  for (const [text, where, message] of problems) {
    try {
      parseConfig(text, 'agent.yaml')
      t.fail(`${text} passes`)
    } catch (error) {
      t.ok(error instanceof WeftError)
      t.match(error, { code: 'config.invalid', where, message })
    }
  }
})
