/** Pure: what the tables of a forwarding router shall hold, from what the kernel says of the node's own network namespace, and what brings them there. */
import type { Neighbour } from '../netlink/neighbour.ts'
import { mainTable, type Route } from '../netlink/routing.ts'
import { neighboursElement, nodeOutput, outputOf, routesElement } from './text.ts'

/** One interface of the node as its own namespace knows it. */
export interface GuestInterface {
  /** Of the node: Y of vifX.Y. */
  readonly index: number
  /** Interface index within the namespace. */
  readonly link: number
  readonly mac: string
}

export interface Tables {
  /** `GATEWAY OUTPUT` or `OUTPUT` by prefix. */
  readonly routes: ReadonlyMap<string, string>
  /** `DST SRC`, Ethernet addresses, by IP address, for each interface. */
  readonly neighbours: ReadonlyMap<number, ReadonlyMap<string, string>>
}

const localTable = 255
const kind = { unicast: 1, local: 2, broadcast: 3 } as const
/** NUD_REACHABLE, STALE, DELAY, PROBE, NOARP, PERMANENT: the address counts until something else is known (RFC 4861, 7.3.2, for ARP alike). */
const usable = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80
const afInet = 2
const isEther = (mac: string): boolean => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)

/**
 * Of the tables local and main; policy rules and other tables are not looked at. Of several routes for a prefix the one of the lowest metric counts. What
 * has several next hops, none, or leaves by an interface that is no link's is the node's own matter.
 */
export const tablesOf = (
  routes: readonly Route[],
  neighbours: readonly Neighbour[],
  interfaces: readonly GuestInterface[],
): Tables => {
  const positions = new Map(interfaces.map(({ link }, position) => [link, position]))
  const wanted = new Map<string, { readonly value: string; readonly rank: number }>([
    ['0.0.0.0/0', { value: `${nodeOutput}`, rank: Number.POSITIVE_INFINITY }],
  ])
  for (const route of routes) {
    const isOwn = route.table === localTable && (route.kind === kind.local || route.kind === kind.broadcast)
    if (route.family !== 4 || !(isOwn || route.table === mainTable)) continue
    const rank = isOwn ? -1 : route.metric
    const before = wanted.get(route.destination)
    if (before !== undefined && before.rank <= rank) continue
    wanted.set(route.destination, { value: targetOf(route, isOwn ? undefined : positions.get(route.index)), rank })
  }
  return {
    routes: new Map([...wanted].map(([prefix, { value }]) => [prefix, value])),
    neighbours: new Map(interfaces.map((one) => [one.index, neighboursOf(neighbours, one)])),
  }
}

const targetOf = ({ kind: type, gateway, nextHops }: Route, position: number | undefined): string => {
  if (position === undefined || type !== kind.unicast || nextHops.length > 0) return `${nodeOutput}`
  return gateway === '' ? `${outputOf(position)}` : `${gateway} ${outputOf(position)}`
}

const neighboursOf = (all: readonly Neighbour[], { link, mac }: GuestInterface): ReadonlyMap<string, string> =>
  new Map(
    all
      .filter(
        ({ family, index, state, mac: far }) =>
          family === afInet && index === link && (state & usable) !== 0 && isEther(far),
      )
      .map(({ address, mac: far }) => [address, `${far} ${mac}`]),
  )

/** Tables as the handlers of a router tell them. `neighbours` by index of the interface. */
export const readTables = (routes: string, neighbours: ReadonlyMap<number, string>): Tables => ({
  routes: new Map(
    wordsOf(routes).map(([prefix = '', gateway = '', output = '']) => [
      prefix,
      gateway === '-' ? output : `${gateway} ${output}`,
    ]),
  ),
  neighbours: new Map(
    [...neighbours].map(([index, table]) => [
      index,
      new Map(wordsOf(table).map(([ip = '', far = '', own = '']) => [ip, etherText(far, own)])),
    ]),
  ),
})

/** Click writes Ethernet addresses with hyphens and capitals. */
const etherText = (...addresses: readonly string[]): string =>
  addresses.map((address) => address.toLowerCase().replaceAll('-', ':')).join(' ')

const wordsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .map((line) => line.split(/\s+/).filter((word) => word !== ''))
    .filter((words) => words.length > 0)

/** A handler, and what is to be written to it. */
export interface Write {
  readonly handler: string
  readonly text: string
}

/** New neighbours before the routes that need them, and routes that go before neighbours that go. */
export const writesBetween = (from: Tables, to: Tables): readonly Write[] => {
  const routes = differenceOf(from.routes, to.routes)
  const perInterface = [...to.neighbours].map(([index, wanted]) => ({
    element: neighboursElement(index),
    ...differenceOf(from.neighbours.get(index) ?? new Map(), wanted),
  }))
  const write = (handler: string, lines: readonly string[]): readonly Write[] =>
    lines.length === 0 ? [] : [{ handler, text: lines.join('\n') }]
  return [
    ...perInterface.flatMap(({ element, set }) =>
      write(
        `${element}.set`,
        set.map(([ip, ethers]) => `${ip} ${ethers}`),
      ),
    ),
    ...write(`${routesElement}.ctrl`, [
      ...set('set', routes.set),
      ...routes.remove.map((prefix) => `remove ${prefix}`),
    ]),
    ...perInterface.flatMap(({ element, remove }) => write(`${element}.remove`, remove)),
  ]
}

const set = (verb: string, entries: readonly (readonly [string, string])[]): readonly string[] =>
  entries.map(([prefix, value]) => `${verb} ${prefix} ${value}`)

const differenceOf = (from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>) => ({
  set: [...to].filter(([key, value]) => from.get(key) !== value),
  remove: [...from.keys()].filter((key) => !to.has(key)),
})
