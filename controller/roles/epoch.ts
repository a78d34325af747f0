/**
 * One controller leads a domain at a time. Each start takes the next epoch, writes it down, and from then on the store refuses the
 * transactions of those before; hosts refuse what they publish (DESIGN section 3).
 */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Session, Will } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import { plainKind, type Store } from '../store/store.ts'

const metaKind = plainKind<number>('meta')
const epochKey = 'epoch'

/**
 * The next epoch: above the store's, above `seen` (what a broker still holds), and at least the present second since 1970, so that a
 * store that was lost, or restored from an older copy, does not hand out an epoch again that hosts already know.
 */
export const claimEpoch = (store: Store, seen = 0, unixSeconds = Math.floor(Date.now() / 1000)): Promise<number> =>
  store.transaction(async (transaction) => {
    const stored = (await transaction.get(metaKind, epochKey)) ?? 0
    const epoch = Math.max(stored + 1, seen + 1, unixSeconds)
    await transaction.put(metaKind, epochKey, epoch)
    return epoch
  })

/** The store as the holder of `epoch` may use it: transactions throw epoch.stale once another one claimed a later epoch. */
export const fencedStore = (store: Store, epoch: number): Store => ({
  transaction: (work) =>
    store.transaction(async (transaction) => {
      const latest = await transaction.get(metaKind, epochKey)
      if (latest !== epoch) {
        throw new WeftError('epoch.stale', `epoch ${epoch} is over: the store is at epoch ${latest ?? 0}`, {
          hint: 'another process of this role uses the same store',
        })
      }
      return work(transaction)
    }),
  close: () => store.close(),
})

/** What the broker says of a controller that vanished. */
export const controllerWill = (domain: string, epoch: number): Will<'ControllerState'> => ({
  topic: topics.controllerState(domain),
  name: 'ControllerState',
  message: create('ControllerState', { online: false, epoch }),
})

export interface LeadershipOptions {
  readonly session: Session
  readonly domain: string
  readonly epoch: number
  /** Another controller of the domain was seen at a later epoch: live, or only in what the broker still holds. */
  readonly onLater: (epoch: number, live: boolean) => void
  readonly onError: (topic: string, error: unknown) => void
}

export interface Leadership {
  /** Starts to listen for others; what an earlier connection's will says late is corrected. */
  watch(): Promise<void>
  /** Publishes controller/state from now on: calls are served. */
  announce(): void
  /** Publishes it again; to be called after each connection. */
  republish(): void
  /** Before the farewell, which is not to be corrected. */
  close(): void
}

export const createLeadership = (options: LeadershipOptions): Leadership => {
  const { session, domain, epoch, onLater, onError } = options
  const topic = topics.controllerState(domain)
  const message = create('ControllerState', { online: true, epoch })
  let isAnnounced = false
  const republish = () => {
    if (!session.connected || !isAnnounced) return
    session
      .publish(topic, 'ControllerState', message, { retain: true, epoch, mirror: true })
      .catch((error: unknown) => onError(topic, error))
  }
  return {
    republish,
    announce: () => {
      isAnnounced = true
      republish()
    },
    close: () => {
      isAnnounced = false
    },
    watch: () =>
      session.subscribe(topic, 'ControllerState', (state, { retained }) => {
        if (state && state.epoch > epoch) onLater(state.epoch, !retained)
        else if (!state?.online || state.epoch < epoch) republish()
      }),
  }
}
