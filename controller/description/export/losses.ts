/**
 * What of a request a form has no place for. Found by walking the whole message, so that a field that is new is told too, until an exporter
 * says that it carries it.
 */
import type { Interface, Link, Node, VNetRequest } from '../../../proto/generated/weft.v1.ts'

export interface Loss {
  /** Of the model, for instance `nodes[3].startUp`. */
  readonly path: string
  /** As kind/name. */
  readonly object: string
  readonly message: string
}

/** Fields that an exporter writes, nested ones as `cpu.count`; a field alone is carried with all that is in it. */
export interface Carried {
  readonly vnet: readonly string[]
  readonly node: (node: Node) => readonly string[]
  /** undefined: all of it is left out. */
  readonly interface: (each: Interface, node: Node) => readonly string[] | undefined
  readonly link: (link: Link) => readonly string[]
}

/** Words that say what goes without saying. */
const defaults: Readonly<Record<string, string>> = {
  hypervisor: 'any',
  technology: 'any',
  allocation: 'on-demand',
  restartPolicy: 'always',
  recovery: 'elsewhere',
  placement: 'spread',
}

/** `form` as it is called in a message. */
export const lossesOf = (request: VNetRequest, form: string, carried: Carried): readonly Loss[] => {
  const losses: Loss[] = []
  const look = (value: object, fields: readonly string[], path: string, object: string, part = ''): void => {
    for (const { field, words } of notCarried(value, fields))
      losses.push({
        path: path === '' ? field : `${path}.${field}`,
        object,
        message: `${words}${part} is left out: ${form} has no place for it`,
      })
  }
  const { nodes, links, ...vnet } = request
  look(vnet, carried.vnet, '', `vnet/${request.name}`)
  for (const [i, node] of nodes.entries()) {
    const { interfaces, ...rest } = node
    look(rest, carried.node(node), `nodes[${i}]`, `node/${node.id}`)
    for (const [k, each] of interfaces.entries()) {
      const [fields, path, object] = [carried.interface(each, node), `nodes[${i}].interfaces[${k}]`, `node/${node.id}`]
      if (fields) look(each, fields, path, object, ` of interface ${each.index}`)
      else losses.push({ path, object, message: `interface ${each.index} is left out: it is on no link` })
    }
  }
  for (const [i, link] of links.entries()) look(link, carried.link(link), `links[${i}]`, `link/${link.id}`)
  return losses
}

/** As node.interface. */
export const linkedInterfaces = (links: readonly Link[]): ReadonlySet<string> =>
  new Set(links.flatMap(({ a, b }) => [a, b].flatMap((end) => (end ? [`${end.node}.${end.interface}`] : []))))

interface Missing {
  /** Path of the field within the object. */
  readonly field: string
  readonly words: string
}

const notCarried = (value: object, carried: readonly string[]): readonly Missing[] =>
  Object.entries(value).flatMap(([key, field]): readonly Missing[] => {
    if (carried.includes(key) || !isSaid(key, field)) return []
    const inside = carried.filter((each) => each.startsWith(`${key}.`)).map((each) => each.slice(key.length + 1))
    if (inside.length === 0 || typeof field !== 'object' || field === null) return [{ field: key, words: wordsOf(key) }]
    return notCarried(field, inside).map((each) => ({
      field: `${key}.${each.field}`,
      words: `${each.words} of the ${wordsOf(key)}`,
    }))
  })

/** Whether the request says anything by it. */
const isSaid = (key: string, value: unknown): boolean => {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return false
  if (Array.isArray(value)) return value.length > 0
  // Zero degrees are a place.
  if (key === 'location') return true
  if (typeof value === 'object') return Object.entries(value).some(([inner, each]) => isSaid(inner, each))
  if (key === 'forwarding') return value !== 'guest' && value !== 'bridge'
  return value !== defaults[key] && !(key === 'count' && value === 1)
}

/** memoryBytes: memory; rateAToBBitsPerSecond: rate a to b; startUp: start-up. */
const wordsOf = (key: string): string => {
  const known = names[key]
  if (known !== undefined) return known
  const bare = key.replace(/(Bytes|BitsPerSecond|Microseconds|Millionths|Millis|Seconds|Km)$/, '')
  return bare.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

const names: Readonly<Record<string, string>> = {
  delayMicroseconds: 'delay',
  startUp: 'start-up',
  antiSpoofing: 'anti-spoofing',
  down: 'that it is down',
  id: 'its name',
}
