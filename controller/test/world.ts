/**
 * A VNO, a VNP, a PIP and three hosts in one process, over one memory broker: each role can die at any step and be started again over
 * its store.
 */
import { create, type Init } from '../../proto/codec.ts'
import { fromWireError } from '../../proto/errors.ts'
import type { ApiReply, ApiRequest, HostInventory, VNetRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { localClient } from '../../proto/local.ts'
import { createLog } from '../log.ts'
import type { AdvertiseLevel } from '../pip/advertise.ts'
import type { Fence } from '../pip/death/command.ts'
import { startPip } from '../pip/pip.ts'
import { claimEpoch, fencedStore } from '../roles/epoch.ts'
import type { Role } from '../roles/run.ts'
import { openSqliteStore } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { parseSubstrate } from '../substrate/parse.ts'
import { startVno } from '../vno/vno.ts'
import { startVnp } from '../vnp/vnp.ts'
import { createFakeAgent, type FakeAgent } from './fake-agent.ts'
import { createMemoryBroker, type MemoryBroker } from './memory-session.ts'
import { createMortal, type Mortal } from './mortal.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

export const gib = 2 ** 30

export interface World {
  readonly clock: TestClock
  readonly broker: MemoryBroker
  readonly agents: ReadonlyMap<string, FakeAgent>
  /** Starts a role over its store; one that runs is killed before. */
  start(role: string): Mortal
  /** The process of a role that runs. */
  mortal(role: string): Mortal
  kill(role: string): void
  /** The role as it runs, for its local socket. */
  role(name: string): Promise<Role>
  /** A call at a role's local socket; throws the reply's error. */
  ask(role: string, request: Init<ApiRequest>): Promise<ApiReply>
  /** Lets everything happen, and time pass, until the condition holds. Throws where nothing happens any more, or after long. */
  until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    options?: { readonly longestMs?: number },
  ): Promise<void>
  /** Waits for what is asked while time passes. */
  settled<T>(work: Promise<T>): Promise<T>
  /** Lets everything that is under way happen; no time passes. */
  quiesce(): Promise<void>
  /** Lets everything happen that is going to, leases and retries included. Throws where it goes on without end. */
  idle(): Promise<void>
  /** A role's store, that outlives its processes. */
  store(role: string): Store
  /** Its disk is gone: the role starts over an empty one next time. */
  loseStore(role: string): void
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>
  /** Rows of a role's store, but its epoch, its generation floor and the boots of hosts. */
  rows(role: string): Promise<readonly string[]>
  /** Rules that were broken anywhere. */
  violations(): readonly string[]
  close(): Promise<void>
}

export const hostInventory = (host: string, changes: Init<HostInventory> = {}): HostInventory =>
  create('HostInventory', {
    host,
    cpus: 4,
    memoryBytes: 4 * gib,
    nics: [
      {
        name: 'eth0',
        mac: '52:54:00:00:00:01',
        addresses: [`10.255.0.${host.slice(1)}/24`],
        mtu: 1600,
        up: true,
        rateBitsPerSecond: 1e9,
        role: 'underlay',
      },
    ],
    hypervisors: [{ name: 'lxc' }, { name: 'fake' }],
    datapaths: [{ name: 'bridge', technologies: ['vxlan'] }],
    images: ['host'],
    ...changes,
  })

/** Hosts h1… on one fabric, 1 Gbit/s each, with a prefix of tunnels each. */
export const substrateText = (name: string, hosts: readonly string[]): string =>
  [
    `name: ${name}`,
    'hosts:',
    ...hosts.map((host) => `  ${host}: { tunnel_prefix: 198.18.${host.slice(1)}.0/24 }`),
    'fabrics:',
    '  core:',
    'links:',
    ...hosts.map((host) => `  - { id: ${host}-core, ends: [${host}/eth0, core], capacity: 1 Gbit/s, delay: 100 us }`),
  ].join('\n')

export interface WorldOptions {
  /** Hosts of each PIP. */
  readonly pips?: Readonly<Record<string, readonly string[]>>
  readonly vnps?: readonly string[]
  readonly vnos?: readonly string[]
  readonly inventory?: (host: string) => HostInventory
  /** Pools of each PIP, as lines of its substrate. */
  readonly pools?: () => readonly string[]
  /** What the PIPs advertise; nothing without it. */
  readonly advertise?: AdvertiseLevel
  /** Makes certain that a host is off. */
  readonly fence?: Fence
}

const turns = 8

export const createWorld = (options: WorldOptions = {}): World => {
  const {
    pips = { pip1: ['h1', 'h2', 'h3'] },
    vnps = ['vnp1'],
    vnos = ['alice'],
    inventory = hostInventory,
    pools = () => [],
  } = options
  const clock = createTestClock()
  const broker = createMemoryBroker(clock)
  const stores = new Map<string, Store>()
  const running = new Map<string, { readonly mortal: Mortal; readonly role: Promise<Role> }>()
  const log = createLog('test', 'world', (process.env['WEFT_TEST_LOG'] ?? 'silent') as 'silent')
  const agents = new Map(
    Object.entries(pips).flatMap(([domain, hosts]) =>
      hosts.map(
        (host) =>
          [host, createFakeAgent({ connect: broker.connect, clock, domain, inventory: inventory(host) })] as const,
      ),
    ),
  )

  const storeOf = (name: string): Store => {
    const store = stores.get(name) ?? openSqliteStore(':memory:')
    stores.set(name, store)
    return store
  }

  const startRole = async (name: string, mortal: Mortal): Promise<Role> => {
    const store = mortal.store(storeOf(name))
    const epoch = await claimEpoch(store, 0, Math.floor(clock.now() / 1000))
    const term = {
      store: fencedStore(store, epoch),
      epoch,
      onLater: (later: number) => broken.push(`${name} at epoch ${epoch} was told of epoch ${later}`),
    }
    const shared = { ...term, name, clock, log, brokerUrl: 'memory:', connect: mortal.connect(broker) }
    const hosts = pips[name]
    if (hosts) {
      return startPip({
        ...shared,
        domain: name,
        advertise: options.advertise,
        fence: options.fence,
        substrate: parseSubstrate([substrateText(name, hosts), ...pools()].join('\n'), 'substrate.yaml'),
      })
    }
    if (vnps.includes(name)) {
      const addresses = Object.keys(pips).map((pip) => ({ name: pip, domain: pip, brokerUrl: 'memory:' }))
      return startVnp({ ...shared, domain: name, pips: addresses })
    }
    return startVno({ ...shared, vnpDomain: vnps[0] ?? 'vnp1' })
  }
  const broken: string[] = []

  const kill = (name: string): void => {
    running.get(name)?.mortal.die()
    running.delete(name)
  }

  const runningOf = (name: string) => {
    const one = running.get(name)
    if (!one) throw new Error(`${name} does not run`)
    return one
  }

  const quiesce = async (): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (broker.busy) turn = 0
    }
  }

  const until: World['until'] = async (what, condition, { longestMs = 300_000 } = {}) => {
    const end = clock.now() + longestMs
    for (;;) {
      await quiesce()
      if (await condition()) return
      if (!clock.step()) {
        // What somebody else who waits has just brought about is still under way.
        await quiesce()
        if (await condition()) return
        throw new Error(`nothing happens any more, and not: ${what}`)
      }
      if (clock.now() > end) throw new Error(`not within ${longestMs} ms: ${what}`)
    }
  }

  const idle = async (): Promise<void> => {
    const end = clock.now() + 3_600_000
    do await quiesce()
    while (clock.step() && clock.now() < end)
    if (clock.now() >= end) throw new Error('it goes on without end')
  }

  const settled = async <T>(work: Promise<T>): Promise<T> => {
    let isOver = false
    const done = work.finally(() => {
      isOver = true
    })
    done.catch(() => {})
    await until('an answer', () => isOver)
    return done
  }

  const world: World = {
    clock,
    broker,
    agents,
    start: (name) => {
      kill(name)
      const mortal = createMortal()
      const role = startRole(name, mortal)
      role.catch((error: unknown) => broken.push(`${name} did not start: ${String(error)}`))
      // A dead process has no timers; what else it waits for never comes.
      mortal.onDeath(() => void role.then((one) => one.close()).catch(() => {}))
      running.set(name, { mortal, role })
      return mortal
    },
    kill,
    mortal: (name) => runningOf(name).mortal,
    role: (name) => runningOf(name).role,
    ask: async (name, request) => {
      const role = await world.role(name)
      const reply = await role.answerLocal(create('ApiRequest', request), localClient)
      if (reply.error) throw fromWireError(reply.error)
      return reply
    },
    until,
    settled,
    quiesce,
    idle,
    store: storeOf,
    loseStore: (name) => void stores.delete(name),
    pass: async (ms) => {
      let isOver = false
      clock.after(ms, () => {
        isOver = true
      })
      await until('time to pass', () => isOver, { longestMs: ms + 1 })
    },
    rows: async (name) => rowsOf(storeOf(name)),
    violations: () => [...broken, ...[...agents.values()].flatMap((agent) => agent.violations)],
    close: async () => {
      for (const name of [...running.keys()]) kill(name)
      for (const agent of agents.values()) agent.stop()
      for (const store of stores.values()) await store.close()
    },
  }
  for (const agent of agents.values()) agent.start()
  for (const name of [...Object.keys(pips), ...vnps, ...vnos]) world.start(name)
  return world
}

const kinds = ['vnet', 'reservation', 'release', 'queued', 'pool', 'death', 'tombstone'].map((name) => ({
  name,
  toJson: (value: unknown) => value,
  fromJson: (json: unknown) => json,
}))

const rowsOf = (store: Store): Promise<readonly string[]> =>
  store.transaction(async (transaction) => {
    const rows: string[] = []
    for (const kind of kinds) for (const key of (await transaction.list(kind)).keys()) rows.push(`${kind.name}/${key}`)
    return rows
  })

/** A chain r1 - r2 - … of nodes with 256 MiB and a tenth of a CPU each, its links with 10 Mbit/s. */
export const chain = (name: string, count: number, changes: Init<VNetRequest> = {}): VNetRequest =>
  create('VNetRequest', {
    name,
    prefix: '10.1.0.0/16',
    nodes: Array.from({ length: count }, (_, i) => ({
      id: `r${i + 1}`,
      hypervisor: 'fake',
      cpu: { count: 1, quotaMillis: 100 },
      memoryBytes: gib / 4,
      interfaces: [{ index: 0 }, { index: 1 }].slice(0, i === 0 || i === count - 1 ? 1 : 2),
    })),
    links: Array.from({ length: count - 1 }, (_, i) => ({
      id: `r${i + 1}-r${i + 2}`,
      a: { node: `r${i + 1}`, interface: i === 0 ? 0 : 1 },
      b: { node: `r${i + 2}`, interface: 0 },
      rateAToBBitsPerSecond: 10e6,
      rateBToABitsPerSecond: 10e6,
    })),
    ...changes,
  })

/** A world whose hosts are all known. */
export const createReadyWorld = async (options?: WorldOptions): Promise<World> => {
  const world = createWorld(options)
  await world.until('all hosts are known', async () => {
    const lists = Object.keys(options?.pips ?? { pip1: [] }).map(
      async (pip) => (await world.ask(pip, { hosts: {} })).hosts,
    )
    const hosts = (await Promise.all(lists)).flatMap((list) => list?.hosts ?? [])
    return hosts.every(({ status, inventory }) => status?.online && inventory)
  })
  return world
}

/** The chain with as much memory for each node. */
export const heavyChain = (name: string, count: number, memoryBytes: number): VNetRequest => {
  const request = chain(name, count)
  return { ...request, nodes: request.nodes.map((node) => ({ ...node, memoryBytes })) }
}

export const phaseAt = async (world: World, role: string, vnet: string): Promise<VNetState['phase'] | 'unknown'> => {
  try {
    const { vnet: state } = await world.ask(role, { get: { vnet } })
    return state?.phase ?? 'PHASE_UNSPECIFIED'
  } catch (error) {
    if ((error as { code?: string }).code === 'vnet.unknown') return 'unknown'
    throw error
  }
}
