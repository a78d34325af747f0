/** A network of a Xen guest and a container on one Dom0, by an agent there: started by lab/emulated/test/xen.emulated.test.ts. */
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { HostCommand, HostReply, Slice, SliceView } from '../../../proto/generated/weft.v1.ts'
import { mountTiny } from '../../hypervisor/test/inside/tiny-image.ts'
import { interfaceNames } from '../../interfaces.ts'
import { openAgent } from '../../main.ts'

t.setTimeout(1_700_000)

const vnet = 'mixed'
const patienceMs = 900_000

/** The first interface of each by a bridge, the second by Click. */
const interfacesOf = (n: number) =>
  ['bridge', 'click'].map((forwarding, index) => ({
    index,
    mac: `02:00:00:00:0${index}:0${n}`,
    addresses: [`10.0.${index}.${n}/24`],
    mtu: 1450,
    forwarding,
  }))

const slice: Init<Slice> = {
  vnet,
  generation: 1,
  nodes: [
    { id: 'container', hypervisor: 'lxc', memoryBytes: 64 * 2 ** 20, interfaces: interfacesOf(1) },
    { id: 'guest', hypervisor: 'xen', image: 'tiny', memoryBytes: 128 * 2 ** 20, interfaces: interfacesOf(2) },
  ],
  links: [0, 1].map((index) => ({
    id: `l${index}`,
    mtu: 1450,
    ends: ['container', 'guest'].map((node) => ({ node, interface: index })),
  })),
}

// PV, since the contract of drivers runs on PVH.
await writeFile('/tmp/agent.yaml', 'hypervisors:\n  lxc: {}\n  xen: {guests: pv}\n')
await mountTiny('/var/lib/weft/images')
const agent = await openAgent({ name: 'dom0', domain: 'pip1', config: '/tmp/agent.yaml', logLevel: 'warn' })
t.teardown(() => agent.close())

const call = (command: Init<HostCommand>): Promise<HostReply> => agent.command(create('HostCommand', command))

const until = async (isRight: (view: SliceView | undefined) => boolean): Promise<void> => {
  const end = performance.now() + patienceMs
  for (;;) {
    const view = (await call({ get: {} })).slices?.slices.find(({ desired }) => desired?.vnet === vnet)
    if (isRight(view)) return
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(view?.reported)}`)
    await sleep(200)
  }
}

await t.test('a Xen guest and a container reach each other by a bridge and by Click', async (t) => {
  await call({ apply: { slice } })
  await until((view) => view?.reported?.phase === 'PHASE_READY')
  const ping = async (node: string, address: string): Promise<void> => {
    const argv = ['ping', '-c2', '-W30', address]
    const { exec } = await call({ exec: { vnet, node, argv, timeoutMs: 120_000 } })
    t.equal(exec?.exitStatus, 0, `${node} reaches ${address}`)
    if (exec?.exitStatus !== 0) t.comment(Buffer.from(exec?.stdout ?? []).toString())
  }
  for (const index of [0, 1]) {
    await ping('container', `10.0.${index}.2`)
    await ping('guest', `10.0.${index}.1`)
  }
})

await t.test('removed, it leaves nothing', async (t) => {
  await call({ delete: { vnet } })
  await until((view) => view === undefined)
  t.same(
    [...(await interfaceNames())].filter((name) => /^(vif|wb|wp)/.test(name)),
    [],
  )
})
