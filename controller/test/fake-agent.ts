/**
 * An agent of one host that builds nothing but keeps the rules: epochs, generations, explicit removal; and notes whoever breaks them.
 * Its state outlives its process, as the real one's does.
 */
import { create, encode } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { HostInventory, LinkCounters, Reported, Slice } from '../../proto/generated/weft.v1.ts'
import type { Session, SessionOptions } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import { reservedCpuMillis } from '../mapping/demand.ts'
import type { Clock } from '../roles/clock.ts'

export interface FakeAgentOptions {
  readonly connect: (options: SessionOptions) => Session & { readonly kill?: () => void }
  readonly clock: Clock
  /** Of its broker. */
  readonly url?: string
  readonly domain: string
  readonly inventory: HostInventory
  readonly buildMs?: number
  /** From the start of its host to that of its session. */
  readonly connectMs?: number
}

export interface FakeAgent {
  readonly host: string
  start(): void
  /** Its process dies, or ends where the session is a real one; what it built stays. */
  stop(): void
  /** Its host loses power: nothing runs, and what is on its disk stays. */
  powerOff(): void
  /** Its host is started, in its next boot: it starts what it holds before it hears anything, but what may have been made elsewhere. */
  powerOn(): void
  readonly isOn: boolean
  readonly isConnected: boolean
  /** Nodes that run and are not a pool's; none without power. */
  readonly running: ReadonlySet<string>
  /** Builds all again that is wanted and not there. */
  retry(): void
  /** Its nodes are gone, and it has not noticed. */
  lose(): void
  /** The slices that stand, by VNet. */
  readonly slices: ReadonlyMap<string, Slice>
  /** Nodes that were made and are there, as vnet/node. */
  readonly nodes: ReadonlySet<string>
  /** How often each node was made. */
  readonly made: ReadonlyMap<string, number>
  /** Nodes that were not made but taken, with the pool's node that each was. */
  readonly taken: ReadonlyMap<string, string>
  /** Rules that the controller broke. */
  readonly violations: readonly string[]
  /** Nodes that fail to be built, by id. */
  readonly failing: Set<string>
  /** A node crashes, by id, and is up again when it is told. */
  crash(node: string): void
  /** Events published, skipping numbers where asked to. */
  event(kind: string, options?: { readonly skip?: number }): Promise<void>
  readonly resyncs: number
}

interface Held {
  readonly slice: Slice
}

/** What an equal generation must not change. */
const contentOf = (slice: Slice): string =>
  Buffer.from(encode('Slice', { ...slice, epoch: 0, owner: '', bootId: '' })).toString('base64')

/** A frame each way between what a link joins here: its ends, then the hosts that its tunnels lead to. */
const countersOf = (slice: Slice | undefined, id: string): LinkCounters => {
  const link = slice?.links.find((one) => one.id === id)
  if (!link) throw new WeftError('link.unknown', `no ${id}`)
  const [from = '', to = ''] = [
    ...link.ends.map((end) => `${end.node}.${end.interface}`),
    ...link.segments.map(({ peer }) => peer),
  ]
  const directions = [
    { from, to, packets: 1, bytes: 60 },
    { from: to, to: from, packets: 1, bytes: 60, drops: [{ reason: 'rate', packets: 2 }] },
  ]
  return create('LinkCounters', { datapath: 'bridge', directions })
}

export const createFakeAgent = (options: FakeAgentOptions): FakeAgent => {
  const { connect, url = 'memory:', clock, domain, inventory, buildMs = 100, connectMs = 100 } = options
  const host = inventory.host
  const held = new Map<string, Held>()
  const nodes = new Map<string, Slice['nodes'][number]>()
  const made = new Map<string, number>()
  const taken = new Map<string, string>()
  const dropped: { readonly taker: Slice; readonly text: string }[] = []
  const violations: string[] = []
  const failing = new Set<string>()
  const crashes = new Map<string, number>()
  let session: ReturnType<typeof connect> | undefined
  let sessions = 0
  let epoch = 0
  let events = 0
  let resyncs = 0
  let boots = 1
  let isOn = true
  const bootId = (): string => `boot-${host}-${boots}`
  const timers = new Set<() => void>()
  /** Ends with the power. */
  const later = (ms: number, work: () => void): void => {
    const cancel = clock.after(ms, () => {
      timers.delete(cancel)
      work()
    })
    timers.add(cancel)
  }
  /** May have been made elsewhere, and nobody said yet that it was not. */
  const waits = (slice: Slice, node: Slice['nodes'][number]): boolean =>
    node.recoverable && slice.bootId !== bootId() && !nodes.has(`${slice.vnet}/${node.id}`)

  const report = (vnet: string, body: Omit<Parameters<typeof create<'Reported'>>[1] & object, 'vnet'>): void => {
    const message = create('Reported', { ...body, vnet })
    session?.publish(topics.reported(domain, host, vnet), 'Reported', message, { retain: true }).catch(() => {})
  }

  const checkCapacity = (): void => {
    const all = [...nodes.values()]
    const memory = all.reduce((sum, node) => sum + node.memoryBytes, 0)
    const cpu = all.reduce((sum, { cpu: one }) => sum + reservedCpuMillis(create('Node', { cpu: one })), 0)
    if (memory > inventory.memoryBytes) violations.push(`${host} has no room for ${memory} bytes`)
    if (cpu > inventory.cpus * 1000) violations.push(`${host} has no room for ${cpu} CPU millis`)
  }

  const remove = (vnet: string, keep: ReadonlySet<string>): void => {
    for (const key of [...nodes.keys()]) if (key.startsWith(`${vnet}/`) && !keep.has(key)) nodes.delete(key)
  }

  const phaseOf = (slice: Slice): Reported['phase'] => {
    if (slice.absent) return 'PHASE_GONE'
    return slice.nodes.every(({ id }) => nodes.has(`${slice.vnet}/${id}`) || isTakenByAnother(`${slice.vnet}/${id}`))
      ? 'PHASE_READY'
      : 'PHASE_DEGRADED'
  }

  const say = (slice: Slice, isBuilt: boolean): void => {
    const { vnet, generation, epoch: ofSlice } = slice
    const building = 'PHASE_BUILDING' as const
    report(vnet, {
      generation,
      epoch: ofSlice,
      phase: isBuilt ? phaseOf(slice) : building,
      nodes: slice.nodes
        .filter(({ id }) => !isTakenByAnother(`${vnet}/${id}`))
        .map(({ id, hypervisor, interfaces }) => {
          const isThere = nodes.has(`${vnet}/${id}`)
          const restarts = crashes.get(id) ?? 0
          const lastEnd = { how: 'crashed', reason: `it was told to, ${restarts}`, unixMs: restarts }
          return {
            id,
            restarts,
            ...(restarts > 0 ? { lastEnd } : {}),
            hypervisor,
            domain: `weft-${id}`,
            state: isThere ? 'OBJECT_STATE_READY' : isBuilt ? 'OBJECT_STATE_FAILED' : 'OBJECT_STATE_BUILDING',
            vifs: interfaces.map(({ index, mac, addresses }) => ({ index, name: `vif1.${index}`, mac, addresses })),
            error: isThere || !isBuilt ? undefined : { code: 'hypervisor.failed', message: 'asked to fail' },
          }
        }),
      links: slice.links.map(({ id, mtu }) => ({
        id,
        mtu,
        state: isBuilt ? 'OBJECT_STATE_READY' : 'OBJECT_STATE_BUILDING',
        interfaces: [`wb-${id}`],
      })),
    })
  }

  /** Whether a slice of another VNet has the pool's node, or is to have it. */
  const isTakenByAnother = (key: string): boolean =>
    [...held.values()].some(({ slice }) => !slice.absent && slice.nodes.some(({ pooled }) => pooled === key))

  /** A pool's node becomes the VNet's. */
  const take = (key: string, { pooled }: Slice['nodes'][number]): boolean => {
    if (pooled === '' || !nodes.delete(pooled)) return false
    taken.set(key, pooled)
    const pool = held.get(pooled.slice(0, pooled.indexOf('/')))
    if (pool) say(pool.slice, true)
    return true
  }

  /** What a VNet is to take must not be told of no more before it is taken, unless the VNet wants it no more, which may be told later. */
  const noteDropped = (slice: Slice, before: Slice | undefined): void => {
    const kept = new Set(slice.nodes.map(({ id }) => `${slice.vnet}/${id}`))
    for (const { id } of before?.nodes ?? []) {
      const key = `${slice.vnet}/${id}`
      if (kept.has(key) || !nodes.has(key)) continue
      for (const { slice: taker } of held.values())
        if (taker.nodes.some((node) => node.pooled === key && !nodes.has(`${taker.vnet}/${node.id}`)))
          dropped.push({ taker, text: `${host} was told to drop ${key}, which ${taker.vnet} is to take` })
    }
  }

  const build = (slice: Slice): void => {
    const { vnet } = slice
    remove(vnet, new Set(slice.absent ? [] : slice.nodes.map(({ id }) => `${vnet}/${id}`)))
    for (const node of slice.absent ? [] : slice.nodes) {
      const key = `${vnet}/${node.id}`
      if (!nodes.has(key) && (failing.has(node.id) || isTakenByAnother(key) || waits(slice, node))) continue
      if (!nodes.has(key) && !take(key, node)) made.set(key, (made.get(key) ?? 0) + 1)
      nodes.set(key, node)
    }
    checkCapacity()
    say(slice, true)
  }

  const accept = (slice: Slice): void => {
    const before = held.get(slice.vnet)
    if (slice.epoch < epoch) {
      report(slice.vnet, {
        generation: before?.slice.generation ?? 0,
        epoch,
        phase: before ? phaseOf(before.slice) : 'PHASE_UNSPECIFIED',
        error: { code: 'epoch.stale', message: `epoch ${slice.epoch} is below ${epoch}` },
      })
      return
    }
    epoch = slice.epoch
    if (before && slice.generation < before.slice.generation) {
      violations.push(`${host} was given ${slice.vnet} at generation ${slice.generation} after a later one`)
      return
    }
    if (before && slice.generation === before.slice.generation && contentOf(slice) !== contentOf(before.slice)) {
      violations.push(`${host} was given ${slice.vnet} at generation ${slice.generation} with another content`)
      return
    }
    noteDropped(slice, before?.slice)
    held.set(slice.vnet, { slice })
    say(slice, false)
    later(buildMs, () => {
      if (held.get(slice.vnet)?.slice === slice) build(slice)
    })
  }

  const forget = (vnet: string): void => {
    const before = held.get(vnet)
    if (!before) return
    if (before.slice.absent) held.delete(vnet)
    else violations.push(`${host} had desired ${vnet} cleared while it is wanted`)
  }

  const publishAll = (): void => {
    const status = create('HostStatus', { online: true, bootId: bootId(), session: sessions })
    const publish = [
      session?.publish(topics.status(domain, host), 'HostStatus', status, { retain: true, mirror: true }),
      session?.publish(topics.inventory(domain, host), 'HostInventory', inventory, { retain: true }),
    ]
    Promise.all(publish).catch(() => {})
    for (const { slice } of held.values()) say(slice, true)
  }

  const start = (): void => {
    sessions++
    const mine = connect({
      url,
      identity: host,
      will: {
        topic: topics.status(domain, host),
        name: 'HostStatus',
        message: create('HostStatus', { online: false, bootId: bootId(), session: sessions }),
      },
      onConnect: publishAll,
    })
    session = mine
    const ready = [
      mine.subscribe(topics.desired(domain, host, '+'), 'Slice', (slice, { topic }) => {
        if (slice) accept(slice)
        else forget(topic.vnet ?? '')
      }),
      mine.serve(
        topics.command(domain, host, '+'),
        'HostCommand',
        'HostReply',
        (client) => topics.reply(domain, host, client),
        async ({ exec, resync, link, handler }) => {
          if (resync) {
            resyncs++
            publishAll()
            return create('HostReply')
          }
          if (link) return create('HostReply', { link: countersOf(held.get(link.vnet)?.slice, link.link) })
          if (handler) {
            const { node, interface: index, handler: name, write, value } = handler
            const values = [{ name, value: write ? `wrote ${value}` : `${node}.${index}` }]
            return create('HostReply', { router: { text: 'own', state: 'running', handlers: values } })
          }
          if (!exec) throw new WeftError('verb.unsupported', 'this agent is a fake')
          if (!nodes.has(`${exec.vnet}/${exec.node}`)) throw new WeftError('node.unknown', `no ${exec.node}`)
          const stdout = Buffer.from(`${exec.node}: ${exec.argv.join(' ')}\n`)
          return create('HostReply', { exec: { exitStatus: 7, stdout } })
        },
      ),
    ]
    Promise.all(ready).catch(() => {})
  }

  return {
    host,
    start,
    stop: () => {
      if (session?.kill) session.kill()
      else session?.close().catch(() => {})
    },
    powerOff: () => {
      if (!isOn) return
      isOn = false
      nodes.clear()
      for (const cancel of timers) cancel()
      timers.clear()
      if (session?.kill) session.kill()
    },
    powerOn: () => {
      if (isOn) return
      isOn = true
      boots++
      for (const { slice } of held.values()) build(slice)
      later(connectMs, start)
    },
    get isConnected() {
      return isOn && (session?.connected ?? false)
    },
    get isOn() {
      return isOn
    },
    get running() {
      return new Set([...nodes.keys()].filter((key) => !key.startsWith('pool-')))
    },
    retry: () => {
      for (const { slice } of held.values()) build(slice)
    },
    lose: () => nodes.clear(),
    get slices() {
      return new Map([...held].filter(([, { slice }]) => !slice.absent).map(([vnet, { slice }]) => [vnet, slice]))
    },
    get nodes() {
      return new Set(nodes.keys())
    },
    made,
    taken,
    get violations() {
      const early = dropped.filter(({ taker }) => held.get(taker.vnet)?.slice.generation === taker.generation)
      return [...violations, ...early.map(({ text }) => text)]
    },
    failing,
    crash: (node) => {
      crashes.set(node, (crashes.get(node) ?? 0) + 1)
      for (const { slice } of held.values()) if (slice.nodes.some(({ id }) => id === node)) say(slice, true)
    },
    event: async (kind, { skip = 0 } = {}) => {
      events += 1 + skip
      const event = create('HostEvent', { session: sessions, number: events, kind })
      await session?.publish(topics.event(domain, host), 'HostEvent', event)
    },
    get resyncs() {
      return resyncs
    },
  }
}
