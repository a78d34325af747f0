import t from 'tap'
import type { Neighbour } from '../../netlink/neighbour.ts'
import type { Route } from '../../netlink/routing.ts'
import { readTables, tablesOf, writesBetween } from '../tables.ts'

const interfaces = [
  { index: 0, link: 11, mac: '02:00:00:00:00:10' },
  { index: 3, link: 12, mac: '02:00:00:00:00:13' },
]

const route = (destination: string, rest: Partial<Route> = {}): Route => ({
  family: 4,
  destination,
  gateway: '',
  index: 11,
  nextHops: [],
  table: 254,
  protocol: 4,
  kind: 1,
  metric: 0,
  ...rest,
})

const neighbour = (address: string, rest: Partial<Neighbour> = {}): Neighbour => ({
  family: 2,
  index: 11,
  address,
  mac: '02:00:00:00:00:01',
  state: 0x02,
  flags: 0,
  ...rest,
})

const routesOf = (...routes: readonly Route[]) => Object.fromEntries(tablesOf(routes, [], interfaces).routes)

t.test('a route leads out of its interface, and what is none of the links is for the node', async (t) => {
  t.same(
    routesOf(
      route('10.0.0.0/24'),
      route('10.1.0.0/16', { gateway: '10.0.0.9', index: 12 }),
      route('10.2.0.0/16', { index: 99 }),
      route('10.3.0.0/16', { index: 0, nextHops: [11, 12] }),
      route('10.4.0.0/16', { kind: 6, index: 0 }),
      route('10.5.0.0/16', { table: 100 }),
      route('10.0.0.1/32', { table: 255, kind: 2 }),
      route('10.0.0.255/32', { table: 255, kind: 3 }),
      route('fd00::/64', { family: 6 }),
    ),
    {
      '0.0.0.0/0': '0',
      '10.0.0.0/24': '1',
      '10.1.0.0/16': '10.0.0.9 2',
      '10.2.0.0/16': '0',
      '10.3.0.0/16': '0',
      '10.4.0.0/16': '0',
      '10.0.0.1/32': '0',
      '10.0.0.255/32': '0',
    },
  )
})

t.test('of several routes for a prefix the lowest metric counts, and an address of its own before all', async (t) => {
  const [good, bad] = [route('10.1.0.0/16', { metric: 20, index: 12 }), route('10.1.0.0/16', { metric: 100 })]
  t.match(routesOf(good, bad), { '10.1.0.0/16': '2' })
  t.match(routesOf(bad, good), { '10.1.0.0/16': '2' })
  const own = route('10.1.0.1/32', { table: 255, kind: 2 })
  t.match(routesOf(route('10.1.0.1/32'), own), { '10.1.0.1/32': '0' })
  t.match(routesOf(own, route('10.1.0.1/32')), { '10.1.0.1/32': '0' })
  t.match(routesOf(route('0.0.0.0/0', { gateway: '10.0.0.9', metric: 4096 })), { '0.0.0.0/0': '10.0.0.9 1' })
})

t.test('neighbours that can be used are told apart by interface', async (t) => {
  const all = [
    neighbour('10.0.0.9'),
    neighbour('10.0.0.8', { state: 0x20 }),
    neighbour('10.0.0.7', { mac: '' }),
    neighbour('10.1.0.9', { index: 12, state: 0x80 }),
    neighbour('fe80::1', { family: 10 }),
    neighbour('10.2.0.9', { index: 99 }),
  ]
  const { neighbours } = tablesOf([], all, interfaces)
  t.same([...(neighbours.get(0) ?? [])], [['10.0.0.9', '02:00:00:00:00:01 02:00:00:00:00:10']])
  t.same([...(neighbours.get(3) ?? [])], [['10.1.0.9', '02:00:00:00:00:01 02:00:00:00:00:13']])
})

t.test('only what differs is written: neighbours before routes that need them, and away after', async (t) => {
  const from = tablesOf([route('10.1.0.0/16'), route('10.2.0.0/16')], [neighbour('10.0.0.9')], interfaces)
  t.same(writesBetween(from, from), [])
  const to = tablesOf([route('10.1.0.0/16'), route('10.3.0.0/16')], [neighbour('10.0.0.8', { index: 12 })], interfaces)
  t.same(writesBetween(from, to), [
    { handler: 'near3.set', text: '10.0.0.8 02:00:00:00:00:01 02:00:00:00:00:13' },
    { handler: 'routes.ctrl', text: 'set 10.3.0.0/16 1\nremove 10.2.0.0/16' },
    { handler: 'near0.remove', text: '10.0.0.9' },
  ])
})

t.test('tables are read back from what the handlers say', async (t) => {
  const wanted = tablesOf([route('10.1.0.0/16', { gateway: '10.0.0.9' })], [neighbour('10.0.0.9')], interfaces)
  const said = readTables(
    '0.0.0.0/0\t\t-\t\t0\n10.1.0.0/16\t\t10.0.0.9\t1\n',
    new Map([
      [0, '10.0.0.9 02-00-00-00-00-01 02-00-00-00-00-10\n'],
      [3, ''],
    ]),
  )
  t.same(writesBetween(said, wanted), [])
})
