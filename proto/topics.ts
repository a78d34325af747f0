/**
 * Topic names of DESIGN section 3, built and parsed here and nowhere else. Root: `weft/v1/{domain}`.
 */
import { WeftError } from './errors.ts'

/** A level of a topic that is a name: no wildcard, no slash, no white space, at most 80 characters. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/

export const isName = (text: string): boolean => namePattern.test(text)

const level = (name: string): string => {
  if (name !== '+' && !isName(name)) {
    throw new WeftError('message.malformed', `"${name}" cannot stand in a topic`, {
      hint: 'letters, digits, dots, hyphens and underscores, at most 80, starting with a letter or digit',
    })
  }
  return name
}

/** One builder a topic; give '+' for a name to get a subscription filter. */
export const topics = {
  controllerState: (domain: string) => `weft/v1/${level(domain)}/controller/state`,
  status: (domain: string, host: string) => `weft/v1/${level(domain)}/host/${level(host)}/status`,
  inventory: (domain: string, host: string) => `weft/v1/${level(domain)}/host/${level(host)}/inventory`,
  usage: (domain: string, host: string) => `weft/v1/${level(domain)}/host/${level(host)}/usage`,
  desired: (domain: string, host: string, vnet: string) =>
    `weft/v1/${level(domain)}/host/${level(host)}/desired/${level(vnet)}`,
  reported: (domain: string, host: string, vnet: string) =>
    `weft/v1/${level(domain)}/host/${level(host)}/reported/${level(vnet)}`,
  command: (domain: string, host: string, client: string) =>
    `weft/v1/${level(domain)}/host/${level(host)}/command/${level(client)}`,
  reply: (domain: string, host: string, client: string) =>
    `weft/v1/${level(domain)}/host/${level(host)}/reply/${level(client)}`,
  event: (domain: string, host: string) => `weft/v1/${level(domain)}/host/${level(host)}/event`,
  apiRequest: (domain: string, client: string) => `weft/v1/${level(domain)}/api/request/${level(client)}`,
  apiReply: (domain: string, client: string) => `weft/v1/${level(domain)}/api/reply/${level(client)}`,
  apiVNet: (domain: string, client: string, vnet: string) =>
    `weft/v1/${level(domain)}/api/vnet/${level(client)}/${level(vnet)}`,
  advertisement: (domain: string) => `weft/v1/${level(domain)}/api/advertisement`,
  freed: (domain: string) => `weft/v1/${level(domain)}/api/freed`,
} as const

export type TopicKind = keyof typeof topics

export interface ParsedTopic {
  readonly kind: TopicKind
  readonly domain: string
  readonly host?: string
  readonly client?: string
  readonly vnet?: string
  /** The mirror or call in canonical JSON (`…/json`). */
  readonly json: boolean
}

/** The JSON form of a topic. */
export const jsonTopic = (topic: string): string => `${topic}/json`

const hostKinds: Record<string, TopicKind> = {
  status: 'status',
  inventory: 'inventory',
  usage: 'usage',
  event: 'event',
}
const hostVNetKinds: Record<string, TopicKind> = { desired: 'desired', reported: 'reported' }
const hostClientKinds: Record<string, TopicKind> = { command: 'command', reply: 'reply' }
const apiClientKinds: Record<string, TopicKind> = { request: 'apiRequest', reply: 'apiReply' }

/** undefined for a topic that is none of ours. */
export const parseTopic = (topic: string): ParsedTopic | undefined => {
  const levels = topic.split('/')
  const json = levels.at(-1) === 'json'
  if (json) levels.pop()
  const [weft, version, domain, area, ...rest] = levels
  if (weft !== 'weft' || version !== 'v1' || !domain || !rest.every(isName) || !isName(domain)) return undefined
  const [first, second, third] = rest
  if (area === 'controller')
    return rest.length === 1 && first === 'state' ? { kind: 'controllerState', domain, json } : undefined
  if (area === 'api') {
    if (rest.length === 1 && first === 'advertisement') return { kind: 'advertisement', domain, json }
    if (rest.length === 1 && first === 'freed') return { kind: 'freed', domain, json }
    if (first === 'vnet' && second && third && rest.length === 3)
      return { kind: 'apiVNet', domain, client: second, vnet: third, json }
    const kind = rest.length === 2 && first ? apiClientKinds[first] : undefined
    return kind && second ? { kind, domain, client: second, json } : undefined
  }
  if (area !== 'host' || !first || !second) return undefined
  if (rest.length === 2) {
    const kind = hostKinds[second]
    return kind ? { kind, domain, host: first, json } : undefined
  }
  if (rest.length !== 3 || !third) return undefined
  const withVNet = hostVNetKinds[second]
  if (withVNet) return { kind: withVNet, domain, host: first, vnet: third, json }
  const withClient = hostClientKinds[second]
  return withClient ? { kind: withClient, domain, host: first, client: third, json } : undefined
}
