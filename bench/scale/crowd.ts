/** Many hosts over one session: each has an inventory, and reports what it is told as built, or gone, at once. */
import { create } from '../../proto/codec.ts'
import type { HostInventory, Reported, Slice } from '../../proto/generated/weft.v1.ts'
import { connectSession } from '../../proto/mqtt-session.ts'
import { topics } from '../../proto/topics.ts'

const gib = 2 ** 30

const addressOf = (index: number): string => `10.${1 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}/8`

export const hostName = (index: number): string => `h${index}`

const inventoryOf = (index: number): HostInventory =>
  create('HostInventory', {
    host: hostName(index),
    cpus: 16,
    memoryBytes: 64 * gib,
    nics: [
      {
        name: 'eth0',
        mac: `52:54:00:${[index >> 16, index >> 8, index].map((byte) => (byte & 255).toString(16).padStart(2, '0')).join(':')}`,
        addresses: [addressOf(index)],
        mtu: 1600,
        up: true,
        rateBitsPerSecond: 10e9,
        role: 'underlay',
      },
    ],
    hypervisors: [{ name: 'fake' }],
    datapaths: [{ name: 'bridge', technologies: ['vxlan'] }],
    images: ['host'],
  })

/** Racks of twenty hosts at a switch each, and a fabric between them. */
export const substrateText = (name: string, hosts: number): string => {
  const racks = Math.ceil(hosts / 20)
  const all = Array.from({ length: hosts }, (_, index) => index)
  return [
    `name: ${name}`,
    'hosts:',
    ...all.map((index) => `  ${hostName(index)}: {}`),
    'switches:',
    ...Array.from({ length: racks }, (_, rack) => `  s${rack}:`),
    'fabrics:',
    '  core:',
    'links:',
    ...all.map(
      (index) =>
        `  - { id: l${index}, ends: [${hostName(index)}/eth0, s${Math.floor(index / 20)}], capacity: 10 Gbit/s, delay: 10 us }`,
    ),
    ...Array.from(
      { length: racks },
      (_, rack) => `  - { id: up${rack}, ends: [s${rack}, core], capacity: 100 Gbit/s, delay: 20 us }`,
    ),
    '',
  ].join('\n')
}

const reportOf = (slice: Slice): Reported =>
  create('Reported', {
    vnet: slice.vnet,
    generation: slice.generation,
    epoch: slice.epoch,
    phase: slice.absent ? 'PHASE_GONE' : 'PHASE_READY',
    nodes: slice.nodes.map(({ id, hypervisor, interfaces }) => ({
      id,
      hypervisor,
      domain: `weft-${id}`,
      state: 'OBJECT_STATE_READY' as const,
      vifs: interfaces.map(({ index, mac, addresses }) => ({ index, name: `vif1.${index}`, mac, addresses })),
    })),
    links: slice.links.map(({ id, mtu }) => ({
      id,
      mtu,
      state: 'OBJECT_STATE_READY' as const,
      interfaces: [`wb-${id}`],
    })),
  })

export interface Crowd {
  /** Slices that the hosts were told of. */
  readonly told: () => number
  close(): Promise<void>
}

/** Settles when all hosts were made known. */
export const gatherCrowd = async (url: string, domain: string, hosts: number): Promise<Crowd> => {
  const session = connectSession({ url, identity: 'crowd' })
  let told = 0
  const failed = (error: unknown): void => void process.stderr.write(`bench: a host could not report: ${error}\n`)
  await session.subscribe(topics.desired(domain, '+', '+'), 'Slice', (slice, { topic: { host = '', vnet = '' } }) => {
    const topic = topics.reported(domain, host, vnet)
    told++
    const published = slice
      ? session.publish(topic, 'Reported', reportOf(slice), { retain: true })
      : session.clear(topic)
    published.catch(failed)
  })
  for (let index = 0; index < hosts; index++) {
    const host = hostName(index)
    const status = create('HostStatus', { online: true, bootId: `boot-${host}`, session: 1 })
    await session.publish(topics.inventory(domain, host), 'HostInventory', inventoryOf(index), { retain: true })
    await session.publish(topics.status(domain, host), 'HostStatus', status, { retain: true })
  }
  return { told: () => told, close: () => session.close() }
}
