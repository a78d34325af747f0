/** What the VNP tells of its VNets: to their VNOs as retained messages, to its own operator as a stream. */
import { create } from '../../proto/codec.ts'
import type { WireError } from '../../proto/errors.ts'
import type { ApiReply, ApiRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import { fitState } from '../roles/api.ts'
import type { Clock } from '../roles/clock.ts'
import { createCoalescer } from '../roles/coalesce.ts'
import { createPublisher } from '../roles/publisher.ts'
import { createWatchers } from '../roles/watch.ts'
import type { Book } from './book.ts'
import { composeQueued, composeState } from './compose.ts'
import type { Provider } from './providers.ts'
import { positionOf } from './queue.ts'
import type { QueuedRow, VNetRow } from './rows.ts'

export interface States {
  /** As its VNO sees it. */
  of(row: VNetRow | QueuedRow): VNetState
  /** As the VNP's own operator sees it: VNOs may use the same names. */
  forOperator(row: VNetRow | QueuedRow): VNetState
  /** All there are, also those that wait. */
  rows(): readonly (VNetRow | QueuedRow)[]
  /** It may be another now: it is told soon, if it is. */
  touch(key: string): void
  /** Why a decision is not carried out, or a part not there; undefined: there is no more reason. */
  setTrouble(key: string, trouble: WireError | undefined): void
  /** A provider does not have its part any more. */
  isLost(row: VNetRow): boolean
  /** Told since the start by every provider that has a part. */
  isKnown(row: VNetRow): boolean
  /** From now on its state is told, whether or not providers told theirs. */
  endQuiet(key?: string): void
  /** Tells the end of a VNet, after which no state of it is told. */
  tellGone(row: Named): Promise<void>
  /** Its row is deleted: the next VNet of that name is another. */
  forget(key: string): void
  republish(): void
  stream(request: ApiRequest, emit: (reply: ApiReply) => void, signal: AbortSignal): Promise<boolean>
  close(): void
}

/** What the end of a VNet is told by. */
export type Named = Pick<VNetRow, 'key' | 'name' | 'owner'> & { readonly generation?: number }

export interface StatesOptions {
  readonly domain: string
  readonly epoch: number
  readonly session: Session
  readonly clock: Clock
  readonly book: Book
  readonly providers: ReadonlyMap<string, Provider>
  readonly onError: (topic: string, error: unknown) => void
}

/** A burst of parts' states becomes one. */
const delayMs = 20

export const goneState = ({ name: vnet, owner, generation = 0 }: Named): VNetState =>
  create('VNetState', { vnet, owner, generation, phase: 'PHASE_GONE' })

export const createStates = (options: StatesOptions): States => {
  const { domain, epoch, session, clock, book, providers, onError } = options
  const publisher = createPublisher({ session, name: 'VNetState', epoch, mirror: true, onError })
  const troubles = new Map<string, WireError>()
  /** VNets whose end is being told. */
  const ending = new Set<string>()
  /** Told of by no provider yet since the start: what was published last is left standing. */
  const quiet = new Set(book.vnets.keys())

  const of = (row: VNetRow | QueuedRow): VNetState =>
    'order' in row
      ? composeQueued(row, positionOf(row, book.queued.values()))
      : composeState({
          row,
          stateOf: (pip) => providers.get(pip)?.state(row.key),
          trouble: troubles.get(row.key),
        })
  const forOperator = (row: VNetRow | QueuedRow): VNetState => ({ ...of(row), vnet: row.key })
  const rows = () => [...book.vnets.values(), ...book.queued.values()]
  const watchers = createWatchers(() => rows().map(forOperator))
  const isKnown = (row: VNetRow): boolean => row.parts.every(({ pip }) => providers.get(pip)?.isFresh(row.key))

  const coalescer = createCoalescer(clock, delayMs, (key) => {
    const decided = book.vnets.get(key)
    const row = decided ?? book.queued.get(key)
    if (!row || ending.has(key) || (decided && quiet.has(key) && !isKnown(decided))) return
    quiet.delete(key)
    publisher.set(topics.apiVNet(domain, row.owner, row.name), fitState(of(row)))
    watchers.tell(forOperator(row))
  })

  return {
    of,
    forOperator,
    rows,
    touch: coalescer.touch,
    setTrouble: (key, trouble) => {
      if (trouble) troubles.set(key, trouble)
      else troubles.delete(key)
      coalescer.touch(key)
    },
    isLost: ({ key, parts }) =>
      troubles.get(key)?.code === 'vnet.unknown' && parts.some(({ pip }) => !providers.get(pip)?.state(key)),
    isKnown,
    endQuiet: (key) => {
      for (const one of key === undefined ? [...quiet] : [key]) {
        quiet.delete(one)
        coalescer.touch(one)
      }
    },
    tellGone: async (row) => {
      ending.add(row.key)
      const gone = goneState(row)
      const topic = topics.apiVNet(domain, row.owner, row.name)
      // Who is there learns it from this message; who was away, from a `get` that knows the VNet no more.
      await session.publish(topic, 'VNetState', gone, { epoch, mirror: true })
      await publisher.clear(topic)
      watchers.tell({ ...gone, vnet: row.key })
    },
    forget: (key) => {
      ending.delete(key)
      troubles.delete(key)
    },
    republish: publisher.republish,
    stream: watchers.stream,
    close: coalescer.close,
  }
}
