/** What turns one version of a VNet into another: for `weft plan`, and for what is touched when a change is applied. */
import type {
  AntiSpoofing,
  Change,
  ChangeAction,
  Impairment,
  Interface,
  Link,
  Location,
  Node,
  VNetRequest,
} from '../../proto/generated/weft.v1.ts'
import { showAffinity } from './affinity.ts'
import { guardFields, guards } from './anti-spoofing.ts'
import { fillIn } from './fill-in.ts'
import { outlineImpairment } from './impairments.ts'
import { bytes, delay, formatCpus, formatDistance, formatQuantity, lifetime, rate } from './units.ts'

/**
 * Changes from `old` to `next`, undefined for a VNet that is not there, in the order of `next`, removals last. None where the two
 * mean the same, whether or not a default is written out. Live (`CHANGE_ACTION_CHANGE`) are the rates of links, their impairments and
 * whether they are down, the interfaces of nodes, their addresses, what joins them to their links and what is done there, who forwards for
 * a node, what becomes of it where its host is dead, the prefix, and what is said of the VNet as a whole; anything else makes a node or link anew. Requests of two names are two VNets.
 */
export const diffRequests = (old: VNetRequest | undefined, next: VNetRequest | undefined): readonly Change[] => {
  if (old && next && old.name !== next.name) return [...diffRequests(undefined, next), ...diffRequests(old, undefined)]
  const before = old && fillIn(old)
  const after = next && fillIn(next)
  return [
    ...diffVNet(before, after),
    ...diffObjects('node', before?.nodes ?? [], after?.nodes ?? [], nodeDifferences),
    ...diffObjects('link', before?.links ?? [], after?.links ?? [], linkDifferences),
    ...removals('link', before?.links ?? [], after?.links ?? []),
    ...removals('node', before?.nodes ?? [], after?.nodes ?? []),
    ...(before && !after ? [change('CHANGE_ACTION_DELETE', `vnet/${before.name}`, 'it is no longer asked for')] : []),
  ]
}

/** One field that differs: what it was and is, and whether it can be changed while the object works. */
interface Difference {
  readonly field: string
  readonly reason: string
  readonly live: boolean
}

const change = (action: ChangeAction, object: string, reason: string): Change => ({
  action,
  object,
  reason,
  interrupts: [],
})

const diffVNet = (before: VNetRequest | undefined, after: VNetRequest | undefined): readonly Change[] => {
  if (!after) return []
  const object = `vnet/${after.name}`
  if (!before) return [change('CHANGE_ACTION_ADD', object, 'it is new')]
  const differences = [
    ...compare('prefix', before.prefix, after.prefix, true),
    ...compare('lifetime', showLifetime(before.lifetimeSeconds), showLifetime(after.lifetimeSeconds), true),
    ...compare('priority', String(before.priority), String(after.priority), true),
    ...compare('placement', before.placement, after.placement, true),
    ...compare('affinity', showAffinity(before.affinity), showAffinity(after.affinity), true),
  ]
  return differences.map(({ reason }) => change('CHANGE_ACTION_CHANGE', object, reason))
}

const diffObjects = <T extends { readonly id: string }>(
  kind: 'node' | 'link',
  before: readonly T[],
  after: readonly T[],
  compareAll: (a: T, b: T) => readonly Difference[],
): readonly Change[] => {
  const known = new Map(before.map((each) => [each.id, each]))
  return after.flatMap((each) => {
    const object = `${kind}/${each.id}`
    const was = known.get(each.id)
    if (!was) return [change('CHANGE_ACTION_ADD', object, 'it is new')]
    const differences = compareAll(was, each)
    if (differences.length === 0) return []
    const live = differences.every((difference) => difference.live)
    const reason = differences.map((difference) => difference.reason).join('; ')
    return [change(live ? 'CHANGE_ACTION_CHANGE' : 'CHANGE_ACTION_RECREATE', object, reason)]
  })
}

const removals = (
  kind: 'node' | 'link',
  before: readonly { readonly id: string }[],
  after: readonly { readonly id: string }[],
): readonly Change[] => {
  const kept = new Set(after.map(({ id }) => id))
  return before
    .filter(({ id }) => !kept.has(id))
    .map(({ id }) => change('CHANGE_ACTION_DELETE', `${kind}/${id}`, 'it is no longer asked for'))
}

const compare = (field: string, was: string, is: string, live = false): readonly Difference[] =>
  was === is ? [] : [{ field, live, reason: `${field}: ${was || 'none'} → ${is || 'none'}` }]

const nodeDifferences = (was: Node, is: Node): readonly Difference[] => [
  ...compare('location', showLocation(was.location), showLocation(is.location)),
  ...compare('cpu', showCpu(was), showCpu(is)),
  ...compare('memory', showBytes(was.memoryBytes), showBytes(is.memoryBytes)),
  ...compare('disk', showBytes(was.diskBytes), showBytes(is.diskBytes)),
  ...compare('image', was.image, is.image),
  ...compare('hypervisor', was.hypervisor, is.hypervisor),
  ...compare('forwarding', was.forwarding, is.forwarding, true),
  ...compare('interfaces', showIndices(was), showIndices(is), true),
  ...interfaceDifferences(was, is),
  ...compare('allocation', was.allocation, is.allocation),
  ...startUpDifferences(was, is),
  ...compare('restart', was.restartPolicy, is.restartPolicy),
  ...compare('recovery', was.recovery, is.recovery, true),
]

const showBytes = (value: number): string => (value === 0 ? '' : formatQuantity(bytes, value))

const showIndices = ({ interfaces }: Node): string => interfaces.map(({ index }) => index).join(' ')

const showCpu = ({ cpu }: Node): string => {
  const { count = 1, shares = 0, quotaMillis = 0, pins = '' } = cpu ?? {}
  const parts = [count > 0 ? `count ${count}` : 'any']
  if (shares > 0) parts.push(`shares ${shares}`)
  if (quotaMillis > 0) parts.push(`quota ${formatCpus(quotaMillis)}`)
  if (pins !== '') parts.push(`pins ${pins}`)
  return parts.join(', ')
}

const showLocation = (location: Location | undefined): string => {
  if (!location) return ''
  const { name, latitude, longitude, withinKm } = location
  const parts = name === '' ? [] : [name]
  if (latitude !== undefined && longitude !== undefined) parts.push(`${latitude} ${longitude}`)
  if (withinKm > 0) parts.push(`within ${formatDistance(withinKm)}`)
  return parts.join(', ')
}

/** Of interfaces that both have. */
const interfaceDifferences = (was: Node, is: Node): readonly Difference[] => {
  const known = new Map(was.interfaces.map((each) => [each.index, each]))
  return is.interfaces.flatMap((each) => {
    const before: Interface | undefined = known.get(each.index)
    if (!before) return []
    const name = `interface ${each.index}`
    return [
      ...compare(`${name} mac`, before.mac, each.mac, true),
      ...compare(`${name} addresses`, before.addresses.join(' '), each.addresses.join(' '), true),
      ...compare(`${name} forwarding`, before.forwarding, each.forwarding, true),
      ...compare(`${name} physical`, before.physical, each.physical, true),
      ...spoofingDifferences(name, before.antiSpoofing, each.antiSpoofing),
      ...clickDifferences(name, before.click, each.click),
    ]
  })
}

const spoofingDifferences = (
  name: string,
  was: AntiSpoofing | undefined,
  is: AntiSpoofing | undefined,
): readonly Difference[] =>
  guards.flatMap((guard) => {
    const word = (spoofing: AntiSpoofing | undefined) => spoofing?.[guardFields[guard]] || 'on'
    return compare(`${name} anti-spoofing ${guard}`, word(was), word(is), true)
  })

/** Texts are named, not shown: they have many lines. */
const clickDifferences = (name: string, was: string, is: string): readonly Difference[] => {
  if (was === is) return []
  const what = was === '' ? 'new' : is === '' ? 'removed' : 'another text'
  return [{ field: `${name} click`, live: true, reason: `${name} click: ${what}` }]
}

const startUpDifferences = (was: Node, is: Node): readonly Difference[] => {
  const before = new Map((was.startUp?.files ?? []).map((file) => [file.path, file]))
  const after = new Map((is.startUp?.files ?? []).map((file) => [file.path, file]))
  const differences: Difference[] = []
  const add = (field: string, reason: string) => differences.push({ field, live: false, reason: `${field}: ${reason}` })
  for (const [path, file] of after) {
    const other = before.get(path)
    if (!other) add(`start-up ${path}`, 'new')
    else if (other.content !== file.content) add(`start-up ${path}`, 'another content')
    if (other) differences.push(...compare(`start-up ${path} mode`, other.mode.toString(8), file.mode.toString(8)))
  }
  for (const path of before.keys()) if (!after.has(path)) add(`start-up ${path}`, 'removed')
  if ((was.startUp?.command ?? '') !== (is.startUp?.command ?? '')) add('start-up command', 'another one')
  return differences
}

const linkDifferences = (was: Link, is: Link): readonly Difference[] => [
  ...compare('ends', showEnds(was), showEnds(is)),
  ...compare('rate a to b', showRate(was.rateAToBBitsPerSecond), showRate(is.rateAToBBitsPerSecond), true),
  ...compare('rate b to a', showRate(was.rateBToABitsPerSecond), showRate(is.rateBToABitsPerSecond), true),
  ...compare('delay', showDelay(was.delayMicroseconds), showDelay(is.delayMicroseconds)),
  ...compare('technology', was.technology, is.technology),
  ...compare('impairments a to b', showImpairment(was.impairmentAToB), showImpairment(is.impairmentAToB), true),
  ...compare('impairments b to a', showImpairment(was.impairmentBToA), showImpairment(is.impairmentBToA), true),
  ...compare('state', showState(was), showState(is), true),
]

const showLifetime = (seconds: number): string => (seconds === 0 ? 'until deleted' : formatQuantity(lifetime, seconds))
const showEnds = ({ a, b }: Link): string => [a, b].map((end) => (end ? `${end.node}.${end.interface}` : '')).join(' ')
const showRate = (value: number): string => (value === 0 ? 'best effort' : formatQuantity(rate, value))
const showDelay = (value: number): string => (value === 0 ? 'any' : formatQuantity(delay, value))
const showState = ({ down }: Link): string => (down ? 'down' : 'up')
const showImpairment = (impairment: Impairment | undefined): string =>
  Object.entries(impairment ? outlineImpairment(impairment) : {})
    .map(([key, amount]) => `${key} ${amount}`)
    .join(', ')
