/** Requests by chance, the same for the same seed. */
import { create, type Init } from '../../../proto/codec.ts'
import type {
  File,
  Impairment,
  Interface,
  Link,
  Location,
  Node,
  VNetRequest,
} from '../../../proto/generated/weft.v1.ts'
import { allocations, forwardings, hypervisors, placements, recoveries, restartPolicies } from '../limits.ts'

export interface Random {
  /** 0 to 1. */
  readonly next: () => number
  /** 0 to below. */
  readonly below: (limit: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <T>(values: readonly T[]) => T
}

/** mulberry32. */
export const createRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (values) => values[below(values.length)] as (typeof values)[number],
  }
}

/** What markup, quotes, anchors, numbers and line ends could do harm to. */
const pieces = [
  'a',
  'B',
  '0',
  ' ',
  '  ',
  '\n',
  '\n\n',
  '\t',
  '\r',
  '\r\n',
  '"',
  "'",
  '\\',
  '&',
  '<',
  '>',
  ']]>',
  '<!--',
  '&amp;',
  '#',
  ' #',
  ': ',
  ':',
  '- ',
  '? ',
  '|',
  '>',
  '*',
  '!',
  '%',
  '@',
  '`',
  '{',
  '}',
  '[',
  ']',
  ',',
  '{{node}}',
  '{{ x }}',
  '~',
  'null',
  'yes',
  '1e3',
  '0x1f',
  '0644',
  '---',
  '...',
  '=',
  'é',
  '中',
  '😀',
  '\u0085',
  '\u2028',
  '\u00a0',
  '\u007f',
] as const

export const randomText = (random: Random, longest: number): string =>
  Array.from({ length: random.below(longest) }, () => random.pick(pieces)).join('')

const randomName = (random: Random, i: number): string => {
  const body = Array.from({ length: random.below(12) }, () => random.pick([...'abcxyz0189-'])).join('')
  // Words that YAML 1.1 or JavaScript would take for something else.
  const head = random.pick(['n', 'null', 'true', 'yes', 'e1', 'constructor', 'x', 'eth0', 'o'])
  return `${head}${body}-${i}`.slice(0, 40)
}

const maybe = <T>(random: Random, make: () => T): T | undefined => (random.chance(0.5) ? make() : undefined)

const randomBytes = (random: Random): number =>
  random.pick([
    1048576,
    67108864,
    1048577,
    3 * 10 ** 9,
    2 ** 40,
    Number.MAX_SAFE_INTEGER,
    2 ** 20 + random.below(2 ** 30),
  ])

const randomRate = (random: Random): number =>
  random.pick([0, 1, 999, 1000, 1500, 10 ** 7, 2 * 10 ** 10, 1 + random.below(2 ** 40), Number.MAX_SAFE_INTEGER])

const randomLocation = (random: Random): Init<Location> => {
  const place = `a${randomText(random, 5)}z`
  if (random.chance(0.4)) return { name: place }
  const degrees = (most: number) => random.pick([0, most, -most, 1e-7, (random.next() - 0.5) * 2 * most])
  return {
    name: random.chance(0.5) ? place : '',
    latitude: degrees(90),
    longitude: degrees(180),
    withinKm: random.pick([0, 1, 0.5, 1200, 1e-7, random.next() * 20000]),
  }
}

const randomCpu = (random: Random): NonNullable<Init<Node>['cpu']> => {
  const count = random.pick([0, 1, 2, 64])
  return {
    count,
    shares: random.pick([0, 2, 1024]),
    quotaMillis: random.pick([0, 1, 250, 500, 1000, Math.max(1, count) * 1000]),
    // Enough for any of these guarantees.
    pins: random.pick(['', '', '0-63', '1,2-65,1023', '64-127,3']),
  }
}

const randomFile = (random: Random, i: number): Init<File> => ({
  path: `/etc/${random.pick(['a b', 'x', '#', 'ü', '"q"', "it's", '{y}', 'a: b'])}${i}`,
  content: randomText(random, 12),
  mode: random.pick([0, 0o644, 0o755, 0o4755, 0o007]),
})

const randomSpoofing = (random: Random): Init<Interface>['antiSpoofing'] => {
  const word = () => random.pick(['', 'on', 'off'])
  if (random.chance(0.6)) return undefined
  if (random.chance(0.2)) return { mac: 'off', ip: 'off', arp: 'off', nd: 'off', dhcpServer: 'off', ra: 'off' }
  return { mac: word(), ip: word(), arp: word(), nd: word(), dhcpServer: word(), ra: word() }
}

/** Right texts that are no easy ones to write down. */
const clicks = [
  'input -> output',
  'input -> Counter -> output\n',
  '// seen: é, ]]> & "quotes" #\ninput -> seen :: Counter\n    -> output;\n',
  '\n  input -> c :: Classifier(12/0800, -) -> output;\r\nc[1] -> Discard;  \n\n',
  '\tinput -> Paint(1) /* <b> */ -> output',
] as const

const randomImpairment = (random: Random): Init<Impairment> | undefined => {
  if (random.chance(0.5)) return undefined
  const share = () => random.pick([0, 0, 1, 1000, 12_345, 500_000, 10 ** 6])
  const delayMicroseconds = random.pick([0, 1, 1500, 10_000, 60_000_000])
  return {
    delayMicroseconds,
    jitterMicroseconds: random.pick([0, delayMicroseconds, Math.floor(delayMicroseconds / 2)]),
    lossMillionths: share(),
    duplicateMillionths: share(),
    reorderMillionths: delayMicroseconds === 0 ? 0 : share(),
  }
}

const randomInterface = (random: Random, index: number, i: number): Init<Interface> => ({
  index,
  mac: random.chance(0.3)
    ? `52:54:00:${[i >> 8, i & 255, index & 255].map((x) => x.toString(16).padStart(2, '0')).join(':')}`
    : '',
  addresses: [],
  antiSpoofing: randomSpoofing(random),
  ...random.pick([...['', ...forwardings].map((forwarding) => ({ forwarding })), withClick(random)]),
})

const withClick = (random: Random) => ({ forwarding: 'click', click: random.pick(clicks) })

const randomTerms = (random: Random, nodes: readonly { readonly id: string }[]): Init<VNetRequest> => {
  const affinity = nodes.flatMap(({ id }, i) => {
    const next = nodes[i + 1]
    return next && random.chance(0.3) ? [{ kind: random.pick(['together', 'apart']), nodes: [id, next.id] }] : []
  })
  const together = affinity.some(({ kind }) => kind === 'together')
  return {
    lifetimeSeconds: random.pick([0, 1, 59, 60, 5400, 7 * 86_400]),
    priority: random.pick([0, 0, 1, -1, 1000, -1000]),
    placement: random.pick(['', ...placements].filter((word) => !together || word !== 'distinct')),
    affinity,
  }
}

/** A valid request. */
export const randomRequest = (random: Random): VNetRequest => {
  const nodes = Array.from(
    { length: 1 + random.below(6) },
    (_, i): Init<Node> & { id: string; interfaces: Init<Interface>[] } => {
      const indices = new Set(Array.from({ length: random.below(5) }, () => random.pick([0, 1, 2, 3, 10, 999])))
      const plain = random.chance(0.3)
      return {
        id: randomName(random, i),
        location: maybe(random, () => randomLocation(random)),
        cpu: maybe(random, () => randomCpu(random)),
        memoryBytes: maybe(random, () => randomBytes(random)),
        diskBytes: maybe(random, () => randomBytes(random)),
        image: random.pick(['', 'host', 'debian-12', '12']),
        ...random.pick([
          { hypervisor: random.pick(['', ...hypervisors]), forwarding: random.pick(['', 'guest']) },
          { hypervisor: random.pick(['', 'any', 'lxc']), forwarding: 'host' },
        ]),
        allocation: random.pick(['', ...allocations]),
        restartPolicy: random.pick(['', ...restartPolicies]),
        recovery: random.pick(['', ...recoveries]),
        interfaces: [...indices].map((index, k) => (plain ? { index: k } : randomInterface(random, index, i))),
        startUp: maybe(random, () => ({
          files: Array.from({ length: random.below(3) }, (_, k) => randomFile(random, k)),
          command: random.chance(0.5) ? randomText(random, 10) : '',
        })),
      }
    },
  )
  const links: Init<Link>[] = []
  const next = new Map(nodes.map(({ id }) => [id, 20]))
  const interfaceOf = (node: (typeof nodes)[number]): number => {
    const index = next.get(node.id) ?? 20
    next.set(node.id, index + 1)
    return index
  }
  for (let i = random.below(8); i > 0; i--) {
    const [a, b] = [random.pick(nodes), random.pick(nodes)]
    const [ai, bi] = [interfaceOf(a), interfaceOf(b)]
    const technology = random.pick(['', 'any', 'vxlan', 'gre', 'vlan', 'qinq', 'ipip', 'etherip', 'mpls'])
    const addressed = random.chance(0.5)
    const click = ['ipip', 'etherip', 'mpls'].includes(technology)
    const forwarded = [a, b].some((node) => node.forwarding === 'host')
    if (addressed || click || forwarded) {
      const six = technology !== 'ipip' && random.chance(0.3)
      const address = (host: number) => (six ? `2001:db8:${i}::${host}/64` : `172.16.${i}.${host}/30`)
      const forwarding = click || forwarded ? 'click' : ''
      a.interfaces.push({ index: ai, addresses: addressed ? [address(1)] : [], forwarding })
      b.interfaces.push({ index: bi, addresses: addressed ? [address(2)] : [], forwarding })
    }
    const rate = randomRate(random)
    const impairment = randomImpairment(random)
    links.push({
      id: randomName(random, i),
      a: { node: a.id, interface: ai },
      b: { node: b.id, interface: bi },
      rateAToBBitsPerSecond: rate,
      rateBToABitsPerSecond: random.chance(0.5) ? rate : randomRate(random),
      delayMicroseconds: random.pick([0, 1, 1500, 5000, 10 ** 6, Number.MAX_SAFE_INTEGER]),
      technology,
      impairmentAToB: impairment,
      impairmentBToA: random.chance(0.5) ? impairment : randomImpairment(random),
      down: random.chance(0.2),
    })
  }
  return create('VNetRequest', {
    name: randomName(random, 0),
    prefix: random.pick(['', '10.0.0.0/8', '10.1.0.0/16']),
    ...randomTerms(random, nodes),
    nodes,
    links,
  })
}
