/**
 * Does a step: operations in their order, as few datagrams as that allows, and on failure undoes exactly what was done, the
 * last first. A removal is not undone.
 */
import { WeftError } from '../../../proto/errors.ts'
import { decodeLink } from '../../netlink/link/link.ts'
import { getLink } from '../../netlink/link/requests.ts'
import type { RouteSocket } from '../../netlink/route.ts'
import { NetlinkError } from '../../netlink/socket/error.ts'
import type { Reply } from '../../netlink/socket/request.ts'
import type { LinkStep } from '../driver.ts'
import { inverse, type Operation } from './operation.ts'
import { type InterfaceOperation, needsIndex, wishesOf } from './requests.ts'
import type { UnderlayKeeper } from './underlay-apply.ts'

/** Names to indices, as they are learnt. */
type Indices = Map<string, number>

export const applyStep = async (route: RouteSocket, keeper: UnderlayKeeper, step: LinkStep): Promise<void> => {
  const operations = step.operations as readonly Operation[]
  const done: Operation[] = []
  const claims = operations.flatMap((operation) => (operation.op === 'add-tunnel' ? [keeper.claim(operation.nic)] : []))
  const indices: Indices = new Map()
  try {
    await resolve(route, operations, indices)
    for (const group of groupsOf(operations)) await applyGroup(route, keeper, group, indices, done)
  } catch (error) {
    for (const release of claims.splice(0)) release()
    const undone = step.action === 'remove' ? [] : await undo(route, keeper, done, indices)
    const also = undone.length === 0 ? '' : `; undoing it failed too: ${undone.join(', ')}`
    throw new WeftError('datapath.failed', `link ${step.link} of ${step.vnet}: ${(error as Error).message}${also}`, {
      object: `link/${step.link}`,
      cause: error,
    })
  } finally {
    for (const release of claims) release()
  }
}

const undo = async (
  route: RouteSocket,
  keeper: UnderlayKeeper,
  done: readonly Operation[],
  indices: Indices,
): Promise<readonly string[]> => {
  const failures: string[] = []
  for (const operation of done.toReversed()) {
    const back = inverse(operation)
    if (back === undefined) continue
    await applyGroup(route, keeper, [back], indices, []).catch((error: Error) => failures.push(error.message))
  }
  return failures
}

/** What goes in one datagram: new interfaces, since what follows needs their indices; what raises them, since all before must have worked. */
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

const groupKind = ({ op }: Operation): string => {
  if (op === 'underlay' || op === 'reserve' || op === 'tidy') return 'nic'
  if (op === 'add-bridge' || op === 'add-tunnel') return 'add'
  return op === 'raise' ? 'raise' : 'other'
}

/** Operations of which the first request was done are added to `done`, even if a later one failed. Throws the first error. */
const applyGroup = async (
  route: RouteSocket,
  keeper: UnderlayKeeper,
  group: readonly Operation[],
  indices: Indices,
  done: Operation[],
): Promise<void> => {
  const indexOf = (name: string): number => indices.get(name) ?? 0
  const [first] = group
  if (first?.op === 'underlay' || first?.op === 'reserve' || first?.op === 'tidy') {
    done.push(first)
    await keeper.apply(first, indexOf(first.nic))
    return
  }
  const wishes = group.flatMap((operation) =>
    wishesOf(operation as InterfaceOperation, indexOf).map((wish) => ({ ...wish, operation })),
  )
  const outcomes = await route.batch(wishes.map(({ request }) => request))
  let failure: NetlinkError | undefined
  let before: Operation | undefined
  for (const [position, { operation, unless }] of wishes.entries()) {
    const outcome = outcomes[position]
    const failed = outcome instanceof NetlinkError
    // A new interface that met one of that name is not ours to delete, whatever the requests after it did.
    if (!failed && operation !== before) done.push(operation)
    if (failed && !unless.includes(outcome.code)) failure ??= outcome
    if (!failed) learn(outcome, indices)
    before = operation
  }
  if (failure !== undefined) throw failure
}

/** Reads the indices of all interfaces that the operations name and that are there. */
const resolve = async (route: RouteSocket, operations: readonly Operation[], indices: Indices): Promise<void> => {
  const names = new Set(operations.flatMap(needsIndex))
  for (const outcome of await route.batch([...names].map(getLink))) {
    if (!(outcome instanceof NetlinkError)) learn(outcome, indices)
    else if (outcome.code !== 'ENODEV') throw outcome
  }
}

const learn = (reply: Reply | undefined, indices: Indices): void => {
  for (const message of reply?.messages ?? []) {
    if (message.type !== newLink) continue
    const { name, index } = decodeLink(message)
    indices.set(name, index)
  }
}

/** RTM_NEWLINK. */
const newLink = 16
