/**
 * StaticIPLookup, RadixIPLookup and the others, which differ by name alone: one flat table behind all (`../routes`), with all of their
 * handlers. What differs from Click:
 *
 * - Of several routes for one prefix in a configuration string the first counts, as in Click, and nothing warns of the others.
 * - Masks that are no prefixes are not supported.
 * - A packet without a route is dropped and not told of.
 * - The table has room for an eighth more routes than the configuration string has, or a few; what does not fit is refused (`Full`).
 */
import { formatIpAddress, readIpAddress } from '../../../click/arguments/addresses.ts'
import type { Route } from '../../../click/arguments/routes.ts'
import { directIpLookup } from '../../../click/elements/direct-ip-lookup.ts'
import { linearIpLookup } from '../../../click/elements/linear-ip-lookup.ts'
import { lookupIpRoute } from '../../../click/elements/lookup-ip-route.ts'
import { radixIpLookup } from '../../../click/elements/radix-ip-lookup.ts'
import { rangeIpLookup } from '../../../click/elements/range-ip-lookup.ts'
import { staticIpLookup } from '../../../click/elements/static-ip-lookup.ts'
import { shiftWord, uncomment } from '../../../click/language/strings.ts'
import { jeq, jge, jump, label, ldx, stx } from '../../ebpf/asm/asm.ts'
import { waitForPrograms } from '../../ebpf/grace.ts'
import type { BpfMap } from '../../ebpf/map.ts'
import type { Code } from '../compile/code.ts'
import { type AnyElementCode, compileElement, type Room, type Site } from '../compile/element.ts'
import { annotationSlot } from '../compile/stack.ts'
import { type ElementState, Full, HandlerError } from '../handlers.ts'
import { type Command, change, type Verb } from '../routes/change.ts'
import { lookUpRoute } from '../routes/code.ts'
import { memoryBytes, mostBlocks, mostNextHops, type TableRoom } from '../routes/layout.ts'
import { createTable, openTable } from '../routes/open.ts'
import { powerOfTwo, roomFor } from '../routes/room.ts'
import type { RouteTable, TableRoute } from '../routes/table.ts'
import { formatLine, lengthOfMask, toTableRoute } from '../routes/text.ts'

const classes = [directIpLookup, linearIpLookup, lookupIpRoute, radixIpLookup, rangeIpLookup, staticIpLookup]
const destination = annotationSlot(0)

const roomOf = ({ routes = 0, nextHops = 0, blocks = 0 }: Room): TableRoom => ({
  routes,
  nextHops: powerOfTwo(nextHops),
  blocks,
})

const routesOf = (list: readonly Route[]): readonly TableRoute[] =>
  list.map(toTableRoute).filter((route) => route !== undefined)

/** Tables are mapped once for each handle of a map. */
const opened = new WeakMap<BpfMap, RouteTable>()

const tableOf = ({ map }: ElementState): RouteTable => {
  const own = map('table')
  const table = opened.get(own) ?? openTable(own.memory(), waitForPrograms)
  opened.set(own, table)
  return table
}

const fill = ({ map }: ElementState, room: Room, routes: readonly TableRoute[]): void => {
  const table = createTable(map('table').memory(), roomOf(room), waitForPrograms)
  for (const route of routes) {
    if (!table.find(route) && !table.put(route)) throw new Full('no room for the routes', roomFor(routes))
  }
}

/** Goes on by r0: halves of the outputs, so that many cost few comparisons. */
const goOn = ({
  packet,
  outputs,
  outputLabel,
  dropLabel,
  newLabel,
}: Pick<Site, 'packet' | 'outputs' | 'outputLabel' | 'dropLabel' | 'newLabel'>): Code => {
  const among = (from: number, to: number): Code => {
    if (from === to) return [jump(outputLabel(from, packet))]
    if (from + 1 === to) return [jeq('r0', to, outputLabel(to, packet)), jump(outputLabel(from, packet))]
    const middle = (from + to + 1) >>> 1
    const upper = newLabel('upper')
    return [jge('r0', middle, upper), among(from, middle - 1), label(upper), among(middle, to)]
  }
  // Without a route the output is greater than any.
  return [jge('r0', outputs, dropLabel(packet)), among(0, outputs - 1)]
}

const verbs: readonly Verb[] = ['add', 'set', 'remove']
const isVerb = (word: string): word is Verb => (verbs as readonly string[]).includes(word)

const readCommands = (text: string): readonly Command[] =>
  uncomment(text)
    .split('\n')
    .flatMap((line): readonly Command[] => {
      const [verb, text] = shiftWord(line)
      if (verb === '') return []
      if (!isVerb(verb)) throw new HandlerError(`bad command '${verb}'`)
      return [{ verb, text }]
    })

const changing = (verb: Verb) => ({
  write: (state: ElementState, text: string, outputs: number): void =>
    change(tableOf(state), [{ verb, text }], outputs),
})

const lookUp = (state: ElementState, text: string): string => {
  const address = readIpAddress(text)
  if (address === undefined) throw new HandlerError('expected IP address')
  const hop = tableOf(state).lookup(address)
  if (!hop) return '-1'
  return hop.gateway === 0 ? `${hop.output}` : `${hop.output} ${formatIpAddress(hop.gateway)}`
}

export const ipLookups: readonly AnyElementCode[] = classes.map((of) =>
  compileElement(of, {
    room: ({ list }) => roomFor(routesOf(list)),
    maps: (_, room) => ({
      table: {
        kind: 'array',
        keyBytes: 4,
        valueBytes: memoryBytes(roomOf(room)),
        entries: { count: 1 },
        mappable: true,
      },
    }),
    start: (state, { list }, room) => fill(state, room, routesOf(list)),
    carry: (from, to, room) => fill(to, room, [...tableOf(from).routes()]),
    settings: ['table'],
    unsupported: ({ list }) => {
      if (list.some(({ mask }) => lengthOfMask(mask) === undefined)) return 'a mask that is no prefix'
      const { nextHops, blocks } = roomFor(routesOf(list))
      return nextHops >= mostNextHops || blocks >= mostBlocks ? 'so large a table' : undefined
    },
    compile: (site) => {
      const { packet, outputs, drop, newLabel } = site
      if (outputs === 0) return drop(packet)
      const onLink = newLabel('on_link')
      return [
        ldx('u32', 'r1', 'r10', destination),
        lookUpRoute(site.map('table'), roomOf(site.room), newLabel),
        jeq('r1', 0, onLink),
        stx('u32', 'r10', destination, 'r1'),
        label(onLink),
        goOn(site),
      ]
    },
    modifies: false,
    handlers: {
      table: { read: (state) => [...tableOf(state).routes()].map(formatLine).join('') },
      lookup: { query: lookUp },
      add: changing('add'),
      set: changing('set'),
      remove: changing('remove'),
      ctrl: { write: (state, text, outputs) => change(tableOf(state), readCommands(text), outputs) },
      flush: { write: (state) => tableOf(state).clear() },
    },
  }),
)
