import t from 'tap'
import { play, weft } from './support.ts'

const shape = {
  name: 'small',
  hypervisor: 'lxc',
  image: 'host',
  cpu: { count: 1, quotaMillis: 100 },
  memoryBytes: 64 * 2 ** 20,
  nodes: 2,
  interfaces: 4,
}
const pools = [
  { shape, host: 'h1', idle: 2 },
  {
    shape: { ...shape, name: 'vm', hypervisor: 'qemu', image: 'tiny', cpu: { count: 2 }, diskBytes: 2 ** 30 },
    host: 'h2',
    building: 1,
    reserved: 1,
    error: { code: 'admission.not-now', message: 'h2 has no room for one more', object: 'pool/vm' },
  },
]

t.test('pools of a PIP: what is idle, what is not, and why', async (t) => {
  const { directory, requests } = await play(t, 'pip', () => ({ pools: { pools } }))
  const run = (...argv: string[]) => weft(['get', ...argv, '--run-dir', directory])
  const { status, stdout, stderr } = await run('pools')
  t.equal(
    stdout,
    `\
POOL   HOST  IDLE    BUILDING  RESERVED  HYPERVISOR  IMAGE  CPU       MEMORY  ERROR
small  h1    2 of 2  -         -         lxc         host   0.1 CPU   64 MiB  -
vm     h2    0 of 2  1         1         qemu        tiny   2 shared  64 MiB  admission.not-now
`,
  )
  t.match(stderr, /h2 has no room for one more/)
  t.equal(status, 0)
  t.match(requests, [{ pools: {} }])
  t.match((await run('pools', '-o', 'wide')).stdout, /DISK +INTERFACES .*\n.*\n.* 1 GiB +4 /)
  t.equal((await run('pool', 'vm', '-o', 'name')).stdout, 'pool/vm@h2\n')
  t.match(JSON.parse((await run('pools', '-o', 'json')).stdout), [
    { host: 'h1', idle: 2, shape: { name: 'small' } },
    {},
  ])
  t.match(await run('pools', 'smal'), { status: 1, stderr: /no pool smal.*\n.*small/ })
  t.match(await run('pools', '--watch'), { status: 1, stderr: /cannot be watched/ })
})

t.test('a PIP without pools says so', async (t) => {
  const { directory } = await play(t, 'pip', () => ({ pools: {} }))
  t.match(await weft(['get', 'pools', '--run-dir', directory]), { status: 0, stdout: '', stderr: 'no pools\n' })
})
