import t from 'tap'
import { firstLevelLength, memoryBytes, partOf, placeOfPart, type TableRoom } from '../layout.ts'
import { createTable, openTable } from '../open.ts'
import { roomFor } from '../room.ts'
import type { RouteTable, TableRoute } from '../table.ts'
import { formatRoute } from '../text.ts'
import { type NaiveTable, naiveTable } from './support/naive.ts'
import { maskOf, randomNumbers, realisticRoutes } from './support/realistic.ts'

const noWait = () => undefined
const newTable = (room: TableRoom) => {
  const memory = new ArrayBuffer(memoryBytes(room))
  return { memory, table: createTable(memory, room, noWait) }
}

const sorted = (routes: Iterable<TableRoute>): string[] => [...routes].map(formatRoute).sort()

/** Addresses at which something may change: the ends of routes, and beside them. */
const edges = ({ address, length }: TableRoute): number[] => {
  const last = address + 2 ** (32 - length) - 1
  return [address - 1, address, last, last + 1].map((edge) => (edge + 2 ** 32) % 2 ** 32)
}

const disagreements = (table: RouteTable, model: NaiveTable, addresses: readonly number[]): string[] =>
  addresses
    .filter((address) => JSON.stringify(table.lookup(address)) !== JSON.stringify(model.lookup(address)))
    .map((address) => `${address}: ${JSON.stringify(table.lookup(address))} ${JSON.stringify(model.lookup(address))}`)

const room = { routes: 400, nextHops: 64, blocks: 300 }

t.test('after any changes a table says what the routes say, and has memory for them alone', async (t) => {
  for (let seed = 1; seed <= 12; seed++) {
    const next = randomNumbers(seed)
    const { memory, table } = newTable(room)
    const model = naiveTable()
    /** Few places, so that prefixes nest, meet and come again. */
    const randomRoute = (): TableRoute => {
      const length = next() % 33
      const base = [0, 0x0a00_0000, 0x0a01_0200, 0x0a01_02f0, 0xffff_ff00][next() % 5] ?? 0
      const address = ((base ^ (next() & ([0, 0xff, 0x1_01ff, 0xc000_0001][next() % 4] ?? 0))) & maskOf(length)) >>> 0
      return { address, length, gateway: (next() % 4) * 0x0101_0101, output: next() % 3 }
    }
    for (let change = 0; change < 1500; change++) {
      const route = randomRoute()
      if (next() % 3 === 0) {
        if (table.remove(route) !== model.remove(route)) return t.fail(`remove ${formatRoute(route)}`)
      } else {
        if (!table.put(route)) return t.fail(`no room for ${formatRoute(route)}`)
        model.put(route)
      }
      const wrong = disagreements(table, model, [...edges(route), next(), next()])
      if (wrong.length > 0) return t.fail(`seed ${seed}, change ${change}: ${wrong[0]}`)
    }
    const routes = [...model.routes.values()]
    t.same(disagreements(table, model, routes.flatMap(edges)), [])
    t.same(sorted(table.routes()), sorted(routes))
    t.same(sorted(openTable(memory, noWait).routes()), sorted(routes), 'whoever opens the memory has the same routes')
    const { blocks, nextHops } = table.inUse()
    const upper = new Set(routes.filter(({ length }) => length > 16).map(({ address }) => address >>> 16))
    const lower = new Set(routes.filter(({ length }) => length > 24).map(({ address }) => address >>> 8))
    t.equal(blocks, upper.size + lower.size)
    t.equal(nextHops, new Set(routes.map(({ gateway, output }) => `${gateway} ${output}`)).size)
    for (const route of routes.slice(0, routes.length / 2)) table.remove(route)
    t.equal(table.count(), routes.length - Math.ceil(routes.length / 2) + (routes.length % 2))
    table.clear()
    t.same(table.inUse(), { routes: 0, nextHops: 0, blocks: 0 })
    t.same([...table.routes()], [])
    t.equal(new Set(partOf(memory, room, 'entries').subarray(0, firstLevelLength)).size, 1)
    t.ok(table.put({ address: 0, length: 0, gateway: 0, output: 2 }))
    t.same(table.lookup(12345), { gateway: 0, output: 2 })
  }
})

t.test('a table without room refuses and stays as it is', async (t) => {
  const { table } = newTable({ routes: 3, nextHops: 4, blocks: 2 })
  const route = (address: number, length: number, output = 0): TableRoute => ({ address, length, gateway: 0, output })
  t.ok(table.put(route(0x0a000001, 32)))
  t.notOk(table.put(route(0x0b000000, 24)), 'a third block')
  t.notOk(table.put(route(0x0a000101, 32)), 'a third block')
  t.ok(table.put(route(0x0a000100, 24)), 'in a block that is there')
  t.ok(table.put(route(0x0b000000, 16)))
  t.notOk(table.put(route(0x0c000000, 16)), 'a fourth route')
  t.ok(table.put(route(0x0b000000, 16, 1)), 'in place of one')
  t.ok(table.put(route(0x0a000100, 24, 2)))
  t.notOk(table.put(route(0x0a000100, 24, 3)), 'a fourth next hop beside that of no route')
  t.same([...table.routes()].map(formatRoute), ['10.0.0.1/32 - 0', '10.0.1.0/24 - 2', '11.0.0.0/16 - 1'])
  t.same(table.inUse(), { routes: 3, nextHops: 3, blocks: 2 })
})

t.test('room for routes is room for them', async (t) => {
  for (const count of [0, 1, 5, 3000]) {
    const routes = realisticRoutes(count, 3, count + 1)
    const { table } = newTable(roomFor(routes))
    t.ok(routes.every((route) => table.put(route)))
    const { blocks } = table.inUse()
    t.ok(table.room.blocks >= blocks + 32 && table.room.blocks <= blocks * 1.2 + 32, `${blocks} blocks`)
  }
})

t.test('a small table is small', async (t) => {
  t.ok(memoryBytes(roomFor(realisticRoutes(5, 2))) < 320 * 1024)
})

t.test('a change that its process did not live to finish is made good by the next one', async (t) => {
  const routes = realisticRoutes(500, 3)
  const room = roomFor(routes)
  const { memory, table } = newTable(room)
  for (const route of routes) table.put(route)
  const changing = 5
  // What differs between before a change and after it is what one in the middle of it may have written, or not; a next hop it writes first.
  const before = new Uint32Array(memory.slice(0))
  table.put({ address: 0x0a00_0001, length: 32, gateway: 0x0909_0909, output: 7 })
  const after = new Uint32Array(memory)
  const [hops, entries] = [placeOfPart(room, 'nextHops') / 4, placeOfPart(room, 'entries') / 4]
  const next = randomNumbers(3)
  for (let attempt = 0; attempt < 20; attempt++) {
    const torn = after.map((word, at) => ((at >= hops && at < entries) || next() % 2 === 0 ? word : (before[at] ?? 0)))
    torn[changing] = 1
    let waits = 0
    const opened = openTable(torn.buffer, () => {
      waits++
    })
    const model = naiveTable(opened.routes())
    const more = { address: 0x0a00_0000, length: 8, gateway: 0, output: 1 }
    t.ok(opened.put(more))
    model.put(more)
    t.equal(waits, 1)
    t.equal(torn[changing], 0)
    t.ok(opened.count() >= 501)
    t.same(sorted(opened.routes()), sorted(model.routes.values()))
    t.same(disagreements(opened, model, [...model.routes.values()].flatMap(edges)), [])
  }
})

t.test('memory of no table, and of one that is cut off, is not taken for one', async (t) => {
  const { memory } = newTable(room)
  t.throws(() => openTable(new ArrayBuffer(1024), noWait), RangeError)
  t.throws(() => openTable(memory.slice(0, memory.byteLength - 4), noWait), RangeError)
})
