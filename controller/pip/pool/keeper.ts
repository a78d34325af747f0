/**
 * Keeps the pools of a PIP filled: a slice of each host for each shape, made as any slice, whose nodes nobody has yet. Whatever may change a plan
 * touches the keeper; it looks at all pools a little later, stores what becomes of each, and tells its host.
 */
import { create } from '../../../proto/codec.ts'
import type { PoolShape, Reported, Slice, SliceNode, SubstrateNode } from '../../../proto/generated/weft.v1.ts'
import type { Session } from '../../../proto/session.ts'
import { topics } from '../../../proto/topics.ts'
import type { Log } from '../../log.ts'
import type { Usage } from '../../mapping/mapping.ts'
import type { Clock } from '../../roles/clock.ts'
import { createCoalescer } from '../../roles/coalesce.ts'
import type { Publisher } from '../../roles/publisher.ts'
import type { Serial } from '../../roles/serial.ts'
import { type Admission, pictureFor } from '../admit.ts'
import { totalUsage } from '../holdings.ts'
import { createArrivals } from './arrivals.ts'
import { takers } from './claims.ts'
import { poolVNet, rowKey, shapeOfPool } from './names.ts'
import { planPool } from './plan.ts'
import { roomFor } from './room.ts'
import { type PoolRow, poolSlice } from './rows.ts'
import { makeRoom } from './stock.ts'

export interface KeeperOptions {
  readonly admission: Admission
  readonly domain: string
  readonly epoch: number
  readonly session: Session
  readonly clock: Clock
  readonly serial: Serial
  readonly log: Log
  readonly desired: Publisher<'Slice'>
}

export interface PoolKeeper {
  /** Something changed that a plan may depend on. */
  touch(): void
  /** A host told of a pool's slice. */
  noteReport(host: string, vnet: string): void
  /** Tells hosts what is stored: after a start, before anything changes. */
  publish(): void
  close(): void
}

/** A burst of reports is looked at once; VNets' own slices are told at once, and so come first. */
const delayMs = 50

const retryMs = 5000

/** A node of the shape as hosts are told of it, without an id: normal in every field, since it is compared with what VNets ask for. */
const makeOf = (shape: PoolShape, { images }: Admission['substrate']): SliceNode => {
  const { hypervisor, image, cpu, memoryBytes, diskBytes } = shape
  const interfaces = Array.from({ length: shape.interfaces }, (_, index) => ({ index }))
  const imageSource = images.find(({ name }) => name === image)
  return create('SliceNode', {
    hypervisor,
    image,
    imageSource,
    cpu,
    memoryBytes,
    diskBytes,
    interfaces,
    restartPolicy: 'always',
  })
}

export const createPoolKeeper = (options: KeeperOptions): PoolKeeper => {
  const { admission, domain, epoch, session, clock, serial, log, desired } = options
  const { substrate, hosts, book } = admission
  const declared = new Map(
    substrate.nodes.flatMap(({ id, pools }) => pools.map((shape) => [rowKey(id, shape.name), { host: id, shape }])),
  )
  const reported = new Map<string, { readonly host: string; readonly shape: string }>()
  let ids = 0
  /** The epoch is later than that of any start before, also where its store was lost. */
  const nextId = (): string => `n${epoch.toString(36)}-${++ids}`

  const reportOf = (host: string, vnet: string): Reported | undefined => hosts.views.get(host)?.reports.get(vnet)

  const hasArrived = createArrivals({ context: { epoch, hosts }, book, clock, onWaited: () => touch() })

  const tell = (row: PoolRow): void =>
    desired.set(topics.desired(domain, row.host, poolVNet(row.shape)), poolSlice(row, epoch) satisfies Slice)

  const forget = async (host: string, shape: string): Promise<void> => {
    const vnet = poolVNet(shape)
    await Promise.all([
      desired.clear(topics.desired(domain, host, vnet)),
      session.clear(topics.reported(domain, host, vnet)),
    ])
  }

  /** All pools that are declared, stored, or reported by a host that has one of a store that was lost. */
  const known = (): ReadonlyMap<string, { readonly host: string; readonly shape: string }> => {
    const all = new Map<string, { readonly host: string; readonly shape: string }>()
    for (const [key, { host, shape }] of declared) all.set(key, { host, shape: shape.name })
    for (const [key, { host, shape }] of book.pools) all.set(key, { host, shape })
    for (const [key, pool] of reported) all.set(key, pool)
    return all
  }

  /** What a host has left, with what is being added to it meanwhile; looked at only where something is missing. */
  const createRooms = () => {
    let graph: ReadonlyMap<string, SubstrateNode> | undefined
    let usage: Usage | undefined
    return (host: string, shape: PoolShape, missing: number): number => {
      if (!hosts.online(host)) return 0
      if (!graph || !usage) {
        const picture = pictureFor(admission, '')
        graph = new Map(picture.graph.nodes.map((node) => [node.id, node]))
        usage = picture.usage
      }
      const node = graph.get(host)
      if (!node?.pools.some(({ name }) => name === shape.name)) return 0
      const count = Math.min(missing, roomFor(node, usage, shape))
      usage = totalUsage([usage, makeRoom(host, shape, count)])
      return count
    }
  }

  const keep = async (): Promise<void> => {
    const pools = known()
    const taken = takers(book)
    const room = createRooms()
    const changed = new Map<string, PoolRow | undefined>()
    for (const [key, { host, shape }] of pools) {
      const row = book.pools.get(key)
      const shapeThere = declared.get(key)?.shape
      const next = planPool({
        host,
        shape,
        row,
        report: reportOf(host, poolVNet(shape)),
        epoch,
        make: shapeThere && makeOf(shapeThere, substrate),
        count: shapeThere?.nodes ?? 0,
        takers: taken,
        hasArrived,
        room: (missing) => (shapeThere ? room(host, shapeThere, missing) : 0),
        nextId,
      })
      if (next !== row) changed.set(key, next)
    }
    if (changed.size === 0) return
    const gone = [...changed].flatMap(([key, row]) => (row ? [] : (pools.get(key) ?? [])))
    await Promise.all(gone.map(({ host, shape }) => forget(host, shape)))
    await book.save({ pools: changed })
    for (const row of changed.values()) if (row) tell(row)
    log.info({ pools: [...changed.keys()] }, 'pools changed')
  }

  let closed = false
  const coalescer = createCoalescer(clock, delayMs, () => {
    serial(keep).catch((error: unknown) => {
      if (closed) return
      log.error({ err: error }, 'keeping the pools failed')
      retry()
    })
  })
  const touch = (): void => {
    if (!closed && declared.size + book.pools.size + reported.size > 0) coalescer.touch('')
  }
  let cancel = (): void => {}
  const retry = (): void => {
    cancel()
    cancel = clock.after(retryMs, touch)
  }

  return {
    touch,
    noteReport: (host, vnet) => {
      const shape = shapeOfPool(vnet)
      if (shape === undefined) return
      // What no controller wrote is somebody else's.
      if ((reportOf(host, vnet)?.epoch ?? 0) > 0) reported.set(rowKey(host, shape), { host, shape })
      else reported.delete(rowKey(host, shape))
      touch()
    },
    publish: () => {
      for (const row of book.pools.values()) tell(row)
    },
    close: () => {
      closed = true
      cancel()
      coalescer.close()
    },
  }
}
