/**
 * The agent's configuration file (YAML), all of it optional:
 *
 *     location: {name: eu/london, latitude: 51.5, longitude: -0.1}
 *     nics:
 *       eth1: {role: underlay, rate: 1 Gbit/s}
 *     hypervisors:
 *       lxc: {uri: 'lxc:///system'}
 *       qemu: {uri: 'qemu:///system', kvm: true}
 *       xen: {uri: 'xen:///system', guests: pvh}
 *       fake: {namespaces: true}
 *     images: /var/lib/weft/images
 *     image_store: {limit: 20 GiB, keep: 1 h}
 */
import { LineCounter, parseDocument } from 'yaml'
import { create } from '../proto/codec.ts'
import { WeftError } from '../proto/errors.ts'
import type { Location } from '../proto/generated/weft.v1.ts'

export type NicRole = 'underlay' | 'dedicated' | 'shared' | 'management'

export interface NicConfig {
  /** '' where the file says nothing. */
  readonly role: NicRole | ''
  /** 0 where the file says nothing: what the NIC itself says counts. */
  readonly rateBitsPerSecond: number
}

export interface QemuConfig {
  readonly uri: string
  /** Whether nodes may ask for the processor to do it; then it is tried once a boot of the machine. */
  readonly kvm: boolean
  /** False where the file says nothing of hypervisors: then it is used where libvirt's QEMU driver has run. */
  readonly isNamed: boolean
}

export interface XenConfig {
  readonly uri: string
  /** Kinds of guests that may be made; which of them a node is depends on the host and on its kernel. */
  readonly guests: 'any' | 'pv' | 'pvh'
  /** False where the file says nothing of hypervisors: then it is used on a Dom0 alone. */
  readonly isNamed: boolean
}

export interface AgentConfig {
  readonly location: Location | undefined
  readonly nics: ReadonlyMap<string, NicConfig>
  readonly hypervisors: {
    /** undefined: not used on this host. */
    readonly lxc: { readonly uri: string } | undefined
    readonly qemu: QemuConfig | undefined
    readonly xen: XenConfig | undefined
    readonly fake: { readonly namespaces: boolean } | undefined
  }
  /** Directory whose directories are the images; '' for the one in the state directory. */
  readonly images: string
  /** Of what is fetched from providers' catalogues. */
  readonly imageStore: {
    /** That it may take together. */
    readonly mostBytes: number
    /** How long an image that no node uses is kept, in milliseconds. */
    readonly keepMs: number
  }
}

const xenGuests: readonly string[] = ['any', 'pv', 'pvh']
const roles: readonly string[] = ['underlay', 'dedicated', 'shared', 'management']
const units: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9, Tbit: 1e12 }

const byteUnits: Readonly<Record<string, number>> = {
  ...{ MB: 1e6, GB: 1e9, TB: 1e12 },
  ...{ MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
}
const timeUnits: Readonly<Record<string, number>> = { s: 1e3, min: 60e3, h: 3600e3, d: 86_400e3 }
const defaultImageBytes = 20 * 2 ** 30
const defaultKeepMs = 3600e3

type Fail = (path: string, right: string) => never
type Tree = Readonly<Record<string, unknown>>

const map = (value: unknown, path: string, known: readonly string[] | undefined, fail: Fail): Tree => {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) return fail(path, 'a map')
  for (const key of Object.keys(value)) {
    if (known && !known.includes(key)) fail(path === '' ? key : `${path}.${key}`, `one of ${known.join(', ')}`)
  }
  return value as Tree
}

const text = (value: unknown, path: string, fallback: string, fail: Fail): string =>
  value === undefined ? fallback : typeof value === 'string' && value !== '' ? value : fail(path, 'text')

const rate = (value: unknown, path: string, fail: Fail): number => {
  if (value === undefined) return 0
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?([kMGT]?bit)\/s$/.exec(value) : null
  const bits = match ? Math.round(Number(match[1]) * (units[match[2] ?? ''] ?? 0)) : 0
  return bits > 0 ? bits : fail(path, 'a rate, for instance "1 Gbit/s"')
}

/** A number with one of the units. */
const amount = (
  value: unknown,
  path: string,
  unitsOf: Readonly<Record<string, number>>,
  fallback: number,
  fail: Fail,
): number => {
  if (value === undefined) return fallback
  const [, number, unit = ''] = (typeof value === 'string' && /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(value)) || []
  const factor = unitsOf[unit]
  return factor === undefined
    ? fail(path, `a number with one of the units ${Object.keys(unitsOf).join(', ')}`)
    : Math.round(Number(number) * factor)
}

const location = (value: unknown, fail: Fail): Location | undefined => {
  if (value === undefined) return undefined
  const tree = map(value, 'location', ['name', 'latitude', 'longitude'], fail)
  const degrees = (key: string, most: number): number | undefined => {
    const number = tree[key]
    if (number === undefined) return undefined
    const isRight = typeof number === 'number' && Math.abs(number) <= most
    return isRight ? number : fail(`location.${key}`, `degrees, -${most} to ${most}`)
  }
  return create('Location', {
    name: text(tree['name'], 'location.name', '', fail),
    latitude: degrees('latitude', 90),
    longitude: degrees('longitude', 180),
  })
}

const nic = (value: unknown, path: string, fail: Fail): NicConfig => {
  const tree = map(value, path, ['role', 'rate'], fail)
  const role = text(tree['role'], `${path}.role`, '', fail)
  if (role !== '' && !roles.includes(role)) fail(`${path}.role`, `one of ${roles.join(', ')}`)
  return { role: role as NicRole | '', rateBitsPerSecond: rate(tree['rate'], `${path}.rate`, fail) }
}

/** Throws config.invalid with file:line. */
export const parseConfig = (source: string, file: string): AgentConfig => {
  const lineCounter = new LineCounter()
  const document = parseDocument(source, { lineCounter })
  const [problem] = document.errors
  if (problem) {
    const where = `${file}:${lineCounter.linePos(problem.pos[0]).line}`
    throw new WeftError('config.invalid', `${file} is no YAML: ${problem.message.split('\n')[0]}`, { where })
  }
  const fail: Fail = (path, right) => {
    const node = document.getIn(path.split('.'), true) as { range?: readonly number[] } | undefined
    const line = node?.range ? lineCounter.linePos(node.range[0] ?? 0).line : 1
    throw new WeftError('config.invalid', `${path || 'the file'} is not ${right}`, { where: `${file}:${line}` })
  }
  const top = map(document.toJS(), '', ['location', 'nics', 'hypervisors', 'images', 'image_store'], fail)
  const hypervisors = map(top['hypervisors'], 'hypervisors', ['lxc', 'qemu', 'xen', 'fake'], fail)
  const lxc = map(hypervisors['lxc'], 'hypervisors.lxc', ['uri'], fail)
  const qemu = map(hypervisors['qemu'], 'hypervisors.qemu', ['uri', 'kvm'], fail)
  const kvm = qemu['kvm'] ?? true
  if (typeof kvm !== 'boolean') fail('hypervisors.qemu.kvm', 'true or false')
  const xen = map(hypervisors['xen'], 'hypervisors.xen', ['uri', 'guests'], fail)
  const guests = text(xen['guests'], 'hypervisors.xen.guests', 'any', fail)
  if (!xenGuests.includes(guests)) fail('hypervisors.xen.guests', `one of ${xenGuests.join(', ')}`)
  const fake = map(hypervisors['fake'], 'hypervisors.fake', ['namespaces'], fail)
  const namespaces = fake['namespaces'] ?? false
  if (typeof namespaces !== 'boolean') fail('hypervisors.fake.namespaces', 'true or false')
  const store = map(top['image_store'], 'image_store', ['limit', 'keep'], fail)
  const nics = Object.entries(map(top['nics'], 'nics', undefined, fail))
  // Without a word on hypervisors the host uses what it has; with one, what is named.
  const isOpen = top['hypervisors'] === undefined
  const usesLxc = isOpen || 'lxc' in hypervisors
  const usesQemu = isOpen || 'qemu' in hypervisors
  const usesXen = isOpen || 'xen' in hypervisors
  return {
    location: location(top['location'], fail),
    nics: new Map(nics.map(([name, value]) => [name, nic(value, `nics.${name}`, fail)])),
    hypervisors: {
      lxc: usesLxc ? { uri: text(lxc['uri'], 'hypervisors.lxc.uri', 'lxc:///system', fail) } : undefined,
      qemu: usesQemu
        ? {
            uri: text(qemu['uri'], 'hypervisors.qemu.uri', 'qemu:///system', fail),
            kvm: kvm === true,
            isNamed: !isOpen,
          }
        : undefined,
      xen: usesXen
        ? {
            uri: text(xen['uri'], 'hypervisors.xen.uri', 'xen:///system', fail),
            guests: guests as XenConfig['guests'],
            isNamed: !isOpen,
          }
        : undefined,
      fake: 'fake' in hypervisors ? { namespaces: namespaces === true } : undefined,
    },
    images: text(top['images'], 'images', '', fail),
    imageStore: {
      mostBytes: amount(store['limit'], 'image_store.limit', byteUnits, defaultImageBytes, fail),
      keepMs: amount(store['keep'], 'image_store.keep', timeUnits, defaultKeepMs, fail),
    },
  }
}
