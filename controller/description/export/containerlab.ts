/**
 * A lab of containerlab. Its nodes have no network of management, so that eth0 is a link's as it is in the VNet. containerlab knows no rates:
 * `containerlab tools netem` sets what is lost here.
 */
import type { Interface, Link, Node } from '../../../proto/generated/weft.v1.ts'
import { shellQuote } from '../import/shell.ts'
import { isQuotaAlone } from '../outline.ts'
import { formatCpus } from '../units.ts'
import { type Carried, linkedInterfaces, lossesOf } from './losses.ts'
import type { Exported, ExportSource } from './source.ts'

/** containerlab starts no container without an image: a small one, of a node that names none. */
const defaultImage = 'debian:stable-slim'
const mebi = 2 ** 20

/** The library for YAML is loaded where it is needed. */
export const exportContainerlab = async ({ request }: ExportSource): Promise<Exported> => {
  const { stringify } = await import('yaml')
  const nodes = new Map(request.nodes.map((node) => [node.id, node]))
  const lab = {
    name: request.name,
    topology: {
      defaults: { kind: 'linux', image: defaultImage, 'network-mode': 'none' },
      nodes: Object.fromEntries(request.nodes.map((node) => [node.id, outlineNode(node)])),
      ...(request.links.length > 0 && { links: request.links.map((link) => outlineLink(link, nodes)) }),
    },
  }
  return {
    text: stringify(lab, { lineWidth: 0, aliasDuplicateObjects: false }),
    losses: lossesOf(request, 'containerlab', carriedOf(request.links)),
  }
}

const restarts: Readonly<Record<string, string>> = { never: 'no', 'on-failure': 'on-failure', always: 'always' }

const outlineNode = ({ cpu, memoryBytes, image, restartPolicy, startUp }: Node) => ({
  ...(image !== '' && { image }),
  ...(cpu && isQuotaAlone(cpu) && { cpu: Number(formatCpus(cpu.quotaMillis)) }),
  ...(memoryBytes > 0 && { memory: memoryBytes % mebi === 0 ? `${memoryBytes / mebi}MiB` : `${memoryBytes}B` }),
  ...(restartPolicy !== '' && { 'restart-policy': restarts[restartPolicy] }),
  ...(startUp?.command && { exec: [`sh -c ${alwaysQuote(startUp.command)}`] }),
})

const alwaysQuote = (command: string): string => {
  const quoted = shellQuote(command)
  return quoted.startsWith("'") ? quoted : `'${quoted}'`
}

const outlineLink = ({ a, b }: Link, nodes: ReadonlyMap<string, Node>) => {
  const ends = [a, b].flatMap((end) => {
    if (!end) return []
    const each = nodes.get(end.node)?.interfaces.find(({ index }) => index === end.interface)
    const addresses = each && isFitting(each) ? each.addresses : []
    return [{ node: end.node, interface: `eth${end.interface}`, mac: each?.mac ?? '', addresses }]
  })
  const addresses = (isOf: (address: string) => boolean) => ends.map((end) => end.addresses.find(isOf) ?? '')
  const [ipv4, ipv6] = [addresses((text) => !text.includes(':')), addresses((text) => text.includes(':'))]
  const withMac = ends.some(({ mac }) => mac !== '')
  return {
    ...(withMac
      ? {
          type: 'veth',
          endpoints: ends.map(({ node, interface: name, mac }) => ({ node, interface: name, ...(mac && { mac }) })),
        }
      : { endpoints: ends.map(({ node, interface: name }) => `${node}:${name}`) }),
    ...(ipv4.some((text) => text !== '') && { ipv4 }),
    ...(ipv6.some((text) => text !== '') && { ipv6 }),
  }
}

/** A link has a place for one address of each family at each end. */
const isFitting = ({ addresses }: Interface): boolean => {
  const six = addresses.filter((text) => text.includes(':')).length
  return six <= 1 && addresses.length - six <= 1
}

const carriedOf = (links: readonly Link[]): Carried => {
  const linked = linkedInterfaces(links)
  return {
    vnet: ['name'],
    node: ({ cpu }) => [
      ...['id', 'memoryBytes', 'image', 'restartPolicy', 'startUp.command'],
      ...(cpu && isQuotaAlone(cpu) ? ['cpu.count', 'cpu.quotaMillis'] : []),
    ],
    interface: (each: Interface, { id }) => {
      if (!linked.has(`${id}.${each.index}`)) return undefined
      return isFitting(each) ? ['index', 'mac', 'addresses'] : ['index', 'mac']
    },
    // A link there has no name; one that is read gets its nodes'.
    link: ({ id, a, b }) => (id === `${a?.node}-${b?.node}` ? ['id', 'a', 'b'] : ['a', 'b']),
  }
}
