/** A flowchart of Mermaid (https://mermaid.js.org/syntax/flowchart.html), which Git forges show within Markdown. */
import { drawnOf } from './dot.ts'
import { linkLabel, shortRate } from './labels.ts'
import { lossesOf } from './losses.ts'
import { underlayOf } from './overlay.ts'
import { type Exported, type ExportSource, nodeStateOf } from './source.ts'

export const exportMermaid = (source: ExportSource): Exported => ({
  text: drawMermaid(source, false),
  losses: lossesOf(source.request, 'mermaid', drawnOf(source)),
})

export const drawMermaid = (source: ExportSource, overSubstrate: boolean): string => {
  const { request } = source
  // Some words (end, graph) are no ids there: ids are numbered, names are labels.
  const ids = new Map(request.nodes.map(({ id }, i) => [id, `n${i}`]))
  const box = (id: string) => `${ids.get(id)}["${entities(id)}"]`
  const lines = ['flowchart LR']
  if (overSubstrate) lines.push(...hosts(source, box))
  else lines.push(...request.nodes.map(({ id }) => `  ${box(id)}`))
  for (const link of request.links) {
    const [a, b] = [link.a, link.b].map((end) => end && ids.get(end.node))
    if (a && b) lines.push(`  ${a} ---|"${entities(linkLabel(link) || link.id)}"| ${b}`)
  }
  return `${lines.join('\n')}\n`
}

const hosts = (source: ExportSource, box: (id: string) => string): readonly string[] => {
  const under = underlayOf(source)
  const placed = Map.groupBy(source.request.nodes, ({ id }) => nodeStateOf(source, id)?.host ?? '')
  const ids = new Map(under.nodes.map(({ id }, i) => [id, `h${i}`]))
  const clusters = under.nodes.flatMap(({ id, kind }) => [
    `  subgraph ${ids.get(id)}["${entities(kind === 'host' ? id : `${id} (${kind})`)}"]`,
    ...(placed.get(id) ?? []).map((node) => `    ${box(node.id)}`),
    '  end',
  ])
  const outside = [...placed].flatMap(([host, nodes]) => (ids.has(host) ? [] : nodes.map(({ id }) => `  ${box(id)}`)))
  const links = under.links.map(({ a, b, capacityBitsPerSecond }) => {
    const label = capacityBitsPerSecond > 0 ? `|"${shortRate(capacityBitsPerSecond)}"|` : ''
    return `  ${ids.get(a)} ===${label} ${ids.get(b)}`
  })
  return [...clusters, ...outside, ...links]
}

/** Within double quotes all but these is text. */
const entities = (text: string): string => text.replace(/["#&<>\n]/g, (c) => `#${c.charCodeAt(0)};`)
