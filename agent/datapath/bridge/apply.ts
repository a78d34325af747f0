/**
 * Does a step: operations in their order, as few datagrams as that allows, and on failure undoes exactly what was done, the
 * last first. A removal is not undone.
 */
import { WeftError } from '../../../proto/errors.ts'
import { decodeLink, type Link } from '../../netlink/link/link.ts'
import { getLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Reply } from '../../netlink/socket/request.ts'
import type { LinkStep } from '../driver.ts'
import { interfacesOf } from '../interfaces.ts'
import type { UnderlayKeeper } from '../underlay/keeper.ts'
import { isUnderlay } from '../underlay/operation.ts'
import { sayClass } from './class-program.ts'
import type { Deleter } from './deletion.ts'
import { inverse, type Operation } from './operation.ts'
import { type InterfaceOperation, needsLink, wishesOf } from './requests.ts'
import { idleServices } from './tunnel.ts'
import { addUplink, dropUplink } from './uplink.ts'

/** What all steps share. */
export interface Tools {
  readonly route: RouteSocket
  readonly keeper: UnderlayKeeper
  readonly deleter: Deleter
}

/** One step while it is done. */
interface Work extends Tools {
  /** Interfaces as they were when the step began, and those that it made, by name. */
  readonly links: Map<string, Link>
  readonly done: Operation[]
}

export const applyStep = async (tools: Tools, step: LinkStep): Promise<void> => {
  const operations = step.operations as readonly Operation[]
  const work: Work = { ...tools, links: new Map(), done: [] }
  const claims = operations.flatMap((one) => claimedBy(one).map((name) => tools.keeper.claim(name)))
  try {
    await readLinks(work, operations)
    for (const group of groupsOf(operations)) await applyGroup(work, group)
  } catch (error) {
    for (const release of claims.splice(0)) release()
    const failures = step.action === 'remove' ? [] : await undo(work)
    const also = failures.length === 0 ? '' : `; undoing it failed too: ${failures.join(', ')}`
    throw new WeftError('datapath.failed', `link ${step.link} of ${step.vnet}: ${(error as Error).message}${also}`, {
      object: `link/${step.link}`,
      cause: error,
    })
  } finally {
    for (const release of claims) release()
  }
}

/** What went wrong with it, for people. */
const undo = async (work: Work): Promise<readonly string[]> => {
  const failures: string[] = []
  for (const operation of work.done.splice(0).toReversed()) {
    const back = inverse(operation)
    if (back !== undefined) await applyGroup(work, [back]).catch((error: Error) => failures.push(error.message))
  }
  return failures
}

/**
 * What goes together: new interfaces, since what follows needs their indices; what raises them, since all before must have worked;
 * deletions, which wait for those of other steps. What concerns a NIC's queueing goes by itself.
 */
const groupsOf = (operations: readonly Operation[]): readonly (readonly Operation[])[] => {
  const groups: Operation[][] = []
  let last = ''
  for (const operation of operations) {
    const kind = groupKind(operation)
    if (kind !== last || !together.has(kind)) groups.push([])
    groups.at(-1)?.push(operation)
    last = kind
  }
  return groups
}

/** Kinds of which several go in one datagram. */
const together: ReadonlySet<string> = new Set(['add', 'other', 'raise', 'delete'])

const alone: ReadonlySet<string> = new Set([
  ...['raise', 'delete', 'add-service', 'drop-service'],
  ...['add-uplink', 'drop-uplink', 'say-class'],
])

const groupKind = (operation: Operation): string => {
  const { op } = operation
  if (isUnderlay(operation)) return 'nic'
  if (op === 'add-bridge' || op === 'add-tunnel') return 'add'
  return alone.has(op) ? op : 'other'
}

/** Interfaces that nothing else may take away until the step is done. */
const claimedBy = (operation: Operation): readonly string[] => {
  if (operation.op === 'add-tunnel') return [...new Set([operation.nic, operation.lower])]
  // A class that nothing says yet.
  return operation.op === 'reserve' && operation.to !== undefined ? [operation.nic] : []
}

const dropService = async ({ route, keeper, deleter }: Work, name: string): Promise<void> => {
  const links = await route.links()
  const isIdle = idleServices(links, interfacesOf(links)).some((link) => link.name === name)
  if (isIdle && !keeper.isClaimed(name)) await deleter.delete([name])
}

/** Operations that did anything are added to `work.done`, even if they did not do all. Throws the first error. */
const applyGroup = async (work: Work, group: readonly Operation[]): Promise<void> => {
  const [first] = group
  if (first === undefined) return
  if (isUnderlay(first)) {
    work.done.push(first)
    await work.keeper.apply(first, work.links.get(first.nic)?.index ?? 0)
  } else if (first.op === 'delete') {
    await work.deleter.delete(group.flatMap((operation) => (operation.op === 'delete' ? [operation.name] : [])))
  } else if (first.op === 'drop-service') {
    const { name, nic } = first
    await work.keeper.inTurn(nic, () => dropService(work, name))
  } else if (first.op === 'add-uplink') {
    work.done.push(first)
    await addUplink(work, first)
  } else if (first.op === 'drop-uplink') {
    await dropUplink(work, first)
  } else if (first.op === 'say-class') {
    work.done.push(first)
    await sayClass(work.route, work.links.get(first.name)?.index ?? 0, first.to)
  } else {
    await applyRequests(work, group as readonly InterfaceOperation[])
  }
}

const applyRequests = async (work: Work, group: readonly InterfaceOperation[]): Promise<void> => {
  const wishes = group.flatMap((operation) => wishesOf(operation, work.links).map((wish) => ({ ...wish, operation })))
  const outcomes = await work.route.batch(wishes.map(({ request }) => request))
  let failure: NetlinkError | undefined
  let before: Operation | undefined
  for (const [position, { operation, unless }] of wishes.entries()) {
    const outcome = outcomes[position]
    const failed = outcome instanceof NetlinkError
    // A new interface that met one of that name is not ours to delete, whatever the requests after it did.
    if (!failed && operation !== before) work.done.push(operation)
    if (failed && !unless.includes(outcome.code)) failure ??= outcome
    if (!failed) learn(work, outcome)
    if (!failed && operation.op === 'join') noteMaster(work, operation)
    before = operation
  }
  if (failure !== undefined) throw failure
}

/** Reads all interfaces that the operations need to know of and that are there. */
const readLinks = async (work: Work, operations: readonly Operation[]): Promise<void> => {
  const names = new Set(operations.flatMap(needsLink))
  for (const outcome of await work.route.batch([...names].map(getLink))) {
    if (!(outcome instanceof NetlinkError)) learn(work, outcome)
    else if (outcome.code !== 'ENODEV') throw outcome
  }
}

const learn = ({ links }: Work, reply: Reply | undefined): void => {
  for (const message of reply?.messages ?? []) {
    if (message.type !== newLink) continue
    const link = decodeLink(message)
    links.set(link.name, link)
  }
}

/** So that it can leave again. */
const noteMaster = ({ links }: Work, { name, bridge }: Extract<Operation, { op: 'join' }>): void => {
  const link = links.get(name)
  if (link !== undefined) links.set(name, { ...link, master: links.get(bridge)?.index ?? 0 })
}

/** RTM_NEWLINK. */
const newLink = 16
