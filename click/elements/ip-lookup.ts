/** What all IP lookup elements share: their routes, their handlers, one flat table behind them. */
import { type Route, route } from '../arguments/routes.ts'
import { defineElement, read, write } from '../element.ts'

const handlers = [
  read('table', 'the routes, one a line'),
  read('lookup', 'the output and gateway of an address'),
  write('add', "a route 'ADDR/MASK [GATEWAY] OUTPUT'; refused where one is there for ADDR/MASK"),
  write('set', 'a route, in place of one that is there for ADDR/MASK'),
  write('remove', "the route of 'ADDR/MASK'"),
  write('ctrl', "lines of 'add ...', 'set ...' and 'remove ...', all or none"),
  write('flush', 'removes all routes'),
]

const problems = ({ list }: { readonly list: readonly Route[] }, { outputs }: { readonly outputs: number }) =>
  list.flatMap(({ output }, i) => (output < 0 || output >= outputs ? [`argument ${i + 1} bad OUTPUT`] : []))

/** A lookup element is its name: they differ in Click by how they look up, here by nothing. */
export const defineIpLookup = (name: string, summary: string) =>
  defineElement({
    name,
    summary,
    ports: '1/-',
    processing: 'h',
    list: { name: 'ROUTE', type: route, text: 'ADDR/MASK [GATEWAY] OUTPUT', label: 'argument', first: 1 },
    handlers,
    problems,
  })
