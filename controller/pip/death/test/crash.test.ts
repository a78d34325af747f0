/** The PIP dies at each of its steps while a host is fenced, while it comes back, and while a VNet is removed that has something on it. */
import t, { type Test } from 'tap'
import { createReadyWorld, phaseAt } from '../../../test/world.ts'
import { part, type Scene, sceneOf } from './support.ts'

t.setTimeout(300_000)

const vnet = 'alice.shop'

interface Scenario {
  readonly name: string
  /** Brought about before the PIP may die. */
  readonly prepare: (scene: Scene, home: string) => Promise<void>
  /** What it dies of. */
  readonly act: (scene: Scene, home: string) => Promise<unknown>
  readonly isDone: (scene: Scene, home: string) => Promise<boolean>
  /** How many nodes run in the end. */
  readonly nodes: number
}

const fence = ({ world }: Scene, host: string): Promise<unknown> => world.ask('pip1', { fence: { host } })

const isFenced = async ({ host, state }: Scene, home: string): Promise<boolean> =>
  (await host(home)).death?.state === 'fenced' && (await state(vnet)).phase === 'PHASE_READY'

const isGone = async ({ world }: Scene): Promise<boolean> => (await phaseAt(world, 'pip1', vnet)) === 'unknown'

const fenced = async (scene: Scene, home: string): Promise<void> => {
  await scene.powerOff(home)
  await scene.world.settled(fence(scene, home))
  await scene.world.until('it is made elsewhere', () => isFenced(scene, home))
  await scene.world.idle()
}

const scenarios: readonly Scenario[] = [
  {
    name: 'a host is fenced and what it carried is made elsewhere',
    prepare: (scene, home) => scene.powerOff(home),
    // Asked for again where the PIP died before it was written down: an operator would.
    act: (scene, home) => fence(scene, home),
    isDone: isFenced,
    nodes: 3,
  },
  {
    name: 'a dead host comes back',
    prepare: fenced,
    act: async ({ agent }, home) => agent(home).powerOn(),
    isDone: async ({ host }, home) => {
      const { death, status } = await host(home)
      return death === undefined && status?.online === true
    },
    nodes: 3,
  },
  {
    name: 'a VNet is removed while its host is dead',
    prepare: fenced,
    act: ({ vnp }) => vnp.ask({ delete: { vnet } }),
    isDone: isGone,
    nodes: 0,
  },
]

const count = 3

/** Runs the scenario, the PIP dying after so many steps; how many there were of it. */
const run = async (t: Test, { name, prepare, act, isDone, nodes }: Scenario, dieAfter?: number): Promise<number> => {
  const world = await createReadyWorld({
    vnps: [],
    vnos: [],
    fence: (host) => {
      world.agents.get(host)?.powerOff()
      return new Promise((resolve) => void world.clock.after(200, resolve))
    },
  })
  const at = `the PIP dies at step ${dieAfter} while ${name}`
  const twice = new Set<string>()
  const scene = sceneOf(world)
  /** Looks that nothing runs twice, whenever something has happened. */
  const until = (what: string, condition: () => Promise<boolean>): Promise<void> =>
    world.until(what, () => {
      for (let i = 1; i <= count; i++) {
        const hosts = scene.runs(`${vnet}/r${i}`)
        if (hosts.length > 1) twice.add(`r${i} runs on ${hosts.join(' and ')}`)
      }
      return condition()
    })
  try {
    await scene.apply(part('shop', count))
    await scene.built(vnet)
    await world.idle()
    const [home = ''] = scene.runs(`${vnet}/r1`)
    await prepare(scene, home)
    const mortal = world.mortal('pip1')
    const before = mortal.steps
    if (dieAfter !== undefined) mortal.dieAfter(before + dieAfter)
    const doIt = (): void => void act(scene, home).catch(() => {})
    doIt()
    await until('it dies, or all is done', async () => mortal.isDead || (await isDone(scene, home)))
    const steps = mortal.steps - before
    if (mortal.isDead) {
      world.start('pip1')
      await world.quiesce()
      doIt()
    }
    await until('all is done', () => isDone(scene, home))

    scene.agent(home).powerOn()
    await until('the host is back', async () => {
      const { death, status } = await scene.host(home)
      return death === undefined && status?.online === true
    })
    const running = (): readonly string[] => [...world.agents.values()].flatMap((agent) => [...agent.running])
    await until('all converges', async () => {
      const phase = await phaseAt(world, 'pip1', vnet)
      return running().length === nodes && phase === (nodes === 0 ? 'unknown' : 'PHASE_READY')
    })
    await world.idle()
    if (nodes > 0) {
      await scene.vnp.ask({ delete: { vnet } })
      await until('it is removed', () => isGone(scene))
      await world.idle()
    }
    if (running().length > 0) t.fail(`${at}: ${running().join(' ')} still run`)
    const left = world.broker.retained().filter((topic) => /desired|reported|api\/vnet/.test(topic))
    if (left.length > 0) t.fail(`${at}: the broker keeps ${left.join(' ')}`)
    const rows = await world.rows('pip1')
    if (rows.length > 0) t.fail(`${at}: ${rows.join(' ')} are stored`)
    for (const violation of [...world.violations(), ...twice]) t.fail(`${at}: ${violation}`)
    return steps
  } catch (error) {
    t.fail(`${at}: ${String(error)}`, { rows: await world.rows('pip1') })
    return 0
  } finally {
    await world.close()
  }
}

for (const scenario of scenarios) {
  t.test(`the PIP may die at any step while ${scenario.name}`, async (t) => {
    const steps = await run(t, scenario)
    t.ok(steps > 0, `${steps} steps`)
    for (let step = 0; step < steps; step++) await run(t, scenario, step)
  })
}
