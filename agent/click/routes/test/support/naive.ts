/** What a route table must do, without any cleverness: routes by prefix, asked for from the longest to the shortest. */
import type { NextHop } from '../../next-hops.ts'
import type { TablePrefix, TableRoute } from '../../table.ts'
import { maskOf } from './realistic.ts'

const keyOf = (address: number, length: number): number => address * 64 + length

export interface NaiveTable {
  readonly routes: Map<number, TableRoute>
  lookup(address: number): NextHop | undefined
  put(route: TableRoute): void
  remove(prefix: TablePrefix): boolean
}

export const naiveTable = (initial: Iterable<TableRoute> = []): NaiveTable => {
  const routes = new Map<number, TableRoute>()
  const put = (route: TableRoute): void => {
    routes.set(keyOf(route.address, route.length), route)
  }
  for (const route of initial) put(route)
  return {
    routes,
    put,
    remove: ({ address, length }) => routes.delete(keyOf(address, length)),
    lookup: (address) => {
      for (let length = 32; length >= 0; length--) {
        const route = routes.get(keyOf((address & maskOf(length)) >>> 0, length))
        if (route) return { gateway: route.gateway, output: route.output }
      }
      return undefined
    },
  }
}
