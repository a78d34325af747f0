import t from 'tap'
import { mountLines, parseHierarchies } from '../cgroup.ts'

t.test('version 1 with its controllers, as mounted one by one, hides a version 2 beside it', async (t) => {
  const hierarchies = parseHierarchies(`proc /proc proc rw,relatime 0 0
tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,nosuid,nodev,noexec,relatime,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`)
  t.same(hierarchies, [
    { path: '/sys/fs/cgroup/cpu', version: 1, options: 'cpu' },
    { path: '/sys/fs/cgroup/memory', version: 1, options: 'memory' },
    { path: '/sys/fs/cgroup/systemd', version: 1, options: 'none,name=systemd' },
  ])
  t.equal(mountLines(hierarchies), 'cpu cgroup cpu\nmemory cgroup memory\nsystemd cgroup none,name=systemd')
})

t.test('controllers mounted together stay together, and one hierarchy counts once', async (t) => {
  const hierarchies = parseHierarchies(`cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0
cgroup /mnt/cpu cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,release_agent=/lib/systemd/agent,name=systemd 0 0`)
  t.equal(mountLines(hierarchies), 'cpu,cpuacct cgroup cpu,cpuacct\nsystemd cgroup none,name=systemd')
})

t.test('version 2 alone', async (t) => {
  const hierarchies = parseHierarchies('cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0\n')
  t.same(hierarchies, [{ path: '/sys/fs/cgroup', version: 2, options: '' }])
  t.equal(mountLines(hierarchies), '. cgroup2 -')
})

t.test('none', async (t) => {
  t.same(parseHierarchies('proc /proc proc rw 0 0\n'), [])
})
