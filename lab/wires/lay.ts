/** Makes the wires of a plan between the namespaces of a lab, by iproute2's batches: ip-link(8), ip-address(8), ip-route(8). */
import { WeftError } from '../../proto/errors.ts'
import { joinLines } from '../host/emulated.ts'
import { run } from '../processes.ts'
import type { Port, WirePlan } from './plan.ts'

/** Lines for `ip -batch` that make all pairs; each end is born in the namespace of its node, never in ours. */
export const pairLines = (plan: WirePlan, pidOf: (node: string) => number): readonly string[] =>
  plan.wires.map(({ ends: [a, b], mtu }) => {
    const end = ({ node, name }: typeof a) => `${name} netns ${pidOf(node)} mtu ${mtu}`
    return `link add ${end(a)} type veth peer name ${end(b)}`
  })

/** Interfaces that a node has of the substrate, in the order of its wires. */
export const nicsOf = (plan: WirePlan, node: string): readonly { readonly name: string; readonly mtu: number }[] =>
  plan.wires.flatMap(({ ends, mtu }) => ends.filter((end) => end.node === node).map(({ name }) => ({ name, mtu })))

/** Lines for `ip -batch` that give the interfaces of a node their addresses, and the node its routes. */
export const addressLines = (plan: WirePlan, node: string): readonly string[] => [
  ...plan.addresses.filter((at) => at.node === node).map(({ name, address }) => `address add ${address} dev ${name}`),
  ...plan.routes.filter((at) => at.node === node).map(({ to, via }) => `route add ${to} via ${via}`),
]

/** Lines for `ip -batch` in the namespace of one node. */
export const nodeLines = (plan: WirePlan, node: string): readonly string[] => {
  const isSwitch = plan.nodes.some(({ name, kind }) => name === node && kind === 'switch')
  return [
    ...(isSwitch ? ['link add br0 mtu 1600 type bridge', 'link set br0 up'] : []),
    ...nicsOf(plan, node).map(({ name }) => `link set ${name} ${isSwitch ? 'master br0 ' : ''}up`),
    ...addressLines(plan, node),
  ]
}

/** Lines for `ip -batch` in the namespace of `peer`, whose ends of its wires to a node went with that and are there again. */
export const againLines = (plan: WirePlan, node: string, peer: string): readonly string[] => {
  const isSwitch = plan.nodes.some(({ name, kind }) => name === peer && kind === 'switch')
  const ports = portsTowards(plan, node).filter((port) => port.node === peer)
  const own = new Set(plan.addresses.filter((at) => at.node === node).map(({ address }) => address.split('/')[0]))
  const isThere = (name: string): boolean => ports.some((port) => port.name === name)
  return [
    ...ports.map(({ name }) => `link set ${name} ${isSwitch ? 'master br0 ' : ''}up`),
    ...plan.addresses
      .filter((at) => at.node === peer && isThere(at.name))
      .map(({ name, address }) => `address add ${address} dev ${name}`),
    ...plan.routes
      .filter(({ node: at, via }) => at === peer && own.has(via))
      .map(({ to, via }) => `route add ${to} via ${via}`),
  ]
}

/** Far ends of a node's wires. */
export const portsTowards = (plan: WirePlan, node: string): readonly Port[] =>
  plan.wires.flatMap(({ ends: [a, b] }) => (a.node === node ? [b] : b.node === node ? [a] : []))

const batch = async (prefix: readonly string[], lines: readonly string[], subject: string): Promise<void> => {
  if (lines.length === 0) return
  const { status, stderr } = await run([...prefix, 'ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
  if (status !== 0) throw new WeftError('lab.failed', `the wires of ${subject} were not made: ${stderr.trim()}`)
}

export interface Places {
  /** A process in the node's network namespace. */
  readonly pidOf: (node: string) => number
  /** Whether the namespace only holds the wires of a machine, which has the addresses itself. */
  readonly isEmulated?: (node: string) => boolean
}

/** Throws lab.failed with the words of iproute2. */
export const layWires = async (plan: WirePlan, { pidOf, isEmulated = () => false }: Places): Promise<void> => {
  await batch([], pairLines(plan, pidOf), 'the lab')
  await Promise.all(
    plan.nodes.map(({ name }) => {
      const lines = isEmulated(name) ? joinLines(nicsOf(plan, name)) : nodeLines(plan, name)
      return batch(['nsenter', `--net=/proc/${pidOf(name)}/ns/net`], lines, name)
    }),
  )
}

/** Of one node that is started again. Throws lab.failed with the words of iproute2. */
export const layWiresAgain = async (plan: WirePlan, node: string, { pidOf }: Pick<Places, 'pidOf'>): Promise<void> => {
  const own = { ...plan, wires: plan.wires.filter(({ ends }) => ends.some((end) => end.node === node)) }
  await batch([], pairLines(own, pidOf), node)
  const peers = new Set(portsTowards(plan, node).map((port) => port.node))
  await Promise.all(
    [node, ...peers].map((name) => {
      const lines = name === node ? nodeLines(plan, node) : againLines(plan, node, name)
      return batch(['nsenter', `--net=/proc/${pidOf(name)}/ns/net`], lines, name)
    }),
  )
}
