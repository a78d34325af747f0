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
import type { UnderlayKeeper } from '../underlay/keeper.ts'
import { isUnderlay } from '../underlay/operation.ts'
import type { Deleter } from './deletion.ts'
import { inverse, type Operation } from './operation.ts'
import { type InterfaceOperation, needsLink, wishesOf } from './requests.ts'

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
  const claims = operations.flatMap((one) => (one.op === 'add-tunnel' ? [tools.keeper.claim(one.nic)] : []))
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
    if (kind !== last || kind === 'nic') groups.push([])
    groups.at(-1)?.push(operation)
    last = kind
  }
  return groups
}

const groupKind = (operation: Operation): string => {
  const { op } = operation
  if (isUnderlay(operation)) return 'nic'
  if (op === 'add-bridge' || op === 'add-tunnel') return 'add'
  return op === 'raise' || op === 'delete' ? op : 'other'
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
