/**
 * Requests at random while roles, agents and the broker die and come back at random. In the end everything is up again and all agree:
 * what stands is ready, nothing was ever overcommitted, nothing made twice that was not asked for again, nothing left.
 */
import t, { type Test } from 'tap'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { randomFrom } from '../mapping/core/random.ts'
import { createReadyWorld, gib, heavyChain, phaseAt, type World } from './world.ts'

t.setTimeout(300_000)

const createRandom = (seed: number) => randomFrom(seed * 2654435761 + 1).below

const vnos = ['alice', 'bob']
const roles = [...vnos, 'vnp1', 'pip1']
const names = ['one', 'two', 'three']
const hosts = ['h1', 'h2', 'h3']

/** What may be answered in such times; anything else is a defect. */
const expected = [
  'admission.not-now',
  'call.timeout',
  'call.unreachable',
  'provider.unavailable',
  'reservation.unknown',
  'vnet.busy',
  'vnet.unknown',
]

/** Nodes that ask for nothing but to be taken: no more than the pools keep. */
const pooledChain = (name: string, count: number): VNetRequest => {
  const request = heavyChain(name, count, 0)
  const open = { allocation: 'preallocated', cpu: undefined, hypervisor: '' }
  return { ...request, nodes: request.nodes.map((node) => ({ ...node, ...open })) }
}

const chaos = async (t: Test, seed: number): Promise<void> => {
  const random = createRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T
  // Of every second one the hosts keep a pool.
  const pools = seed % 2 === 0 ? ['pools:', '  small: { hypervisor: fake, memory: 256 MiB, keep: 2 }'] : []
  // Whoever maps: now the one, now the other.
  const discovery = () => (random(2) === 0 ? 'pip' : 'vnp')
  const world = await createReadyWorld({ vnos, pools: () => pools, advertise: 'full' })
  world.broker.duplicates = seed % 3 === 0
  const story: string[] = []
  const defects: string[] = []

  const ask = (vno: string, vnet: string, request: VNetRequest | undefined): void => {
    story.push(`${vno} ${request ? `applies ${vnet} with ${request.nodes.length}` : `deletes ${vnet}`}`)
    const verb = request ? { apply: { request, discovery: discovery() } } : { delete: { vnet } }
    world.ask(vno, verb).catch((error: { code?: string; message: string }) => {
      if (!expected.includes(error.code ?? '')) defects.push(`${vno} was answered ${error.code}: ${error.message}`)
    })
  }
  const acts: readonly (() => void)[] = [
    () => {
      const [vno, vnet] = [pick(vnos), pick(names)]
      if (pools.length > 0 && random(2) === 0) ask(vno, vnet, pooledChain(vnet, 1 + random(4)))
      else ask(vno, vnet, heavyChain(vnet, 1 + random(5), gib / 2 + random(3) * (gib / 2)))
    },
    () => ask(pick(vnos), pick(names), random(2) === 0 ? undefined : heavyChain(pick(names), 2, gib)),
    () => {
      const role = pick(roles)
      story.push(`${role} is restarted`)
      world.start(role)
    },
    () => {
      const role = pick(roles)
      const after = 1 + random(12)
      story.push(`${role} dies after ${after} steps`)
      const mortal = world.mortal(role)
      mortal.dieAfter(mortal.steps + after)
    },
    () => {
      const agent = world.agents.get(pick(hosts))
      story.push(`the agent of ${agent?.host} is restarted`)
      agent?.stop()
      world.clock.after(random(20_000), () => agent?.start())
    },
    () => {
      const forgetful = random(2) === 0
      story.push(`the broker is restarted${forgetful ? ' without its memory' : ''}`)
      world.broker.goDown()
      world.clock.after(random(3000), () => world.broker.comeUp({ forgetful }))
    },
  ]

  try {
    for (let i = 0; i < 40; i++) {
      pick([...acts.slice(0, 2), ...acts])()
      await world.pass(random(4) === 0 ? random(90_000) : random(200))
      for (const role of roles) if (world.mortal(role).isDead && random(3) === 0) world.start(role)
    }
    for (const role of roles) world.start(role)
    await world.pass(60_000)
    await world.idle()

    for (const vno of vnos) await checkAgreement(world, vno, defects)
    const rows = [...(await world.rows('vnp1')), ...(await world.rows('pip1'))]
    for (const row of rows) if (!/^(vnet|queued|pool)\//.test(row)) defects.push(`${row} is left`)
    defects.push(...world.violations())

    for (const vno of vnos) {
      for (const row of await world.rows(vno))
        await world.settled(world.ask(vno, { delete: { vnet: row.slice('vnet/'.length) } }))
    }
    await world.idle()
    for (const role of roles)
      for (const row of await world.rows(role))
        if (!row.startsWith('pool/')) defects.push(`${role} keeps ${row} in the end`)
    for (const agent of world.agents.values()) {
      const nodes = [...agent.nodes]
      for (const node of nodes) if (!node.startsWith('pool-small/')) defects.push(`${agent.host} keeps ${node}`)
      if (pools.length > 0 && nodes.length !== 2) defects.push(`${agent.host} keeps ${nodes.length} nodes of the pool`)
    }
    const left = world.broker
      .retained()
      .filter((topic) => /desired|reported|api\/vnet/.test(topic) && !topic.includes('pool-small'))
    if (left.length > 0) defects.push(`the broker keeps ${left.join(' ')}`)
  } catch (error) {
    defects.push(String(error))
  } finally {
    await world.close()
  }
  t.same(defects, [], `seed ${seed}`, defects.length > 0 ? { story } : {})
}

/**
 * Every VNet of the VNO is ready at all levels, and its nodes are on the hosts that its state names; or it waits, and then there is no
 * room for it.
 */
const checkAgreement = async (world: World, vno: string, defects: string[]): Promise<void> => {
  const { vnets } = await world.ask(vno, { get: { vnet: '' } })
  const known = new Set<string>()
  for (const { vnet, nodes, request } of vnets?.vnets ?? []) {
    const key = `${vno}.${vnet}`
    if ((await phaseAt(world, vno, vnet)) === 'PHASE_POSTPONED' && request) {
      const fits = await world.settled(world.ask(vno, { plan: { request } }).catch((error) => error.code))
      if (fits !== 'admission.not-now') defects.push(`${key} waits, but asked for now it is ${fits?.code ?? 'taken'}`)
      continue
    }
    const phases = [
      await phaseAt(world, vno, vnet),
      await phaseAt(world, 'vnp1', key),
      await phaseAt(world, 'pip1', key),
    ]
    if (phases.some((phase) => phase !== 'PHASE_READY')) defects.push(`${key} is ${phases.join(', ')}`)
    for (const { id, host } of nodes) {
      known.add(`${key}/${id}`)
      if (!world.agents.get(host)?.nodes.has(`${key}/${id}`)) defects.push(`${key}/${id} is not on ${host}`)
    }
  }
  for (const agent of world.agents.values()) {
    for (const node of agent.nodes) {
      if (node.startsWith(`${vno}.`) && !known.has(node)) defects.push(`${agent.host} has ${node}, which nobody knows`)
    }
  }
}

const seeds = Number(process.env['WEFT_CHAOS_SEEDS'] ?? 12)

t.test('whatever dies and comes back, all agree in the end', async (t) => {
  for (let seed = 1; seed <= seeds; seed++) await chaos(t, seed)
})
