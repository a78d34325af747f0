/** What is known of the hosts: the last of each message that their agents publish. */
import { create } from '../../proto/codec.ts'
import type { HostEvent, HostInventory, HostStatus, HostUsage, Reported } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import type { Log } from '../log.ts'
import type { Inventories } from '../substrate/substrate.ts'

export interface HostView {
  readonly name: string
  readonly status: HostStatus | undefined
  readonly inventory: HostInventory | undefined
  readonly usage: HostUsage | undefined
  /** By VNet. */
  readonly reports: ReadonlyMap<string, Reported>
}

export interface Hosts {
  /** Starts to listen; the options' callbacks may be called before it settles. */
  watch(): Promise<void>
  readonly views: ReadonlyMap<string, HostView>
  inventories(): Inventories
  online(host: string): boolean
  /** The last reports on a VNet, by host. */
  reports(vnet: string): ReadonlyMap<string, Reported>
}

export interface HostsOptions {
  readonly session: Session
  readonly domain: string
  readonly log: Log
  /** Calls back with the VNet after a report was kept or cleared. */
  readonly onReport: (host: string, vnet: string, report: Reported | undefined) => void
  /** Calls back after a host came or went. */
  readonly onStatus: (host: string) => void
  /** Calls back after what a host has, or what is used of it, was told. */
  readonly onResources?: (host: string) => void
}

interface Host {
  readonly name: string
  status: HostStatus | undefined
  inventory: HostInventory | undefined
  usage: HostUsage | undefined
  readonly reports: Map<string, Reported>
  lastEvent: { readonly session: number; readonly number: number } | undefined
}

/** Long enough for a busy host; the next gap asks again anyway. */
const resyncTimeoutMs = 20_000

/** A will of an earlier session of the agent that comes late says nothing of the present one. */
const isLateWill = (status: HostStatus, known: HostStatus | undefined): boolean =>
  known !== undefined && !status.online && status.session < known.session

/** Whether events are missing between the last one known and this one. */
const isGap = (event: HostEvent, last: Host['lastEvent']): boolean => {
  if (!last) return false
  return event.session === last.session ? event.number > last.number + 1 : event.number > 1
}

/** An event that is delivered twice does not set the count back. */
const laterEvent = (event: HostEvent, last: Host['lastEvent']): Host['lastEvent'] =>
  last && last.session === event.session && last.number > event.number
    ? last
    : { session: event.session, number: event.number }

export const createHosts = (options: HostsOptions): Hosts => {
  const { session, domain, log, onReport, onStatus, onResources = () => undefined } = options
  const hosts = new Map<string, Host>()
  // The same reports as the hosts', by VNet: of hundreds of hosts a VNet is on a few.
  const reportsOf = new Map<string, Map<string, Reported>>()
  const hostOf = (name: string): Host => {
    const known = hosts.get(name)
    if (known) return known
    const host: Host = {
      name,
      status: undefined,
      inventory: undefined,
      usage: undefined,
      reports: new Map(),
      lastEvent: undefined,
    }
    hosts.set(name, host)
    return host
  }

  const resync = (host: string): void => {
    session
      .call(
        topics.command(domain, host, session.identity),
        'HostCommand',
        create('HostCommand', { resync: {} }),
        topics.reply(domain, host, session.identity),
        'HostReply',
        { timeoutMs: resyncTimeoutMs },
      )
      .catch((error: unknown) => log.warn({ host, err: error }, 'resync failed'))
  }

  /** A broker publishes a will in its binary form alone: in JSON the host would seem to be there for ever. */
  const mirror = (host: string, status: HostStatus): void => {
    session
      .publish(topics.status(domain, host), 'HostStatus', status, { retain: true, mirror: 'only' })
      .catch((error: unknown) => log.warn({ host, err: error }, 'mirroring failed'))
  }

  const watch = async (): Promise<void> => {
    await Promise.all([
      session.subscribe(topics.status(domain, '+'), 'HostStatus', (status, { topic: { host: name = '' } }) => {
        const host = hostOf(name)
        if (status && isLateWill(status, host.status)) return
        const before = host.status
        host.status = status
        if (status && before?.online !== status.online) mirror(name, status)
        if (before?.online === status?.online && before?.bootId === status?.bootId) return
        log.info({ host: name, online: status?.online ?? false, bootId: status?.bootId }, 'host changed')
        onStatus(name)
      }),
      session.subscribe(topics.inventory(domain, '+'), 'HostInventory', (inventory, { topic: { host = '' } }) => {
        hostOf(host).inventory = inventory
        onResources(host)
      }),
      session.subscribe(topics.usage(domain, '+'), 'HostUsage', (usage, { topic: { host = '' } }) => {
        hostOf(host).usage = usage
        onResources(host)
      }),
      session.subscribe(
        topics.reported(domain, '+', '+'),
        'Reported',
        (report, { topic: { host = '', vnet = '' } }) => {
          const { reports } = hostOf(host)
          const ofVNet = reportsOf.get(vnet) ?? new Map<string, Reported>()
          if (report) {
            reports.set(vnet, report)
            reportsOf.set(vnet, ofVNet.set(host, report))
          } else {
            reports.delete(vnet)
            ofVNet.delete(host)
            if (ofVNet.size === 0) reportsOf.delete(vnet)
          }
          onReport(host, vnet, report)
        },
      ),
      session.subscribe(topics.event(domain, '+'), 'HostEvent', (event, { topic: { host: name = '' } }) => {
        if (!event) return
        const host = hostOf(name)
        const { kind, vnet, object, error } = event
        log.info({ host: name, kind, vnet, object, ...(error ? { error } : {}) }, 'host event')
        if (isGap(event, host.lastEvent)) resync(name)
        host.lastEvent = laterEvent(event, host.lastEvent)
      }),
    ])
  }

  return {
    watch,
    views: hosts,
    inventories: () =>
      new Map([...hosts].flatMap(([name, { inventory }]) => (inventory ? [[name, inventory] as const] : []))),
    online: (host) => hosts.get(host)?.status?.online ?? false,
    reports: (vnet) => new Map(reportsOf.get(vnet)),
  }
}
