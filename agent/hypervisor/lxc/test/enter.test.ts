import t from 'tap'
import { configurationOf } from '../../libvirt/released.ts'
import { parseGroups, parseHierarchies, parseParent } from '../enter.ts'

const mountinfo = `25 1 0:5 / /proc rw,nosuid - proc proc rw
30 25 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
31 25 0:29 / /sys/fs/cgroup/cpu rw,relatime shared:5 - cgroup cgroup rw,cpu,cpuacct
32 25 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
`

t.test('control groups are found where they are mounted', async (t) => {
  const hierarchies = parseHierarchies(mountinfo)
  t.same(
    [...hierarchies],
    [
      ['', '/sys/fs/cgroup/unified'],
      ['cpu', '/sys/fs/cgroup/cpu'],
      ['cpuacct', '/sys/fs/cgroup/cpu'],
      ['name=systemd', '/sys/fs/cgroup/systemd'],
    ],
  )
  const cgroup = '5:cpu,cpuacct:/machine/lxc-1-weft\n4:memory:/machine/x\n1:name=systemd:/\n0::/machine.slice/a:b\n'
  t.same(parseGroups(cgroup, hierarchies), [
    '/sys/fs/cgroup/cpu/machine/lxc-1-weft',
    '/sys/fs/cgroup/unified/machine.slice/a:b',
  ])
})

t.test('the parent of a process, whatever its name', async (t) => {
  t.equal(parseParent('12 (sh) S 7 12 12 0'), 7)
  t.equal(parseParent('12 (a) b ) S 9) S 8 12 12 0'), 8)
})

t.test('a configuration counts for this boot and this start alone', async (t) => {
  const released = { bootId: 'b1', domainId: 10, configuration: 'c' }
  t.equal(configurationOf(released, 'b1', 10), 'c')
  t.equal(configurationOf(released, 'b1', 11), '', 'started behind our back')
  t.equal(configurationOf(released, 'b1', -1), 'c', 'it ran since the host booted')
  t.equal(configurationOf(released, 'b2', -1), '')
  t.equal(configurationOf(undefined, 'b1', 10), '')
})
