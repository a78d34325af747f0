/** What a host cannot do is said with its code, and nothing is left behind: a full disk, a container that never boots, a libvirt without a driver. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { labProblem } from '../../lab/testing.ts'
import type { Init } from '../../proto/codec.ts'
import type { Reported, SliceNode } from '../../proto/generated/weft.v1.ts'
import { type RealHost, realHost } from './support/real-host.ts'

t.setTimeout(900_000)

const vnet = 'shop'

const node = (id: string, change: Init<SliceNode> = {}): Init<SliceNode> => ({
  id,
  hypervisor: 'lxc',
  memoryBytes: 64 * 1024 * 1024,
  interfaces: [{ index: 0, mtu: 1450 }],
  ...change,
})

const apply = ({ call }: RealHost, generation: number, ...nodes: readonly Init<SliceNode>[]) =>
  call({ apply: { slice: { vnet, generation, nodes: [...nodes] } } })

const codeOf = (id: string, code: string) => (reported: Reported) =>
  reported.nodes.find((one) => one.id === id)?.error?.code === code

const isReady = (reported: Reported): boolean => reported.phase === 'PHASE_READY'

const words = (text: string): readonly string[] => text.split('\n').filter(Boolean).sort()

t.test('a disk that is full', { skip: labProblem() }, async (t) => {
  const host = await realHost(t)
  const { start, call, until, untilGone, run } = host
  t.equal(await run('mount', '-t', 'tmpfs', '-o', 'size=4m,mode=0755', 'none', '/var/lib/weft'), '')
  await start()
  await apply(host, 1, node('a'))
  await until(vnet, isReady)
  const fill = (leaveKiB: number) =>
    run('sh', '-c', `cat /dev/zero >/var/lib/weft/filler 2>/dev/null; truncate -s -${leaveKiB}K /var/lib/weft/filler`)
  const traces = async () => [
    ...words(await run('ls', `/var/lib/weft/nodes/${vnet}`)),
    ...words(await run('virsh', '-q', '-c', 'lxc:///system', 'list', '--all', '--name')),
    ...words(await run('sh', '-c', 'ls /sys/class/net | grep ^vif')),
  ]
  const before = await traces()

  await fill(24)
  await apply(host, 2, node('a'), node('b'))
  await until(vnet, (reported) => codeOf('b', 'image.no-space')(reported) || codeOf('b', 'host.no-space')(reported))
  // Between two tries.
  let left: readonly string[] = []
  for (let tries = 0; tries < 200 && left.length !== before.length; tries++) {
    await sleep(50)
    left = await traces()
  }
  t.same(left, before, 'nothing of it is left')
  t.match((await call({ exec: { vnet, node: 'a', argv: ['true'] } })).exec, { exitStatus: 0 }, 'what ran runs on')

  await fill(0)
  const refused = await apply(host, 3, node('a')).catch((error: unknown) => error)
  t.match(refused, { code: 'host.no-space' }, 'what cannot be kept is refused')
  t.match((await call({ get: { vnet } })).slices?.slices, [{ desired: { generation: 2 } }])

  await run('rm', '/var/lib/weft/filler')
  await until(vnet, isReady)
  await call({ delete: { vnet } })
  await untilGone(vnet)
  t.same(words(await run('find', '/var/lib/weft/nodes', '-mindepth', '1')), [])
})

t.test('a container that never boots', { skip: labProblem() }, async (t) => {
  const host = await realHost(t)
  const { start, call, until, untilGone, run, traces } = host
  // An image without a shell, which process 1 is.
  await run('mkdir', '-p', '/var/lib/weft/images/empty/usr/bin', '/var/lib/weft/images/empty/etc')
  await start()
  await apply(host, 1, node('a', { image: 'empty' }))
  await until(vnet, codeOf('a', 'hypervisor.failed'))
  const { slices } = await call({ get: { vnet } })
  t.match(slices?.slices[0]?.reported?.nodes, [{ state: 'OBJECT_STATE_FAILED', error: { message: /\/bin\/sh/ } }])
  t.ok(Number(slices?.slices[0]?.reported?.nodes[0]?.nextTryUnixMs) > 0, 'and it is said when it is tried again')
  await call({ delete: { vnet } })
  await untilGone(vnet)
  t.same(await traces(), [])
})

t.test('a libvirt that has no driver for containers', { skip: labProblem(['qemu']) }, async (t) => {
  const host = await realHost(t, ['qemu'])
  const { start, call, until, untilGone, traces } = host
  await start()
  const { inventory } = (await call({ host: {} })).host ?? {}
  t.match(
    inventory?.hypervisors.filter(({ name }) => name === 'lxc'),
    [{ unavailable: /no connection driver|driver/ }],
  )
  await apply(host, 1, node('a'))
  await until(vnet, codeOf('a', 'hypervisor.unavailable'))
  await call({ delete: { vnet } })
  await untilGone(vnet)
  t.same(await traces(), [])
})
