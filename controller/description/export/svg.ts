/** SVG: boxes for nodes, a line a link. Laid over the substrate, nodes stand in the boxes of their hosts and links follow their paths. */
import type { Link } from '../../../proto/generated/weft.v1.ts'
import { linkLabel, shortRate } from './labels.ts'
import { layOut, type Point } from './layout.ts'
import { type Underlay, underlayOf } from './overlay.ts'
import { type ExportSource, linkStateOf, nodeStateOf } from './source.ts'
import { escapeXml } from './xml-text.ts'

/** Pixels. */
const margin = 24
const lineHeight = 18
const nodeHeight = 26
const gap = 10
/** About how wide a character is, of the font below. */
const characterWidth = 7.2

/** Told apart by people who see few colours too (Okabe, Ito, 2008). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const

interface Box {
  /** Of its middle. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const drawSvg = (source: ExportSource, overSubstrate: boolean): string =>
  overSubstrate ? drawOver(source) : drawAlone(source)

const widthOf = (text: string): number => Math.max(44, text.length * characterWidth + 16)

const drawAlone = (source: ExportSource): string => {
  const { nodes, links } = source.request
  const index = new Map(nodes.map(({ id }, i) => [id, i]))
  const edges = links.flatMap(({ a, b }): readonly (readonly [number, number])[] => {
    const [from, to] = [index.get(a?.node ?? ''), index.get(b?.node ?? '')]
    return from === undefined || to === undefined ? [] : [[from, to]]
  })
  const sizes = nodes.map(({ id }) => ({ width: widthOf(id), height: nodeHeight }))
  const boxes = place(sizes, layOut(nodes.length, edges), 130)
  const boxOf = new Map(nodes.map(({ id }, i) => [id, boxes[i]]))
  const parallel = new Map<string, number>()
  return page(boxes, [
    ...links.flatMap((link) => {
      const [from, to] = [boxOf.get(link.a?.node ?? ''), boxOf.get(link.b?.node ?? '')]
      if (!from || !to) return []
      return linkLines(link, [from, to], bendOf(link, parallel), '#555', linkLabel(link))
    }),
    ...nodes.flatMap(({ id }) => nodeLines(id, boxOf.get(id))),
  ])
}

/** Links between the same two nodes are drawn beside each other: 0, 1, -1, 2, … */
const bendOf = ({ a, b }: Link, seen: Map<string, number>): number => {
  const pair = [a?.node, b?.node].sort().join(' ')
  const count = seen.get(pair) ?? 0
  seen.set(pair, count + 1)
  return Math.ceil(count / 2) * (count % 2 === 0 ? -1 : 1)
}

/** Boxes at the places of a layout, so far apart that none covers another. */
const place = (
  sizes: readonly { width: number; height: number }[],
  points: readonly Point[],
  unit: number,
): readonly Box[] => {
  let scale = unit
  const boxesAt = (by: number): readonly Box[] =>
    points.map(({ x, y }, i) => ({ x: x * by, y: y * by, width: sizes[i]?.width ?? 0, height: sizes[i]?.height ?? 0 }))
  for (let tries = 0; tries < 40 && hasOverlap(boxesAt(scale)); tries++) scale *= 1.15
  const boxes = boxesAt(scale)
  const left = Math.min(0, ...boxes.map(({ x, width }) => x - width / 2))
  const top = Math.min(0, ...boxes.map(({ y, height }) => y - height / 2))
  return boxes.map((box) => ({ ...box, x: box.x - left + margin, y: box.y - top + margin }))
}

const hasOverlap = (boxes: readonly Box[]): boolean => {
  const sorted = boxes.toSorted((p, q) => p.x - p.width / 2 - (q.x - q.width / 2))
  for (const [i, p] of sorted.entries()) {
    for (let j = i + 1; j < sorted.length; j++) {
      const q = sorted[j] as Box
      if (q.x - q.width / 2 > p.x + p.width / 2 + gap) break
      if (Math.abs(p.y - q.y) < (p.height + q.height) / 2 + gap) return true
    }
  }
  return false
}

const drawOver = (source: ExportSource): string => {
  const under = underlayOf(source)
  const hosts = withUnplaced(source, under)
  const placed = Map.groupBy(source.request.nodes, ({ id }) => hosts.of(id))
  const index = new Map(hosts.ids.map((id, i) => [id, i]))
  const edges = under.links.map(({ a, b }) => [index.get(a) ?? 0, index.get(b) ?? 0] as const)
  const sizes = hosts.ids.map((id) => hostSize(id, placed.get(id) ?? []))
  const boxes = place(sizes, layOut(hosts.ids.length, edges), 220)
  const boxOf = new Map(hosts.ids.map((id, i) => [id, boxes[i]]))
  const nodeBoxes = new Map(
    hosts.ids.flatMap((id) =>
      nodesWithin(boxOf.get(id), placed.get(id) ?? []).map((each) => [each.id, each.box] as const),
    ),
  )
  return page(boxes, [
    ...under.links.flatMap((link) => underLines(link.capacityBitsPerSecond, boxOf.get(link.a), boxOf.get(link.b))),
    ...hosts.ids.flatMap((id) => hostLines(id, hosts.kindOf(id), boxOf.get(id))),
    ...source.request.links.flatMap((link, i) => {
      const [from, to] = [nodeBoxes.get(link.a?.node ?? ''), nodeBoxes.get(link.b?.node ?? '')]
      if (!from || !to) return []
      const path = linkStateOf(source, link.id)?.path ?? []
      const through = path.slice(1, -1).flatMap((id) => boxOf.get(id) ?? [])
      return linkLines(link, [from, ...through, to], (i % 5) - 2, colours[i % colours.length] ?? '#000', link.id)
    }),
    ...source.request.nodes.flatMap(({ id }) => nodeLines(id, nodeBoxes.get(id))),
  ])
}

/** Nodes without a host have a box of their own. */
const withUnplaced = (source: ExportSource, under: Underlay) => {
  const kinds = new Map(under.nodes.map(({ id, kind }) => [id, kind]))
  const of = (id: string): string => {
    const host = nodeStateOf(source, id)?.host ?? ''
    return kinds.has(host) ? host : ''
  }
  const ids = under.nodes.map(({ id }) => id)
  if (source.request.nodes.some(({ id }) => of(id) === '')) ids.push('')
  return { ids, of, kindOf: (id: string) => kinds.get(id) ?? 'host' }
}

interface Named {
  readonly id: string
}

/** Nodes of a host stand in columns. */
const columnsOf = (count: number): number => Math.max(1, Math.ceil(Math.sqrt(count / 2)))

const hostSize = (id: string, nodes: readonly Named[]): { readonly width: number; readonly height: number } => {
  const columns = columnsOf(nodes.length)
  const widest = Math.max(0, ...nodes.map((node) => widthOf(node.id)))
  const inside = nodes.length === 0 ? 0 : columns * (widest + gap) + gap
  const rows = Math.ceil(nodes.length / columns)
  return { width: Math.max(widthOf(id), inside), height: lineHeight + gap + rows * (nodeHeight + gap) }
}

const nodesWithin = (
  host: Box | undefined,
  nodes: readonly Named[],
): readonly { readonly id: string; readonly box: Box }[] => {
  if (!host) return []
  const columns = columnsOf(nodes.length)
  const widest = Math.max(0, ...nodes.map(({ id }) => widthOf(id)))
  return nodes.map(({ id }, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)]
    const x = host.x + (column - (columns - 1) / 2) * (widest + gap)
    const y = host.y - host.height / 2 + lineHeight + gap + row * (nodeHeight + gap) + nodeHeight / 2
    return { id, box: { x, y, width: widthOf(id), height: nodeHeight } }
  })
}

const round = (value: number): string => String(Math.round(value * 10) / 10)

const rectangle = ({ x, y, width, height }: Box, style: string): string =>
  `<rect x="${round(x - width / 2)}" y="${round(y - height / 2)}" width="${round(width)}" height="${round(height)}" rx="5" ${style}/>`

const label = (x: number, y: number, text: string, style = ''): string =>
  `<text x="${round(x)}" y="${round(y)}" dy="0.35em"${style && ` ${style}`}>${escapeXml(text)}</text>`

const nodeLines = (id: string, box: Box | undefined): readonly string[] =>
  box ? [rectangle(box, 'fill="#fff" stroke="#333"'), label(box.x, box.y, id)] : []

const hostLines = (id: string, kind: string, box: Box | undefined): readonly string[] => {
  if (!box) return []
  const name = id === '' ? 'on no host' : kind === 'host' ? id : `${id} (${kind})`
  return [
    rectangle(box, 'fill="#f2f2f2" stroke="#999"'),
    label(box.x, box.y - box.height / 2 + lineHeight / 2 + 2, name, 'class="host"'),
  ]
}

const underLines = (capacityBitsPerSecond: number, from: Box | undefined, to: Box | undefined): readonly string[] => {
  if (!from || !to) return []
  const line = `<line x1="${round(from.x)}" y1="${round(from.y)}" x2="${round(to.x)}" y2="${round(to.y)}" stroke="#ccc" stroke-width="7"/>`
  if (capacityBitsPerSecond === 0) return [line]
  return [line, label((from.x + to.x) / 2, (from.y + to.y) / 2, shortRate(capacityBitsPerSecond), 'class="small"')]
}

/** Through the middles of boxes, moved aside by `bend` so that links of one way are seen side by side. */
const linkLines = (
  link: Link,
  along: readonly Box[],
  bend: number,
  colour: string,
  text: string,
): readonly string[] => {
  const [first, last] = [along[0], along.at(-1)]
  if (!first || !last) return []
  const title = `<title>${escapeXml(`${link.id}${linkLabel(link) && `: ${linkLabel(link)}`}`)}</title>`
  const style = `fill="none" stroke="${colour}" stroke-width="1.5"${link.down ? ' stroke-dasharray="4 4"' : ''}`
  if (first === last) {
    const [x, y] = [first.x + first.width / 2, first.y]
    const loop = `M${round(x)} ${round(y - 6)} c34 -22 34 34 0 12`
    return [`<path d="${loop}" ${style}>${title}</path>`]
  }
  const length = Math.hypot(last.x - first.x, last.y - first.y) || 1
  const [aside, up] = [(-(last.y - first.y) / length) * bend * 9, ((last.x - first.x) / length) * bend * 9]
  const middle = { x: (first.x + last.x) / 2 + aside, y: (first.y + last.y) / 2 + up }
  const between = along.length > 2 ? along.slice(1, -1).map(({ x, y }) => ({ x: x + aside, y: y + up })) : [middle]
  const points = [first, ...between, last].map(({ x, y }) => `${round(x)},${round(y)}`).join(' ')
  const at = between[Math.floor((between.length - 1) / 2)] ?? middle
  const words = text === '' ? [] : [label(at.x, at.y - 5, text, `class="small" fill="${colour}"`)]
  return [`<polyline points="${points}" ${style}>${title}</polyline>`, ...words]
}

const page = (boxes: readonly Box[], inside: readonly string[]): string => {
  const width = Math.max(0, ...boxes.map((box) => box.x + box.width / 2)) + margin
  const height = Math.max(0, ...boxes.map((box) => box.y + box.height / 2)) + margin
  const size = `width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}"`
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" ${size}>`,
    '  <style>text { font: 13px sans-serif; text-anchor: middle } .small { font-size: 10px; paint-order: stroke; stroke: #fff; stroke-width: 3px } .host { font-weight: bold; fill: #666 }</style>',
    '  <rect width="100%" height="100%" fill="#fff"/>',
    ...inside.map((line) => `  ${line}`),
    '</svg>',
  ].join('\n')}\n`
}
