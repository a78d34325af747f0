/**
 * What a PIP decides, one after the other: reserve, commit, release, delete, the end of a lease. Each is in the store before anyone
 * is told; so nothing is ever given twice, whatever the number of callers, and a restart goes on where it stopped.
 */
import type { Init } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { ApiReply, Offer, Reported, Reservation, Reserve, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { localClient } from '../../proto/local.ts'
import { embeddingFromMessage, embeddingToMessage } from '../advertisement/embedding.ts'
import { validateRequest } from '../description/validate.ts'
import type { Log } from '../log.ts'
import type { Mapper } from '../mapper/mapper.ts'
import type { Embedding } from '../mapping/mapping.ts'
import type { Clock } from '../roles/clock.ts'
import type { Serial } from '../roles/serial.ts'
import { type Admission, decideVersion, heldAfter, pictureFor, standingFor } from './admit.ts'
import { boundAfter, recoveriesOf } from './death/due.ts'
import { takeOver } from './death/graves.ts'
import { atRemoval, atVersion } from './desired.ts'
import { effectsOf } from './effects.ts'
import { checkEmbedding } from './given-embedding.ts'
import { spentBy } from './pool/claims.ts'
import type { ReservationRow, VNetRow } from './rows.ts'
import { type StateContext, stateOfReservation, stateOfRow } from './state.ts'
import { createThrift } from './thrift.ts'

export interface DecisionsOptions {
  readonly admission: Admission
  readonly mapper: Mapper
  readonly context: StateContext
  readonly clock: Clock
  readonly serial: Serial
  readonly log: Log
  /** Whether VNPs are told how their parts were mapped: it shows interfaces and links of the substrate. */
  readonly tellsEmbeddings: boolean
  /** Called after a VNet's row was changed in the store. */
  readonly onDecided: (vnet: string) => void
}

export interface Decisions {
  offer(offer: Offer, client: string): Promise<Init<ApiReply>>
  reserve(reserve: Reserve, client: string): Promise<Init<ApiReply>>
  commit(id: string, client: string): Promise<Init<ApiReply>>
  release(id: string, client: string): Promise<Init<ApiReply>>
  remove(vnet: string, client: string): Promise<Init<ApiReply>>
  /** Why a new part that fits is declined all the same; undefined: it is not. Takes nothing. */
  declining(part: VNetRequest): Promise<WeftError | undefined>
  /** Leases end no more. */
  close(): void
}

const defaultLeaseMs = 60_000
const longestLeaseMs = 600_000

/** Of the operator and of the VNet, with one dot between; the key of a slice. */
const partName = /^[a-z0-9][a-z0-9-]*\.[a-z][a-z0-9-]*$/
const reservationId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/** Throws every reason for which the part cannot be taken, whatever is free. */
export const checkPart = (part: VNetRequest | undefined): VNetRequest => {
  if (!part) throw new WeftError('message.malformed', 'the part of the VNet is missing')
  if (part.name.length > 80 || !partName.test(part.name)) {
    throw new WeftError('request.invalid', `"${part.name}" is no name of a VNet's part`, { hint: 'operator.vnet' })
  }
  const name = part.name.slice(part.name.indexOf('.') + 1)
  const errors = validateRequest({ ...part, name })
  if (errors.length > 0) throw new AggregateError(errors, errors[0]?.message)
  return part
}

/** The operator of the PIP itself sees all, but changes nothing over the head of the VNP. */
export const checkOwner = (row: { readonly client: string; readonly vnet: string }, client: string): void => {
  if (row.client !== client) throw new WeftError('owner.denied', `${row.vnet} is not ${client}'s`)
}

export const checkSeer = (row: { readonly client: string; readonly vnet: string }, client: string): void => {
  if (client !== localClient) checkOwner(row, client)
}

/** Hosts that still have a VNet from a store that was lost, with the generation they hold: a new one starts above it, and tells them. */
const strangersOf = (reports: ReadonlyMap<string, Reported>): ReadonlyMap<string, number> =>
  new Map(
    [...reports]
      .filter(([, { epoch, phase }]) => epoch > 0 && phase !== 'PHASE_GONE')
      .map(([host, { generation }]) => [host, generation]),
  )

export const createDecisions = (options: DecisionsOptions): Decisions => {
  const { admission, mapper, context, clock, serial, log, tellsEmbeddings, onDecided } = options
  const { book, substrate } = admission
  const leases = new Map<string, () => void>()

  const mappedAs = ({ version: { part, embedding } }: ReservationRow | VNetRow): Init<Reservation> => ({
    cost: embedding.cost,
    ...(tellsEmbeddings ? { embedding: embeddingToMessage(part, embedding) } : {}),
  })
  const answerOf = (row: ReservationRow): Init<ApiReply> & { readonly reservation: Init<Reservation> } => ({
    reservation: {
      reservation: row.id,
      leaseMs: row.leaseMs,
      state: stateOfReservation(context, row),
      ...mappedAs(row),
    },
  })

  const endLease = (id: string): void => {
    leases.get(id)?.()
    leases.delete(id)
  }

  const startLease = ({ id, vnet, leaseMs }: ReservationRow): void => {
    const end = async () => {
      leases.delete(id)
      if (!book.reservations.has(id)) return
      await book.save({ reservations: new Map([[id, undefined]]) })
      log.info({ vnet, reservation: id }, 'lease ended')
    }
    const onTime = () => {
      serial(end).catch((error: unknown) => log.error({ vnet, reservation: id, err: error }, 'ending a lease failed'))
    }
    leases.set(id, clock.after(leaseMs, onTime))
  }

  const checkFree = (vnet: string, client: string): void => {
    const row = book.vnets.get(vnet)
    const reservation = book.reservationOf(vnet)
    if (row) checkOwner(row, client)
    if (reservation) checkOwner(reservation, client)
    if (row?.removing) throw new WeftError('vnet.busy', `${vnet} is being removed`, { hint: 'wait until it is gone' })
  }

  const thrift = createThrift(
    substrate.thrift,
    [...book.vnets.values()].map(({ version }) => version.part),
  )
  /** What stands may be changed as long as it fits. */
  const checkThrift = (part: VNetRequest, embedding: Embedding): void => {
    if (substrate.thrift !== undefined && !book.vnets.has(part.name))
      thrift.check(pictureFor(admission, part.name), part, embedding)
  }

  const mapped = (part: VNetRequest): Promise<Embedding> =>
    mapper.map(pictureFor(admission, part.name), standingFor(admission, part), part)

  const declining = async (part: VNetRequest): Promise<WeftError | undefined> => {
    if (substrate.thrift === undefined) return undefined
    try {
      checkThrift(part, await mapped(part))
      return undefined
    } catch (error) {
      if (error instanceof WeftError && error.code.startsWith('admission.')) return error
      throw error
    }
  }

  const committedBy = (id: string): VNetRow | undefined => {
    const row = book.committedBy(id)
    return row?.removing ? undefined : row
  }

  /** With the id of a reservation it is held. */
  const offer = async ({ part: asked, reservation, leaseMs }: Offer, client: string): Promise<Init<ApiReply>> => {
    const part = checkPart(asked)
    checkFree(part.name, client)
    try {
      if (reservation !== '') {
        const held = (await reserve({ reservation, part, leaseMs }, client)).reservation
        return { offer: { cost: held.cost, reservation: held } }
      }
      const embedding = await mapped(part)
      checkThrift(part, embedding)
      const version = decideVersion(admission, part.name, part, embedding)
      const before = book.vnets.get(part.name)?.version
      return { offer: { cost: embedding.cost, effects: before ? effectsOf(before, version) : [] } }
    } catch (error) {
      if (!(error instanceof WeftError) || !error.code.startsWith('admission.')) throw error
      const { code, message, object, where, hint } = error
      return { offer: { error: { code, message, object, where, hint } } }
    }
  }

  const reserve = async ({ reservation: id, part: asked, leaseMs, embedding: given }: Reserve, client: string) => {
    if (!reservationId.test(id)) throw new WeftError('message.malformed', `"${id}" is no id of a reservation`)
    const known = book.reservations.get(id)
    if (known) {
      checkOwner(known, client)
      return answerOf(known)
    }
    const committed = committedBy(id)
    if (committed) {
      checkOwner(committed, client)
      return {
        reservation: { reservation: id, leaseMs: 0, state: stateOfRow(context, committed), ...mappedAs(committed) },
      }
    }
    const part = checkPart(asked)
    const vnet = part.name
    checkFree(vnet, client)
    const started = clock.now()
    const embedding = given ? checkEmbedding(admission, part, embeddingFromMessage(given, 0)) : await mapped(part)
    checkThrift(part, embedding)
    const version = decideVersion(admission, vnet, part, embedding)
    const row: ReservationRow = {
      id,
      client,
      vnet,
      version,
      leaseMs: Math.min(leaseMs || defaultLeaseMs, longestLeaseMs),
      timings: [{ name: given ? 'verification' : 'mapping', seconds: (clock.now() - started) / 1000 }],
    }
    // One change of a VNet at a time: a later one means that its VNP has given up the one before.
    const before = book.reservationOf(vnet)
    await book.save({ reservations: new Map([...(before ? [[before.id, undefined] as const] : []), [id, row]]) })
    if (before) endLease(before.id)
    startLease(row)
    log.info({ vnet, client, reservation: id, cost: embedding.cost }, 'reserved')
    return answerOf(row)
  }

  const commit = async (id: string, client: string): Promise<Init<ApiReply>> => {
    const committed = committedBy(id)
    if (committed) {
      checkOwner(committed, client)
      return { vnet: stateOfRow(context, committed) }
    }
    const reservation = book.reservations.get(id)
    if (!reservation) throw new WeftError('reservation.unknown', `there is no reservation ${id}, or its lease ended`)
    checkOwner(reservation, client)
    const { vnet, version, timings } = reservation
    const before = book.vnets.get(vnet)
    const strangers = before ? new Map<string, number>() : strangersOf(context.hosts.reports(vnet))
    const taken = takeOver(book, vnet)
    const others = new Set([...strangers.keys(), ...taken.hosts])
    const { deaths } = book
    const next = {
      vnet,
      client,
      generation: Math.max(book.nextGeneration(vnet), ...[...strangers.values()].map((held) => held + 1)),
      version,
      held: before ? heldAfter(substrate, before) : taken.held,
      reservation: id,
      timings,
      recoveries: recoveriesOf({ provider: context.name, before, next: version, deaths, unixMs: clock.unixMs() }),
      bound: boundAfter(before, version, others),
    }
    const row = atVersion(before, next, others)
    await book.save({
      vnets: new Map([[vnet, row]]),
      reservations: new Map([[id, undefined]]),
      pools: spentBy(book.pools, version),
      tombstones: taken.change,
    })
    endLease(id)
    log.info({ vnet, client, generation: row.generation, hosts: [...version.slices.keys()] }, 'committed')
    onDecided(vnet)
    return { vnet: stateOfRow(context, row) }
  }

  const release = async (id: string, client: string): Promise<Init<ApiReply>> => {
    const row = book.reservations.get(id)
    if (!row) return {}
    checkOwner(row, client)
    await book.save({ reservations: new Map([[id, undefined]]) })
    endLease(id)
    log.info({ vnet: row.vnet, client, reservation: id }, 'released')
    return {}
  }

  const remove = async (vnet: string, client: string): Promise<Init<ApiReply>> => {
    const row = book.vnets.get(vnet)
    const reservation = book.reservationOf(vnet)
    if (row) checkOwner(row, client)
    if (reservation) checkOwner(reservation, client)
    if (!row || row.removing) {
      if (reservation) await release(reservation.id, client)
      if (!row) throw new WeftError('vnet.unknown', `there is no VNet ${vnet}`)
      return { vnet: stateOfRow(context, row) }
    }
    const removed = atRemoval(row, book.nextGeneration(vnet))
    await book.save({
      vnets: new Map([[vnet, removed]]),
      ...(reservation ? { reservations: new Map([[reservation.id, undefined]]) } : {}),
    })
    if (reservation) endLease(reservation.id)
    log.info({ vnet, client, generation: removed.generation }, 'removing')
    onDecided(vnet)
    return { vnet: stateOfRow(context, removed) }
  }

  for (const row of book.reservations.values()) startLease(row)

  return {
    offer: (asked, client) => serial(() => offer(asked, client)),
    reserve: (asked, client) => serial(() => reserve(asked, client)),
    commit: (id, client) => serial(() => commit(id, client)),
    release: (id, client) => serial(() => release(id, client)),
    remove: (vnet, client) => serial(() => remove(vnet, client)),
    declining,
    close: () => {
      for (const cancel of leases.values()) cancel()
      leases.clear()
    },
  }
}
