/** A valid request in its normal form: every default explicit, so that what works on it asks no "or else". */
import type { Cpu, Impairment, Interface, Link, Node, StartUp, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { normalAntiSpoofing } from './anti-spoofing.ts'
import { isUnimpaired } from './impairments.ts'

const mi = 1024 * 1024

/** Memory of a node that does not say: what an init, a shell and a daemon need, in a container or with a kernel of their own. */
const defaultMemoryBytes = (hypervisor: string): number => {
  if (hypervisor === 'lxc' || hypervisor === 'fake') return 64 * mi
  return hypervisor === 'any' ? 128 * mi : 256 * mi
}

/**
 * The same request with interfaces derived from links and sorted by index, and with the defaults of processing power, memory,
 * hypervisor, forwarding, allocation, restart policy, recovery, file mode, technology and placement, and with anti-spoofing where it is not
 * on (normalAntiSpoofing). What a provider chooses (image, MAC and IP addresses, disk, and of preallocated nodes CPUs and memory) stays empty.
 * Idempotent.
 */
export const fillIn = (request: VNetRequest): VNetRequest => {
  const linked = linkedInterfaces(request.links)
  return {
    ...request,
    placement: request.placement || 'spread',
    nodes: request.nodes.map((node) => fillInNode(node, linked.get(node.id) ?? new Set())),
    links: request.links.map(fillInLink),
  }
}

const fillInLink = (link: Link): Link => ({
  ...link,
  technology: link.technology || 'any',
  impairmentAToB: fillInImpairment(link.impairmentAToB),
  impairmentBToA: fillInImpairment(link.impairmentBToA),
})

const fillInImpairment = (impairment: Impairment | undefined): Impairment | undefined =>
  impairment && isUnimpaired(impairment) ? undefined : impairment

const linkedInterfaces = (links: readonly Link[]): ReadonlyMap<string, ReadonlySet<number>> => {
  const linked = new Map<string, Set<number>>()
  for (const { a, b } of links) {
    for (const end of [a, b]) {
      if (!end) continue
      const indices = linked.get(end.node) ?? new Set()
      linked.set(end.node, indices.add(end.interface))
    }
  }
  return linked
}

const fillInNode = (node: Node, linked: ReadonlySet<number>): Node => {
  const forwarding = node.forwarding || 'guest'
  const hypervisor = fillInHypervisor(node.hypervisor, forwarding)
  const { startUp } = node
  // What its provider keeps booted has CPUs and memory already: what is left out is as it is there.
  const isTaken = node.allocation === 'preallocated'
  return {
    ...node,
    cpu: fillInCpu(node.cpu, isTaken ? 0 : 1),
    memoryBytes: node.memoryBytes || (isTaken ? 0 : defaultMemoryBytes(hypervisor)),
    hypervisor,
    interfaces: fillInInterfaces(node.interfaces, linked),
    allocation: node.allocation || 'on-demand',
    restartPolicy: node.restartPolicy || 'always',
    recovery: node.recovery || 'elsewhere',
    forwarding,
    ...(startUp && { startUp: fillInStartUp(startUp) }),
  }
}

/** The host forwards for containers alone. */
const fillInHypervisor = (hypervisor: string, forwarding: string): string => {
  if (hypervisor !== '' && hypervisor !== 'any') return hypervisor
  return forwarding === 'host' ? 'lxc' : 'any'
}

const fillInCpu = (cpu: Cpu | undefined, leastCount: number): Cpu => ({
  count: cpu?.count || leastCount,
  shares: cpu?.shares ?? 0,
  quotaMillis: cpu?.quotaMillis ?? 0,
  pins: cpu?.pins ?? '',
})

const fillInInterfaces = (given: readonly Interface[], linked: ReadonlySet<number>): readonly Interface[] => {
  const known = new Set(given.map(({ index }) => index))
  const derived = [...linked]
    .filter((index) => !known.has(index))
    .map((index): Interface => ({ index, mac: '', addresses: [], forwarding: '', physical: '', click: '' }))
  const all = [...given, ...derived]
  const isJoined = ({ index, physical }: Interface) => physical !== '' || linked.has(index)
  const passesOn = all.filter(isJoined).length > 1
  return all
    .sort((a, b) => a.index - b.index)
    .map((each) => ({
      ...each,
      mac: each.mac.toLowerCase(),
      forwarding: each.forwarding || 'bridge',
      antiSpoofing: normalAntiSpoofing(each.antiSpoofing, passesOn && isJoined(each)),
    }))
}

const fillInStartUp = ({ files, command }: StartUp): StartUp => ({
  files: files.map((file) => ({ ...file, mode: file.mode || 0o644 })),
  command,
})
