/**
 * Reads a substrate file (YAML; JSON is YAML too): schema/weft-substrate-1.json, then the rules that a schema cannot say.
 */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Location, SubstrateEnd, SubstrateLink, SubstrateNode } from '../../proto/generated/weft.v1.ts'
import { isName } from '../../proto/topics.ts'
import { bytes, delay, rate } from '../description/units.ts'
import { compileSchema, type Path, readYaml } from '../yaml.ts'
import { type FencingFile, readFencing } from './fencing.ts'
import { type ImageEntry, readImages } from './images.ts'
import { type PoolFile, withPools } from './pools.ts'
import { type Reader, readerOf } from './reader.ts'
import schema from './schema/weft-substrate-1.json' with { type: 'json' }
import type { DeclaredSubstrate } from './substrate.ts'
import { overlappingPrefixes, tunnelPrefixProblem } from './tunnel-prefix.ts'

/** What the schema has let through. */
interface SubstrateFile {
  readonly name: string
  readonly cpu_overcommit?: number
  readonly thrift?: number
  readonly hosts: Readonly<Record<string, HostEntry | null>>
  readonly switches?: Readonly<Record<string, PlaceEntry | null>> | null
  readonly fabrics?: Readonly<Record<string, PlaceEntry | null>> | null
  readonly links?: readonly LinkEntry[] | null
  readonly images?: Readonly<Record<string, ImageEntry>> | null
  readonly pools?: Readonly<Record<string, PoolFile>> | null
  readonly fencing?: FencingFile | null
}
interface PlaceEntry {
  readonly location?: Partial<Location>
}
interface HostEntry extends PlaceEntry {
  readonly cpu?: number
  readonly memory?: string
  readonly disk?: string
  readonly nics?: Readonly<Record<string, 'dedicated' | 'shared'>>
  readonly tunnel_prefix?: string
}
interface LinkEntry {
  readonly id?: string
  readonly ends: readonly [string, string]
  readonly capacity: string
  readonly delay?: string
}

const validate = compileSchema(schema)

/** Throws the first of `readSubstrate`'s errors. */
export const parseSubstrate = (text: string, file: string): DeclaredSubstrate => {
  const { substrate, errors } = readSubstrate(text, file)
  if (!substrate) throw errors[0] ?? new WeftError('substrate.invalid', `${file} declares nothing`)
  return substrate
}

/** The substrate, or every error found in the file: substrate.invalid with where (file:line) and hint. */
export const readSubstrate = (
  text: string,
  file: string,
): { readonly substrate?: DeclaredSubstrate; readonly errors: readonly WeftError[] } => {
  const yaml = readYaml(text, file, validate, { syntax: 'substrate.invalid', invalid: 'substrate.invalid' })
  if (yaml.errors.length > 0) return { errors: yaml.errors }
  const reader = readerOf(yaml)
  const input = yaml.value as SubstrateFile
  const nodes = readNodes(input, reader)
  const links = readLinks(input, nodes, reader)
  const images = readImages(input.images, reader)
  const pooled = withPools(input.pools, nodes, images, reader)
  const fencing = readFencing(input.fencing, reader)
  const { errors, positions } = reader
  if (errors.length > 0) return { errors }
  const cpuOvercommit = input.cpu_overcommit ?? 1
  return {
    substrate: {
      name: input.name,
      nodes: pooled,
      links,
      images,
      cpuOvercommit,
      thrift: input.thrift,
      fencing,
      positions,
    },
    errors,
  }
}

const readNodes = (input: SubstrateFile, reader: Reader): ReadonlyMap<string, SubstrateNode> => {
  const nodes = new Map<string, SubstrateNode>()
  const add = (path: Path, id: string, node: Omit<Partial<SubstrateNode>, 'id'>): void => {
    const other = nodes.get(id)
    if (!isName(id)) reader.fail(path, 'is no name', 'letters, digits, dots, hyphens and underscores, at most 80')
    else if (other) reader.fail(path, `is the name of a ${other.kind} too`, 'give each a name of its own')
    else {
      reader.declare(`node/${id}`, path)
      nodes.set(id, create('SubstrateNode', { ...node, id }))
    }
  }
  for (const [id, host] of Object.entries(input.hosts)) {
    const path = ['hosts', id]
    const nics = Object.entries(host?.nics ?? {})
    const named = (role: string): string[] => nics.filter(([, given]) => given === role).map(([name]) => name)
    add(path, id, {
      kind: 'host',
      location: locationOf(host),
      cpuMillis: reader.amount('cpus', host?.cpu, [...path, 'cpu']),
      memoryBytes: reader.amount(bytes, host?.memory, [...path, 'memory']),
      diskBytes: reader.amount(bytes, host?.disk, [...path, 'disk']),
      nics: named('dedicated'),
      sharedNics: named('shared'),
      tunnelPrefix: readTunnelPrefix(host?.tunnel_prefix, [...path, 'tunnel_prefix'], reader),
    })
  }
  for (const [id, { id: other, subnet }] of overlappingPrefixes([...nodes.values()]))
    reader.fail(
      ['hosts', id, 'tunnel_prefix'],
      `is ${nodes.get(id)?.tunnelPrefix}, which overlaps ${subnet} of ${other}`,
      'a prefix of its own for each host',
    )
  for (const [section, kind] of [
    ['switches', 'switch'],
    ['fabrics', 'fabric'],
  ] as const)
    for (const [id, place] of Object.entries(input[section] ?? {}))
      add([section, id], id, { kind, location: locationOf(place) })
  return nodes
}

/** '' where there is none, or where it is wrong (and told). */
const readTunnelPrefix = (text: string | undefined, path: Path, reader: Reader): string => {
  if (text === undefined) return ''
  const problem = tunnelPrefixProblem(text)
  if (problem === undefined) return text
  reader.fail(path, `is ${JSON.stringify(text)}: ${problem}`, 'an IPv4 prefix, for instance 198.18.1.0/24')
  return ''
}

const locationOf = (place: PlaceEntry | null): Location | undefined =>
  place?.location && create('Location', place.location)

const readLinks = (
  input: SubstrateFile,
  nodes: ReadonlyMap<string, SubstrateNode>,
  reader: Reader,
): readonly SubstrateLink[] => {
  const links = new Map<string, SubstrateLink>()
  const taken = new Map<string, string>()
  for (const [index, entry] of (input.links ?? []).entries()) {
    const path = ['links', index]
    const ends = entry.ends.map((text, i) => readEnd(text, nodes, [...path, 'ends', i], reader))
    const capacityBitsPerSecond = reader.amount(rate, entry.capacity, [...path, 'capacity'])
    const delayMicroseconds = reader.amount(delay, entry.delay, [...path, 'delay'])
    const [a, b] = ends
    if (!a || !b) continue
    if (a.node === b.node) reader.fail([...path, 'ends'], `are both at ${a.node}`, 'a link joins two nodes')
    const id = entry.id ?? `${a.node}-${b.node}`
    if (links.has(id)) reader.fail(path, `is the second link "${id}"`, 'give parallel links ids of their own')
    else if (!isName(id)) reader.fail(path, `would be called "${id}"`, 'give the link an id of at most 80 characters')
    for (const end of [a, b]) {
      if (!end.nic) continue
      const nic = `${end.node}/${end.nic}`
      const other = taken.get(nic)
      if (other)
        reader.fail(
          path,
          `ends at ${nic}, as ${other} does`,
          `put the switch or fabric that ${nic} is plugged into between`,
        )
      taken.set(nic, `link ${id}`)
    }
    reader.declare(`link/${id}`, path)
    links.set(id, create('SubstrateLink', { id, a, b, capacityBitsPerSecond, delayMicroseconds }))
  }
  return [...links.values()]
}

const readEnd = (
  text: string,
  nodes: ReadonlyMap<string, SubstrateNode>,
  path: Path,
  reader: Reader,
): SubstrateEnd | undefined => {
  const [id = '', nic = '', ...rest] = text.split('/')
  const node = nodes.get(id)
  const refuse = (message: string, hint: string): undefined => void reader.fail(path, message, hint)
  if (!node) return refuse(`names "${id}", which is not declared`, `one of ${[...nodes.keys()].join(', ')}`)
  if (node.kind === 'host') {
    if (!nic || rest.length > 0) return refuse(`is "${text}"`, `name the NIC of the host, as ${id}/eth1`)
    if ([...node.nics, ...node.sharedNics].includes(nic))
      return refuse(`is ${text}, which is given to nodes`, `take ${nic} out of the host's nics, or use another NIC`)
  } else if (text.includes('/')) return refuse(`names a NIC of a ${node.kind}`, `write "${id}"`)
  return { node: id, nic }
}
