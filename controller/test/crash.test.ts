/**
 * Each role is killed at each of its steps: before and after every transaction, message and call of a scenario. After its restart all
 * converges: what was decided is there, what was not is gone, nothing was made twice, nothing is left.
 */
import t, { type Test } from 'tap'
import { chain, createReadyWorld, phaseAt, type World } from './world.ts'

t.setTimeout(300_000)

interface Scenario {
  readonly name: string
  /** Brought about before the role may die. */
  readonly prepare: (world: World) => Promise<void>
  /** Asked for while the role dies; may fail, or never be answered. */
  readonly ask: (world: World) => Promise<unknown>
  /** How many nodes there may be in the end. */
  readonly outcomes: readonly number[]
}

const apply = (world: World, count: number): Promise<unknown> =>
  world.ask('alice', { apply: { request: chain('shop', count) } })

const isReady = (world: World) => async (): Promise<boolean> =>
  (await phaseAt(world, 'vnp1', 'alice.shop')) === 'PHASE_READY' &&
  (await phaseAt(world, 'alice', 'shop')) === 'PHASE_READY'

const built = async (world: World, count: number): Promise<void> => {
  await world.settled(apply(world, count))
  await world.until('it is ready', isReady(world))
  // So that what follows is the scenario's alone.
  await world.idle()
}

const scenarios: readonly Scenario[] = [
  {
    name: 'creating a VNet',
    prepare: async () => {},
    ask: (world) => apply(world, 4),
    outcomes: [0, 4],
  },
  {
    name: 'changing a VNet',
    prepare: (world) => built(world, 4),
    ask: (world) => apply(world, 3),
    outcomes: [4, 3],
  },
  {
    name: 'removing a VNet',
    prepare: (world) => built(world, 3),
    ask: (world) => world.ask('alice', { delete: { vnet: 'shop' } }),
    outcomes: [3, 0],
  },
]

const nodesOf = (world: World): readonly string[] => [...world.agents.values()].flatMap((agent) => [...agent.nodes])

/** The role's rows say the same, and nothing is under way any more. */
const isConverged = async (world: World): Promise<boolean> => {
  const [vno, vnp, pip] = await Promise.all(['alice', 'vnp1', 'pip1'].map((role) => world.rows(role)))
  const whole = [vno, vnp, pip].map((rows) => rows?.join())
  if (whole.join('|') === '||') return nodesOf(world).length === 0
  return whole.join('|') === 'vnet/shop|vnet/alice.shop|vnet/alice.shop' && isReady(world)()
}

/** Runs the scenario, the role dying after so many steps; how many there were of it. */
const run = async (t: Test, { name, prepare, ask, outcomes }: Scenario, role: string, dieAfter?: number) => {
  const world = await createReadyWorld()
  const at = `${role} dies at step ${dieAfter}`
  try {
    await prepare(world)
    const mortal = world.mortal(role)
    const before = mortal.steps
    if (dieAfter !== undefined) mortal.dieAfter(before + dieAfter)
    let isAnswered = false
    ask(world)
      .catch(() => {})
      .finally(() => {
        isAnswered = true
      })
    await world.until('it dies, or all is done', async () => mortal.isDead || (isAnswered && isConverged(world)))
    if (!mortal.isDead) await world.idle()
    const steps = mortal.steps - before
    if (mortal.isDead) world.start(role)
    await world.idle()
    await world.until('all converges', () => isConverged(world))

    const nodes = nodesOf(world)
    if (!outcomes.includes(nodes.length)) t.fail(`${at}: ${nodes.length} nodes after ${name}`)
    for (const agent of world.agents.values()) {
      for (const [node, times] of agent.made) if (times > 1) t.fail(`${at}: ${node} was made ${times} times`)
    }
    if (nodes.length > 0) {
      await world.settled(world.ask('alice', { delete: { vnet: 'shop' } }))
      await world.until('it is removed', () => isConverged(world))
    }
    const left = world.broker.retained().filter((topic) => /desired|reported|api\/vnet/.test(topic))
    if (left.length > 0) t.fail(`${at}: the broker keeps ${left.join(' ')}`)
    for (const violation of world.violations()) t.fail(`${at}: ${violation}`)
    return steps
  } catch (error) {
    t.fail(`${at}: ${String(error)}`, {
      rows: await Promise.all(['alice', 'vnp1', 'pip1'].map((one) => world.rows(one))),
    })
    return 0
  } finally {
    await world.close()
  }
}

for (const scenario of scenarios) {
  for (const role of ['alice', 'vnp1', 'pip1']) {
    t.test(`${role} may die at any step of ${scenario.name}`, async (t) => {
      const steps = await run(t, scenario, role)
      t.ok(steps > 0, `${steps} steps`)
      for (let step = 0; step < steps; step++) await run(t, scenario, role, step)
    })
  }
}
