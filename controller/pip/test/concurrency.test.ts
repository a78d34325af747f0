/**
 * Many VNPs at once, at random: offers, with a lease and without, reservations, commits, releases, removals and leases that end, all
 * mixed. What stands is added up here by itself, from what the PIP tells of each VNet, and must never be more than there is.
 */
import t, { type Test } from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { ApiReply, ApiRequest, VNetState } from '../../../proto/generated/weft.v1.ts'
import { topics } from '../../../proto/topics.ts'
import { randomFrom } from '../../mapping/core/random.ts'
import { type Client, createClient } from '../../test/client.ts'
import { chain, createReadyWorld, gib, type World } from '../../test/world.ts'

t.setTimeout(300_000)

const createRandom = (seed: number) => randomFrom(seed * 2654435761 + 1).below

const hostMemoryBytes = 4 * gib
const hostCpuMillis = 4000
const linkBitsPerSecond = 1e9
const clientCount = 16

/** What several at once may be answered; anything else is a defect. */
const expected = ['admission.not-now', 'admission.never-fits', 'reservation.unknown', 'vnet.busy', 'vnet.unknown']

/** What all of them take, by resource. */
const sumsOf = (states: readonly VNetState[]): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>()
  const add = (key: string, amount: number) => sums.set(key, (sums.get(key) ?? 0) + amount)
  for (const { nodes, links, request } of states) {
    for (const { id, host } of nodes) {
      const asked = request?.nodes.find((node) => node.id === id)
      add(`${host} memory`, asked?.memoryBytes ?? 0)
      add(`${host} cpu`, asked?.cpu?.quotaMillis ?? 0)
    }
    for (const { id, path } of links) {
      const asked = request?.links.find((link) => link.id === id)
      for (const [i, node] of path.slice(1).entries()) {
        add(`${path[i]} to ${node}`, asked?.rateAToBBitsPerSecond ?? 0)
        add(`${node} to ${path[i]}`, asked?.rateBToABitsPerSecond ?? 0)
      }
    }
  }
  return sums
}

const capacityOf = (resource: string): number =>
  resource.endsWith('memory') ? hostMemoryBytes : resource.endsWith('cpu') ? hostCpuMillis : linkBitsPerSecond

const overcommitted = async (world: World): Promise<readonly string[]> => {
  const { vnets } = await world.ask('pip1', { get: { vnet: '' } })
  const { hosts } = await world.ask('pip1', { hosts: {} })
  const stands = [...sumsOf(vnets?.vnets ?? [])].filter(([resource, sum]) => sum > capacityOf(resource))
  // With what is reserved only, as the PIP itself counts it.
  const reserved = (hosts?.hosts ?? []).filter(
    (host) => host.reservedMemoryBytes > hostMemoryBytes || host.reservedCpuMillis > hostCpuMillis,
  )
  return [...stands.map(([resource, sum]) => `${resource}: ${sum}`), ...reserved.map(({ name }) => `${name} reserved`)]
}

const mix = async (t: Test, seed: number): Promise<void> => {
  const random = createRandom(seed)
  const world = await createReadyWorld()
  world.broker.duplicates = seed % 2 === 0
  const clients = Array.from({ length: clientCount }, (_, i) => createClient(world, `vnp${i + 10}`, 'pip1'))
  const defects: string[] = []
  const open: Promise<unknown>[] = []
  const counts = new Map<string, number>()
  const held: { readonly client: number; readonly id: string; readonly vnet: string }[] = []
  let number = 0

  const requestOf = (vnet: string) => {
    const rate = random(6) * 100e6
    const request = chain(vnet, 1 + random(4))
    return {
      ...request,
      nodes: request.nodes.map((node) => ({
        ...node,
        cpu: { count: 1, shares: 0, quotaMillis: 100 + random(4) * 300, pins: '' },
        memoryBytes: (1 + random(6)) * (gib / 4),
      })),
      links: request.links.map((link) => ({ ...link, rateAToBBitsPerSecond: rate, rateBToABitsPerSecond: rate / 2 })),
    }
  }
  const send = (client: number, request: Init<ApiRequest>, then?: (reply: ApiReply) => void): void => {
    const [verb = ''] = Object.keys(request)
    const { session } = clients[client] as Client
    const asked = session.call(
      topics.apiRequest('pip1', session.identity),
      'ApiRequest',
      create('ApiRequest', request),
      topics.apiReply('pip1', session.identity),
      'ApiReply',
      { timeoutMs: 60_000 },
    )
    const done = asked.then(
      (reply) => {
        counts.set(verb, (counts.get(verb) ?? 0) + 1)
        then?.(reply)
      },
      (error: { code?: string; message: string }) => {
        counts.set(`${verb} refused`, (counts.get(`${verb} refused`) ?? 0) + 1)
        if (!expected.includes(error.code ?? '')) defects.push(`${verb} was answered ${error.code}: ${error.message}`)
      },
    )
    open.push(done)
  }
  const nameOf = (client: number): string => `c${client}.v${random(2)}`
  const take = (client: number, id: string, vnet: string) => (): void => void held.push({ client, id, vnet })
  const acts: readonly ((client: number) => void)[] = [
    (client) => {
      const [id, vnet] = [`r${number++}`, nameOf(client)]
      const leaseMs = random(2) === 0 ? 500 + random(5000) : 60_000
      send(client, { reserve: { reservation: id, part: requestOf(vnet), leaseMs } }, take(client, id, vnet))
    },
    (client) => {
      const [id, vnet] = [random(2) === 0 ? `r${number++}` : '', nameOf(client)]
      const offer = { part: requestOf(vnet), reservation: id, leaseMs: 30_000 }
      send(client, { offer }, (reply) => {
        if (id !== '' && reply.offer && !reply.offer.error) take(client, id, vnet)()
      })
    },
    () => {
      const one = held[random(Math.max(1, held.length))]
      if (one) send(one.client, { commit: { reservation: one.id } })
    },
    () => {
      const one = held[random(Math.max(1, held.length))]
      if (one) send(one.client, { release: { reservation: one.id } })
    },
    (client) => send(client, { delete: { vnet: nameOf(client) } }),
  ]

  try {
    for (let round = 0; round < 25; round++) {
      for (let i = 0; i < clientCount; i++) acts[random(acts.length)]?.(random(clientCount))
      // A commit for each that is held: what was promised stands.
      if (round % 3 === 0) for (const { client, id } of held.splice(0, 4)) send(client, { commit: { reservation: id } })
      await world.pass(random(5) === 0 ? 8000 : random(60))
      defects.push(...(await overcommitted(world)))
    }
    await Promise.all(open)
    await world.idle()
    defects.push(...(await overcommitted(world)), ...world.violations())

    for (const { vnet, owner } of (await world.ask('pip1', { get: { vnet: '' } })).vnets?.vnets ?? [])
      await clients[Number(owner.slice(3)) - 10]?.ask({ delete: { vnet } })
    await world.idle()
    defects.push(...(await world.rows('pip1')))
    const { hosts } = await world.ask('pip1', { hosts: {} })
    for (const host of hosts?.hosts ?? []) if (host.reservedMemoryBytes > 0) defects.push(`${host.name} keeps memory`)
  } catch (error) {
    defects.push(String(error))
  } finally {
    await world.close()
  }
  t.same(defects, [], `seed ${seed}`)
  for (const verb of ['reserve', 'commit', 'offer', 'release', 'delete', 'reserve refused', 'commit refused'])
    t.ok((counts.get(verb) ?? 0) > 0, `seed ${seed}: ${verb}, ${counts.get(verb)} times`)
}

const seeds = Number(process.env['WEFT_CHAOS_SEEDS'] ?? 4)

t.test('many that ask at once are never given more than there is, and in the end all is given back', async (t) => {
  for (let seed = 1; seed <= seeds; seed++) await mix(t, seed)
})
