/** An instance from a JSON value, checked: a wrong file is told by the place of what is wrong in it. */
import { WeftError } from '../../proto/errors.ts'
import type { Id, Instance } from './instance.ts'

type Json = Readonly<Record<string, unknown>>

/** Throws instance.invalid with the place, as `requests[3].links[0].a`, and what would be right. */
export const readInstance = (value: unknown, file: string): Instance => {
  const wrong = (place: string, what: string, hint: string): never => {
    throw new WeftError('instance.invalid', `${place}: ${what}`, { where: file, hint })
  }
  const show = (found: unknown): string => (found === undefined ? 'missing' : JSON.stringify(found).slice(0, 40))
  const object = (found: unknown, place: string): Json =>
    typeof found === 'object' && found !== null && !Array.isArray(found)
      ? (found as Json)
      : wrong(place, show(found), 'an object')
  const list = (found: unknown, place: string): readonly unknown[] =>
    Array.isArray(found) ? found : wrong(place, show(found), 'a list')
  const amount = (found: unknown, place: string): void => {
    if (typeof found !== 'number' || !Number.isFinite(found) || found < 0) wrong(place, show(found), 'a number from 0')
  }
  const known = (found: unknown, place: string): Id =>
    typeof found === 'number' || typeof found === 'string' ? found : wrong(place, show(found), 'a number or a string')
  const optional = (found: unknown, place: string, type: 'string' | 'amount'): void => {
    if (found === undefined) return
    if (type === 'amount') amount(found, place)
    else if (typeof found !== 'string') wrong(place, show(found), 'a string')
  }

  /** Nodes and the links between them: of the substrate and of each request alike. */
  const graph = (found: Json, place: string): void => {
    const ids = new Set<Id>()
    for (const [i, one] of list(found['nodes'], `${place}.nodes`).entries()) {
      const at = `${place}.nodes[${i}]`
      const node = object(one, at)
      const id = known(node['id'], `${at}.id`)
      if (ids.has(id)) wrong(`${at}.id`, `${id} is there twice`, 'an id of its own for each node')
      ids.add(id)
      amount(node['cpu'], `${at}.cpu`)
      optional(node['nics'], `${at}.nics`, 'amount')
      optional(node['location'], `${at}.location`, 'string')
      optional(node['hypervisor'], `${at}.hypervisor`, 'string')
      if (node['hypervisors'] !== undefined)
        for (const name of list(node['hypervisors'], `${at}.hypervisors`)) optional(name, `${at}.hypervisors`, 'string')
    }
    const joined = new Set<string>()
    for (const [i, one] of list(found['links'], `${place}.links`).entries()) {
      const at = `${place}.links[${i}]`
      const link = object(one, at)
      const ends = ['a', 'b'].map((end) => {
        const id = known(link[end], `${at}.${end}`)
        return ids.has(id) ? id : wrong(`${at}.${end}`, `there is no node ${id}`, 'the id of a node')
      })
      if (ends[0] === ends[1]) wrong(at, `it joins ${ends[0]} with itself`, 'two nodes')
      const pair = ends.map(String).sort().join(' ')
      // Paths name nodes alone: of two links between the same nodes they could not say which.
      if (joined.has(pair)) wrong(at, `${ends.join(' and ')} are joined twice`, 'one link between two nodes')
      joined.add(pair)
      amount(link['bw'], `${at}.bw`)
      optional(link['delay'], `${at}.delay`, 'amount')
    }
  }

  const root = object(value, 'instance')
  graph(object(root['substrate'], 'substrate'), 'substrate')
  for (const [i, one] of list(root['requests'], 'requests').entries()) {
    const place = `requests[${i}]`
    const request = object(one, place)
    known(request['id'], `${place}.id`)
    amount(request['arrival'], `${place}.arrival`)
    amount(request['lifetime'], `${place}.lifetime`)
    graph(request, place)
  }
  return value as Instance
}
