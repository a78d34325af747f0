/** Sources in threads of their own, each on a processor of its own as far as there are any. */
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { openSource, type SourcePlan } from './source.ts'

/** About as long, or as many packets by each. */
export type Order = { readonly seconds: number } | { readonly count: number }

export interface Sent {
  readonly packets: number
  /** Of all senders together, while each had its processor. */
  readonly perSecond: number
}

export interface Senders {
  /** Sends by all of them at once. */
  readonly send: (order: Order) => Promise<Sent>
  readonly close: () => Promise<void>
}

/** Enough to see how fast it goes. */
const probe = 16_384
/** A call is not ended by the clock: where it suddenly goes slower, it still ends. */
const mostPackets = 1 << 26

const work = (): void => {
  const port = parentPort
  if (!port) return
  const source = openSource(workerData as SourcePlan)
  port.on('message', (order: Order) => {
    const first = 'count' in order ? order.count : probe
    const ns = source.send(first)
    const more = 'count' in order ? 0 : Math.min(mostPackets, Math.round((order.seconds * 1e9) / ns))
    const busyNs = first * ns + (more > 0 ? more * source.send(more) : 0)
    const packets = first + more
    port.postMessage({ packets, perSecond: packets / (busyNs / 1e9) } satisfies Sent)
  })
  port.postMessage('ready')
}

/** A thread for each plan. Rejects with the first error of one. */
export const openSenders = async (plans: readonly SourcePlan[]): Promise<Senders> => {
  const workers = plans.map((plan) => new Worker(fileURLToPath(import.meta.url), { workerData: plan }))
  const close = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
  // `once` rejects where an 'error' comes first.
  const answers = (): Promise<readonly unknown[]> =>
    Promise.all(workers.map((worker) => once(worker, 'message').then(([answer]) => answer)))
  try {
    await answers()
  } catch (error) {
    await close()
    throw error
  }
  return {
    send: async (order) => {
      const all = answers()
      for (const worker of workers) worker.postMessage(order)
      const sent = (await all) as readonly Sent[]
      return {
        packets: sent.reduce((sum, { packets }) => sum + packets, 0),
        perSecond: sent.reduce((sum, { perSecond }) => sum + perSecond, 0),
      }
    },
    close,
  }
}

if (!isMainThread) work()
