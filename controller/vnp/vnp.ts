/**
 * A VNP: takes requests of VNOs, finds providers, reserves at each, decides, and tells the VNOs what became of it. This file joins its
 * parts; the way to a decision stands in apply.ts, what follows from it in carry.ts, what is told in states.ts.
 */

import type { ConsoleListenerOptions } from '../../proto/console/listener.ts'
import type { Session } from '../../proto/session.ts'
import { createConsoleRelay } from '../console/relay.ts'
import type { Log } from '../log.ts'
import { directMapper, type Mapper } from '../mapper/mapper.ts'
import { answerVerbs, serveVerbs } from '../roles/api.ts'
import type { Clock } from '../roles/clock.ts'
import { type BrokerOptions, type Connect, connectRole } from '../roles/connect.ts'
import { controllerWill, createLeadership } from '../roles/epoch.ts'
import { createPursuit } from '../roles/pursuit.ts'
import type { Role, Term } from '../roles/run.ts'
import { createKeyedSerial } from '../roles/serial.ts'
import { openBook } from './book.ts'
import { createCarry } from './carry.ts'
import { createChecks } from './check.ts'
import type { Discovery } from './discover.ts'
import { createProvider, type Provider } from './providers.ts'
import { createRequests } from './requests.ts'
import { createStates } from './states.ts'
import { createVerbs } from './verbs.ts'

export interface ProviderAddress {
  /** Identity of the PIP. */
  readonly name: string
  readonly domain: string
  readonly brokerUrl: string
}

export interface VnpParts extends BrokerOptions, Term {
  readonly name: string
  readonly domain: string
  readonly pips: readonly ProviderAddress[]
  /** Where VNets are mapped that do not ask for one; at the PIP without it. */
  readonly discovery?: Discovery | undefined
  readonly clock: Clock
  readonly log: Log
  /** Closed with the VNP; in this thread without it. */
  readonly mapper?: Mapper | undefined
  readonly connect?: Connect | undefined
  /** Where consoles are passed on; undefined: nowhere. */
  readonly console?: ConsoleListenerOptions | undefined
}

/** After a start, how long a VNet's last published state is left standing while providers tell theirs. */
const quietMs = 5000

export const startVnp = async (parts: VnpParts): Promise<Role> => {
  const { name, domain, brokerUrl, epoch, pips, mapper = directMapper, store, clock, log, onLater } = parts
  const onError = (topic: string, error: unknown) => log.error({ topic, err: error }, 'publishing failed')
  const book = await openBook(store)

  // One session a broker: an identity has one connection there, also where several domains share it.
  const sessions = new Map<string, Session>()
  const sessionAt = (url: string): Session => {
    const known = sessions.get(url)
    if (known) return known
    const session = connectRole({
      ...parts,
      brokerUrl: url,
      identity: name,
      ...(url === brokerUrl ? { will: controllerWill(domain, epoch) } : {}),
      onConnect: () => connected(url),
    })
    sessions.set(url, session)
    return session
  }
  const session = sessionAt(brokerUrl)
  const leadership = createLeadership({ session, domain, epoch, onLater, onError })

  const providers = new Map<string, Provider>()
  for (const pip of pips) {
    const provider = createProvider({
      ...pip,
      session: sessionAt(pip.brokerUrl),
      clock,
      onOnline: () => wake(),
      onUnknown: (error) => log.warn({ pip: pip.name, err: error }, 'its substrate is not known'),
      onFreed: () => {
        requests.retry()
        // Decided, and its lease had ended: it waits for room as well.
        decisions.wake()
      },
      onState: (key) => {
        states.touch(key)
        if (book.vnets.get(key)?.removing && !provider.state(key)) void decisions.pursue(key)
      },
    })
    providers.set(pip.name, provider)
  }

  const states = createStates({ domain, epoch, session, clock, book, providers, onError })
  const carry = createCarry({ book, providers, log, onTrouble: states.setTrouble, onGone: states.tellGone })
  const serial = createKeyedSerial()
  const decisions = createPursuit({
    clock,
    work: (key) =>
      serial(key, async () => {
        const done = await carry.carryOut(key)
        if (!book.vnets.has(key)) states.forget(key)
        return done
      }),
    onError: (key, error) => log.error({ vnet: key, err: error }, 'carrying out a decision failed'),
  })
  const releases = createPursuit({
    clock,
    work: carry.release,
    onError: (id, error) => log.warn({ reservation: id, err: error }, 'not released yet'),
  })
  const requests = createRequests({
    discovery: parts.discovery,
    book,
    providers,
    clock,
    mapper,
    states,
    serial,
    decisions,
    releases,
    log,
  })
  const checks = createChecks({ book, providers, states, clock, log })

  const wake = (): void => {
    for (const pursuit of [decisions, releases, checks]) pursuit.wake()
    requests.retry()
  }
  const connected = (url: string): void => {
    if (url === brokerUrl) {
      leadership.republish()
      states.republish()
    }
    for (const pip of pips) if (pip.brokerUrl === url) providers.get(pip.name)?.reconnected()
    wake()
    checks.checkSoon()
  }

  // Everything is in place before the first message. What the broker holds is heard before it is replaced.
  await leadership.watch()
  await Promise.all([...providers.values()].map((provider) => provider.watch()))
  const cancelQuiet = clock.after(quietMs, () => states.endQuiet())
  for (const id of book.releases.keys()) void releases.pursue(id)
  for (const key of book.vnets.keys()) void decisions.pursue(key)
  for (const key of book.queued.keys()) states.touch(key)
  const consoles = createConsoleRelay(parts.console, log)
  const { northbound, operators } = createVerbs({ consoles, book, providers, states, requests })
  await serveVerbs(session, domain, `the VNP ${name}`, northbound)
  leadership.announce()
  log.info({ epoch, vnets: book.vnets.size, releases: book.releases.size }, 'ready')

  return {
    answerLocal: answerVerbs(`the VNP ${name}`, operators),
    stream: states.stream,
    close: async () => {
      cancelQuiet()
      for (const part of [leadership, states, requests, decisions, releases, checks]) part.close()
      await mapper.close()
      await consoles.close()
      await Promise.all([...sessions.values()].map((one) => one.close()))
    },
  }
}
