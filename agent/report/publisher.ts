/**
 * Tells the broker what this host reports. While there is no connection nothing is queued: after the next one all that stands is told
 * again, and the gap in the numbers of the events says that some were missed.
 */
import type { Logger } from 'pino'
import { create } from '../../proto/codec.ts'
import type { HostEvent, HostInventory, HostStatus, HostUsage, Reported } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import { controllerOwner } from '../state/rules.ts'
import { eventsBetween, type Happening } from './events.ts'

export interface PublisherOptions {
  readonly session: Pick<Session, 'connected' | 'publish' | 'clear'>
  readonly domain: string
  readonly host: string
  /** Number of this run of the agent. */
  readonly run: number
  readonly log: Logger
  /** The broker was told that nothing is left of a client's slice: nobody needs the report any more. */
  readonly onLastWord: (vnet: string) => void
}

export interface Publisher {
  reported(next: Reported, before: Reported | undefined, owner: string): void
  event(vnet: string, happening: Happening): void
  status(status: HostStatus): void
  inventory(inventory: HostInventory): void
  usage(usage: HostUsage): void
  /** Inventory and reports, again. */
  all(reports: readonly Reported[]): void
  /** The last report of a VNet that nobody asks for any more is taken off the broker. */
  clear(vnet: string): void
}

type Send = () => Promise<void>

export const createPublisher = (options: PublisherOptions): Publisher => {
  const { session, domain, host, run, log } = options
  const lastWords = new Set<string>()
  let events = 0
  let lastInventory: HostInventory | undefined
  // One message of a topic is under way at a time; what comes meanwhile takes the place of what waits: the broker sees the
  // latest soon and no more than it can take.
  const next = new Map<string, Send>()
  const underWay = new Set<string>()

  const send = (key: string, work: Send): void => {
    if (!session.connected) return
    next.set(key, work)
    if (!underWay.has(key)) void drain(key)
  }

  const drain = async (key: string): Promise<void> => {
    underWay.add(key)
    for (let work = next.get(key); work; work = next.get(key)) {
      next.delete(key)
      try {
        await work()
      } catch (error) {
        log.warn({ err: error, topic: key }, 'the broker did not get it')
      }
    }
    underWay.delete(key)
  }

  const retained = { retain: true, mirror: true } as const
  const reportTopic = (vnet: string): string => topics.reported(domain, host, vnet)

  const sendReport = (report: Reported): void => {
    const topic = reportTopic(report.vnet)
    const isLast = lastWords.has(report.vnet)
    send(topic, async () => {
      await session.publish(topic, 'Reported', report, { retain: !isLast, mirror: true })
      if (!isLast) return
      await session.clear(topic)
      if (lastWords.delete(report.vnet)) options.onLastWord(report.vnet)
    })
  }

  const event = (vnet: string, { kind, object, error, end }: Happening): void => {
    const number = ++events
    if (!session.connected) return
    const message: HostEvent = create('HostEvent', {
      session: run,
      number,
      unixMs: Date.now(),
      kind,
      vnet,
      object,
      error,
      end,
    })
    session.publish(topics.event(domain, host), 'HostEvent', message, { mirror: true }).catch((problem: unknown) => {
      log.warn({ err: problem, kind }, 'the broker did not get the event')
    })
  }

  const status = (message: HostStatus): void => {
    const topic = topics.status(domain, host)
    send(topic, () => session.publish(topic, 'HostStatus', message, retained))
  }

  const inventory = (message: HostInventory): void => {
    lastInventory = message
    const topic = topics.inventory(domain, host)
    send(topic, () => session.publish(topic, 'HostInventory', message, retained))
  }

  return {
    reported: (report, before, owner) => {
      // A controller clears what it wanted, and we then what we said; of a client's slice nobody would.
      if (report.phase === 'PHASE_GONE' && owner !== controllerOwner) lastWords.add(report.vnet)
      else lastWords.delete(report.vnet)
      sendReport(report)
      for (const happening of eventsBetween(before, report)) event(report.vnet, happening)
    },
    event,
    status,
    inventory,
    usage: (message) => {
      const topic = topics.usage(domain, host)
      send(topic, () => session.publish(topic, 'HostUsage', message, { qos: 0 }))
    },
    all: (reports) => {
      if (lastInventory) inventory(lastInventory)
      for (const report of reports) sendReport(report)
    },
    clear: (vnet) => {
      const topic = reportTopic(vnet)
      send(topic, () => session.clear(topic))
    },
  }
}
