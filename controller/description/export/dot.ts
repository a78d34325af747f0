/** DOT, the language of Graphviz (https://graphviz.org/doc/info/lang.html): the VNet or, laid over its substrate, hosts as boxes around their nodes. */
import { linkLabel, shortRate } from './labels.ts'
import { type Carried, linkedInterfaces, lossesOf } from './losses.ts'
import { underlayOf } from './overlay.ts'
import { type Exported, type ExportSource, linkStateOf, nodeStateOf } from './source.ts'

export const exportDot = (source: ExportSource): Exported => ({
  text: drawDot(source, false),
  losses: lossesOf(source.request, 'dot', drawnOf(source)),
})

/** Of pictures: names, ends and rates. */
export const drawnOf = ({ request }: ExportSource): Carried => {
  const linked = linkedInterfaces(request.links)
  return {
    vnet: ['name'],
    node: () => ['id'],
    interface: ({ index }, { id }) => (linked.has(`${id}.${index}`) ? ['index'] : undefined),
    link: () => ['id', 'a', 'b', 'rateAToBBitsPerSecond', 'rateBToABitsPerSecond'],
  }
}

export const drawDot = (source: ExportSource, overSubstrate: boolean): string => {
  const { request } = source
  const lines = [`graph ${quoted(request.name)} {`, '  node [shape=box, style=rounded];']
  if (overSubstrate) lines.push(...hosts(source))
  else lines.push(...request.nodes.map(({ id }) => `  ${quoted(id)};`))
  for (const link of request.links) {
    if (!link.a || !link.b) continue
    const path = linkStateOf(source, link.id)?.path ?? []
    const attributes = {
      label: linkLabel(link) || link.id,
      tooltip: link.id,
      ...(overSubstrate && {
        color: 'steelblue',
        ...(path.length > 1 && { tooltip: `${link.id}: ${path.join(' - ')}` }),
      }),
      taillabel: `eth${link.a.interface}`,
      headlabel: `eth${link.b.interface}`,
    }
    lines.push(`  ${quoted(link.a.node)} -- ${quoted(link.b.node)} ${list(attributes)};`)
  }
  return `${[...lines, '}'].join('\n')}\n`
}

/** Each a cluster, with a point in it that the substrate's links join. */
const hosts = (source: ExportSource): readonly string[] => {
  const { request } = source
  const under = underlayOf(source)
  const placed = Map.groupBy(request.nodes, ({ id }) => nodeStateOf(source, id)?.host ?? '')
  const known = new Set(under.nodes.map(({ id }) => id))
  const clusters = under.nodes.flatMap(({ id, kind }) => [
    `  subgraph ${quoted(`cluster_${id}`)} {`,
    `    label=${quoted(kind === 'host' ? id : `${id} (${kind})`)}; style=filled; fillcolor=gray95;`,
    `    ${quoted(`host ${id}`)} [shape=point];`,
    ...(placed.get(id) ?? []).map((node) => `    ${quoted(node.id)};`),
    '  }',
  ])
  const outside = [...placed].flatMap(([host, nodes]) =>
    known.has(host) ? [] : nodes.map(({ id }) => `  ${quoted(id)};`),
  )
  const links = under.links.map(({ a, b, capacityBitsPerSecond }) => {
    const label = capacityBitsPerSecond > 0 ? { label: shortRate(capacityBitsPerSecond) } : {}
    return `  ${quoted(`host ${a}`)} -- ${quoted(`host ${b}`)} ${list({ ...label, color: 'gray', penwidth: '3' })};`
  })
  return [...clusters, ...outside, ...links]
}

const list = (attributes: Readonly<Record<string, string>>): string =>
  `[${Object.entries(attributes)
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .join(', ')}]`

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, (c) => `\\${c}`)}"`
