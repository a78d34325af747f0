/** Links of an RSpec: capacity in kbit/s, latency in ms and loss as a share, each for one direction or for both. */

import { technologies } from '../limits.ts'
import { quote } from '../request-errors.ts'
import { type Entry, textOf } from '../tree.ts'
import { delay, formatPercent, parseQuantity, rate } from '../units.ts'
import { bridgeProblem } from '../validate-links.ts'
import { attribute, childrenOf, type Element } from '../xml-document.ts'
import { type DraftEnd, interfaceOf, mapping, type Told, text } from './draft.ts'
import { endOf, isCore, leaveOut, type RspecContext, refsOf } from './rspec.ts'

interface Property {
  readonly source: DraftEnd | undefined
  readonly target: DraftEnd | undefined
  readonly capacity: Told
  readonly latency: Told
  readonly loss: Told
}

/** `subnet`: number of the subnet that its ends get their addresses from; undefined: they have their own. */
export const readRspecLink = (element: Element, context: RspecContext, subnet?: number): void => {
  const { draft, report } = context
  const id = attribute(element, 'client_id')
  const object = `link/${id.text}`
  if (id.text === '') {
    report.add({ message: 'a link has no client_id', hint: 'the name of the link', at: element.scanned.at })
    return
  }
  const ends = refsOf(element).flatMap((ref) => endOf(attribute(ref, 'client_id'), object, context) ?? [])
  if (subnet !== undefined) giveAddresses(ends, subnet)
  const properties: Property[] = []
  const entries: Entry[] = []
  for (const child of childrenOf(element)) {
    const { name } = child.element
    if (!isCore(child)) leaveOut(child, object, context)
    else if (name === 'property') properties.push(readProperty(child, object, context))
    else if (name === 'link_type') entries.push(...readType(child, context))
    else if (name === 'component_manager')
      context.notes.addAll('<component_manager> is left out: the provider is chosen', child.scanned.at)
    else if (name !== 'interface_ref') leaveOut(child, object, context)
  }
  for (const ref of refsOf(element)) properties.push(...pipesOf(attribute(ref, 'client_id').text, context))
  const technology = entries.find(({ key }) => key === 'technology')?.value
  // What no bridge can carry is joined by Click.
  if (bridgeProblem(textOf(technology) ?? '') !== undefined)
    for (const { node, index, at } of ends) interfaceOf(node, index, at).entries.push(text('forwarding', 'click', at))
  const [a, b] = ends
  const at = element.scanned.at
  if (a && b && ends.length === 2)
    draft.addLink({ name: id.text, at, ends, entries: [...entries, ...pairEntries(properties, a, b, context)] })
  else draft.addLink({ name: id.text, at, entries, ends: ends.map((end) => withRates(end, properties, context)) })
}

/** A provider's prefix is cut by links of two ends, so that what has a LAN gets its addresses here: 10.10.0.0/24, 10.10.1.0/24, … */
const giveAddresses = (ends: readonly DraftEnd[], subnet: number): void => {
  // What has no room has no addresses.
  if (ends.length > 254 || subnet >= 245 * 256) return
  for (const [i, { node, index, at }] of ends.entries()) {
    const address = `10.${10 + (subnet >> 8)}.${subnet & 255}.${i + 1}/24`
    // A switch has none.
    if (!node.isBridge) interfaceOf(node, index, at).addresses.push({ text: address, at })
  }
}

const readProperty = (element: Element, object: string, context: RspecContext): Property => {
  const endBy = (name: string) => {
    const id = attribute(element, name)
    return id.text === '' ? undefined : endOf(id, object, context)
  }
  return {
    source: endBy('source_id'),
    target: endBy('dest_id'),
    capacity: attribute(element, 'capacity'),
    latency: attribute(element, 'latency'),
    loss: attribute(element, 'packet_loss'),
  }
}

/** A pipe of a delay node says for the way through it what a property says for a link. */
const pipesOf = (id: string, { interfaces, pipes }: RspecContext): readonly Property[] => {
  const [pipe, source] = [pipes.get(id), interfaces.get(id)]
  if (!pipe || !source) return []
  const told = (name: string) => attribute(pipe, name)
  return [
    { source, target: undefined, capacity: told('capacity'), latency: told('latency'), loss: told('packet_loss') },
  ]
}

const aggregateTypes: readonly string[] = ['lan', 'any']

const readType = (element: Element, { notes }: RspecContext): readonly Entry[] => {
  const { text: name, at } = attribute(element, 'name')
  const technology = /^e?gre-tunnel$/.test(name) ? 'gre' : name
  // A VLAN is how an aggregate makes a link, and a technology that a provider's hosts may lack.
  const isOurs = (technologies as readonly string[]).includes(technology) && technology !== 'vlan'
  if (isOurs && technology !== 'any') return [text('technology', technology, at)]
  if (!aggregateTypes.includes(name.toLowerCase()) && name !== '')
    notes.addAll(`the link type ${quote(name)} is left out: any technology serves`, at)
  return []
}

const pairEntries = (
  properties: readonly Property[],
  a: DraftEnd,
  b: DraftEnd,
  context: RspecContext,
): readonly Entry[] => {
  const isOf = (direction: 'a-to-b' | 'b-to-a') => (property: Property) => {
    const { source = property.target === a ? b : a } = property
    const both = !property.source && !property.target
    return both || source === (direction === 'a-to-b' ? a : b)
  }
  const entries: Entry[] = []
  const impairments: Entry[] = []
  for (const direction of ['a-to-b', 'b-to-a'] as const) {
    const own = properties.filter(isOf(direction))
    entries.push(...rateEntry(own, `rate-${direction}`, context))
    const impaired = [...latencyEntry(own, context), ...lossEntry(own, context)]
    const [first] = impaired
    if (first) impairments.push(mapping(direction, impaired, first.at))
  }
  const [first] = impairments
  return first ? [...entries, mapping('impairments', impairments, first.at)] : entries
}

interface Amount {
  readonly value: number
  /** As it was written. */
  readonly told: string
  readonly at: Told['at']
}

/** Of thousands, exact where it is written as we would. */
const inThousands = (quantity: typeof rate, told: string, value: number): string => {
  const [base = '', thousand = ''] = Object.keys(quantity.units).filter((unit) => unit !== 'µs')
  const exact = `${told} ${thousand}`
  return 'value' in parseQuantity(quantity, exact) ? exact : `${Math.max(1, Math.round(value * 1000))} ${base}`
}

/** The last of several counts. */
const amountOf = (
  properties: readonly Property[],
  pick: (property: Property) => Told,
  what: string,
  { notes }: RspecContext,
): Amount | undefined => {
  const told = properties.map(pick).findLast((each) => each.text !== '')
  if (!told) return undefined
  const value = Number(told.text)
  if (Number.isFinite(value) && value >= 0 && told.text.trim() !== '')
    return value === 0 ? undefined : { value, told: told.text.trim(), at: told.at }
  notes.add({ message: `the ${what} ${quote(told.text)} is left out: it is no number`, at: told.at })
  return undefined
}

const rateEntry = (properties: readonly Property[], key: string, context: RspecContext): readonly Entry[] => {
  const capacity = amountOf(properties, (each) => each.capacity, 'capacity', context)
  return capacity ? [text(key, inThousands(rate, capacity.told, capacity.value), capacity.at)] : []
}

const latencyEntry = (properties: readonly Property[], context: RspecContext): readonly Entry[] => {
  const latency = amountOf(properties, (each) => each.latency, 'latency', context)
  return latency ? [text('delay', inThousands(delay, latency.told, latency.value), latency.at)] : []
}

const lossEntry = (properties: readonly Property[], context: RspecContext): readonly Entry[] => {
  const loss = amountOf(properties, (each) => each.loss, 'packet_loss', context)
  if (!loss) return []
  if (loss.value <= 1) return [text('loss', formatPercent(Math.round(loss.value * 1e6)), loss.at)]
  context.notes.add({ message: `the packet_loss ${loss.value} is left out: it is no share of 1`, at: loss.at })
  return []
}

/** Of a LAN: what a member may send and get is the most that any pair with it may. */
const withRates = (end: DraftEnd, properties: readonly Property[], context: RspecContext): DraftEnd => {
  const most = (isOf: (property: Property) => boolean, key: string): readonly Entry[] => {
    const known = properties.filter((property) => isOf(property) && property.capacity.text !== '')
    const sorted = known.toSorted((x, y) => Number(x.capacity.text) - Number(y.capacity.text))
    return rateEntry(sorted, key, context)
  }
  const impaired = properties.find(({ latency, loss }) => Number(latency.text) > 0 || Number(loss.text) > 0)
  if (impaired) {
    const message = 'latency and packet_loss of a link of more than two interfaces are left out'
    context.notes.addAll(message, impaired.latency.at)
  }
  const isBoth = ({ source, target }: Property) => !source && !target
  return {
    ...end,
    entries: [
      ...most((property) => property.source === end || isBoth(property), 'rate-a-to-b'),
      ...most((property) => property.target === end || isBoth(property), 'rate-b-to-a'),
    ],
  }
}
