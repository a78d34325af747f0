/**
 * An operator's own Click: text like the body of an `elementclass`, from `input` to `output`, that stands in a router of ours between a
 * guest and its link. Where it has ports 1 too, what comes for the guest goes from `input[1]` to `output[1]`. What may stand in it is decided here, for who admits it and for who
 * splices it in.
 *
 * Packets leave it by `output` alone: no element of it knows a device, the host or another link. So whatever it makes of a packet, a tunnel's
 * headers included, goes where the guest's own frames go, or to the guest.
 */
import { check } from './check/check.ts'
import { createDiagnostics, type Diagnostic, type Diagnostics, hasErrors, type Landmark } from './diagnostics.ts'
import { catalogue } from './elements/catalogue.ts'
import { flatten } from './flatten/flatten.ts'
import type { Graph } from './graph.ts'
import { parse } from './language/parse.ts'
import type { Compound } from './language/router.ts'
import { isClass } from './read.ts'

/** What a text may be at most. What programs and maps cost in the end is counted where they are made. */
export const ownLimits = {
  /** Bytes of UTF-8. */
  bytes: 16 * 1024,
  /** Elements, those within compound elements too. */
  elements: 256,
  /** Between them, as the text has them: what it costs to look at them. */
  connections: 4096,
  /** Of them such with a table of their own (`ownTables`), which takes up to a mebibyte. */
  tables: 16,
} as const

/** The name of the class that ownClass declares. */
export const ownClassName = 'Own'

/** What landmarks call an operator's text. */
export const ownFile = 'click'

/** Why some classes cannot be used, for a message: "an operator's own Click cannot use it: ...". */
export const ownRefused: ReadonlyMap<string, string> = new Map([
  ['FromDevice', 'it takes packets from an interface of the host'],
  ['ToDevice', 'it sends packets by an interface of the host'],
  ['FromHost', 'it takes packets of the host'],
  ['ToHost', 'it hands packets to the host'],
  ['ToIngress', 'it puts packets into an interface of the host'],
  ['ToNeighbour', 'it sends packets by the routes of the host'],
  ['LinkSwitch', 'it hands packets to the interfaces of others'],
  ['TrafficClass', 'it chooses whose bandwidth a packet takes'],
])

/** Classes that can be used: they look at packets, write in them, choose their way, copy them, drop them. */
export const ownAllowed: ReadonlySet<string> = new Set([
  'ARPQuerier',
  'ARPResponder',
  'CheckIPHeader',
  'CheckIPHeader2',
  'CheckPaint',
  'Classifier',
  'Counter',
  'DecIPTTL',
  'DirectIPLookup',
  'Discard',
  'DropBroadcasts',
  'EtherEncap',
  'EtherIPDecap',
  'EtherIPEncap',
  'EtherMirror',
  'EtherNeighbours',
  'EtherRewrite',
  'EtherSwitch',
  'FitsMTU',
  'FixIPSrc',
  'GREDecap',
  'GREEncap',
  'GetIPAddress',
  'HostEtherFilter',
  'ICMPError',
  'ICMPPingResponder',
  'IPClassifier',
  'IPEncap',
  'IPFilter',
  'IPGWOptions',
  'Idle',
  'LinearIPLookup',
  'LookupIPRoute',
  'MPLSDecap',
  'MPLSEncap',
  'MarkIPHeader',
  'Null',
  'Paint',
  'PaintSwitch',
  'PaintTee',
  'Queue',
  'RadixIPLookup',
  'RandomSample',
  'RangeIPLookup',
  'SetIPAddress',
  'SetIPChecksum',
  'SetIPDSCP',
  'SetIPECN',
  'SetVLANAnno',
  'StaticIPLookup',
  'StaticSwitch',
  'StoreIPAddress',
  'Strip',
  'StripIPHeader',
  'StripToNetworkHeader',
  'Switch',
  'Tee',
  'Truncate',
  'UDPIPEncap',
  'Unstrip',
  'VLANDecap',
  'VLANEncap',
  'VXLANDecap',
  'VXLANEncap',
])

/** Classes that have a table, which is memory of the kernel. */
export const ownTables: ReadonlySet<string> = new Set([
  'ARPQuerier',
  'ARPResponder',
  'DirectIPLookup',
  'EtherNeighbours',
  'EtherSwitch',
  'LinearIPLookup',
  'LookupIPRoute',
  'RadixIPLookup',
  'RangeIPLookup',
  'StaticIPLookup',
])

/** Nodes for each element at most, before compound elements are taken apart: a text that is all compound elements has three. */
const nodesOf = 4

/** Lines as landmarks count them. */
const linesOf = (text: string): number => text.split(/\r\n|\r|\n/).length

/**
 * The text as the declaration of a class, for a router in which `-> own :: Own ->` then stands. Landmarks within are `click:LINE`, by the lines
 * of the text, or `file:LINE`. `line`: the one of the router's text at which the declaration begins; landmarks behind it go on from there. A text that
 * checkOwn finds errors in must not be spliced in: it may close the brace.
 */
export const ownClass = (text: string, line = 1, file: string = ownFile): string =>
  [`elementclass ${ownClassName} {`, `# 1 "${file}"`, text, `# ${line + 3 + linesOf(text)} ""`, '}', ''].join('\n')

/** What is wrong with an operator's text, each error with its landmark `click:LINE`; none where it can be spliced in. Never throws. */
export const checkOwn = (text: string): readonly Diagnostic[] => {
  const diagnostics = createDiagnostics()
  const start = `${ownFile}:1`
  const bytes = new TextEncoder().encode(text).length
  if (bytes > ownLimits.bytes) {
    diagnostics.error(start, `${bytes} bytes are too many: at most ${ownLimits.bytes}`)
    return diagnostics.list
  }
  const declaration = ownClass(text)
  const own = readOwn(declaration, text, diagnostics)
  if (own) checkPorts(own, diagnostics)
  if (own && own.body.connections.length <= ownLimits.connections) {
    checkElements(declaration, portsOf(own, 'from').has(1) && portsOf(own, 'to').has(1), diagnostics)
  }
  return diagnostics.list.filter(({ severity }) => severity === 'error').map(asOfText)
}

/** Whether it takes what comes for the node, too. Of a text that checkOwn finds errors in it says nothing. */
export const takesBoth = (text: string): boolean => {
  const known = bothKnown.get(text)
  if (known !== undefined) return known
  const own = readOwn(ownClass(text), text, createDiagnostics())
  const both = own !== undefined && portsOf(own, 'from').has(1)
  if (bothKnown.size >= mostKnown) bothKnown.clear()
  bothKnown.set(text, both)
  return both
}

/** A text is asked about each time its link is looked at. */
const bothKnown = new Map<string, boolean>()
const mostKnown = 256

/**
 * The class, where the text is the body of one and nothing else: it closes no brace and swallows none. That is known by an element
 * behind it, by a name that the text cannot have: it stands outside, and alone.
 */
const readOwn = (declaration: string, text: string, diagnostics: Diagnostics): Compound | undefined => {
  let behind = 'behind'
  while (text.includes(behind)) behind += '_'
  const body = parse(`${declaration}${behind} :: Idle;\n`, 'wrapper', { isClass }, diagnostics)
  if (hasErrors(diagnostics)) return undefined
  const [first, ...others] = body.classes
  const outside = [
    ...body.nodes.filter(({ name }) => name !== behind),
    ...body.requirements,
    ...others.map(({ class: other }) => other),
  ]
  const isAlone = outside.length + body.definitions.length + body.connections.length === 0
  if (!isAlone || body.nodes.length !== 1 || first?.class.kind !== 'compound') {
    diagnostics.error(landmarkOf(outside), 'it is no text by itself: a brace or a comment is not in balance')
    return undefined
  }
  const own = first.class
  if (own.overload || own.formals.length > 0) {
    diagnostics.error(`${ownFile}:1`, "it is one definition without parameters: no '||', '...' or '|'")
    return undefined
  }
  return own
}

const landmarkOf = ([first]: readonly object[]): Landmark =>
  first && 'landmark' in first ? String(first.landmark) : `${ownFile}:1`

/** Ports of a definition's input or output that connections use: the first two nodes of it. */
const portsOf = ({ body }: Compound, side: 'from' | 'to'): ReadonlySet<number> => {
  const node = side === 'from' ? 0 : 1
  const ends = body.connections.map((connection) => connection[side])
  return new Set(ends.filter((end) => end.node === node).map(({ port }) => port))
}

const isOneOf = (ports: ReadonlySet<number>): boolean => ports.has(0) && [...ports].every((port) => port <= 1)

const checkPorts = (own: Compound, diagnostics: Diagnostics): void => {
  const { body } = own
  const [inputs, outputs] = [portsOf(own, 'from'), portsOf(own, 'to')]
  for (const [name, ports] of [
    ['input', inputs],
    ['output', outputs],
  ] as const) {
    if (isOneOf(ports)) continue
    const found = ports.size === 0 ? `${name} is not connected` : `${name} has other ports than 0 and 1`
    diagnostics.error(`${ownFile}:1`, `${found}: packets come in by input and leave by output`)
  }
  if (isOneOf(inputs) && isOneOf(outputs) && inputs.size !== outputs.size) {
    const [has, lacks] = inputs.size > outputs.size ? ['input', 'output'] : ['output', 'input']
    diagnostics.error(
      `${ownFile}:1`,
      `${has}[1] is connected and ${lacks}[1] is not: what comes for the node needs both`,
    )
  }
  const { length } = body.connections
  if (length > ownLimits.connections) {
    diagnostics.error(`${ownFile}:1`, `${length} connections are too many: at most ${ownLimits.connections}`)
  }
}

/** As it will stand: packets are pushed in, and pushed out. */
const checkElements = (declaration: string, both: boolean, diagnostics: Diagnostics): void => {
  const back = both ? 'FromHost(guest) -> [1] own[1] -> node :: Queue -> ToDevice(guest);\n' : ''
  const router = `${declaration}FromDevice(guest) -> own :: ${ownClassName} -> link :: Queue -> ToDevice(link);\n${back}`
  const options = { expandVariables: true, mostNodes: nodesOf * ownLimits.elements }
  // What was wrong before would be said again, in other words.
  const said = hasErrors(diagnostics) ? createDiagnostics() : diagnostics
  const graph = flatten(parse(router, 'wrapper', { isClass }, createDiagnostics()), options, said)
  checkBudget(graph, diagnostics)
  checkClasses(graph, diagnostics)
  if (both) checkWays(graph, diagnostics)
  if (!hasErrors(diagnostics)) check(graph, diagnostics)
}

/** Classes that make copies, or let packets go later than they came: of what comes for the node none could be let past its own way in. */
const copying: ReadonlySet<string> = new Set(['ARPQuerier', 'EtherSwitch', 'PaintTee', 'Tee'])

/** What a node sends would come back to it by the very way that is looked at, and what comes for it would pass as sent by it. */
const checkWays = (graph: Graph, diagnostics: Diagnostics): void => {
  for (const index of reachedFrom(graph, ({ class: name }) => name === 'FromHost')) {
    const { name, class: className, landmark } = graph.elements[index] ?? { name: '', class: '', landmark: '' }
    if (!copying.has(className)) continue
    diagnostics.error(landmark, `'${name} :: ${className}' cannot stand behind input[1]: it makes copies`)
  }
  const ways = [
    ['FromDevice', 'node', 'input', 'output[1]'],
    ['FromHost', 'link', 'input[1]', 'output'],
  ] as const
  for (const [source, sink, from, to] of ways) {
    const reached = reachedFrom(graph, ({ class: name }) => name === source)
    const wrong = graph.connections.find(
      (one) => reached.has(one.from.node) && graph.elements[one.to.node]?.name === sink,
    )
    const element = wrong && graph.elements[wrong.from.node]
    if (element === undefined) continue
    diagnostics.error(
      element.landmark,
      `'${element.name}' lets packets of ${from} leave by ${to}: the two ways are apart`,
    )
  }
}

/** Indices of the elements that packets of some come to, those among them. */
const reachedFrom = (graph: Graph, isSource: (element: Graph['elements'][number]) => boolean): ReadonlySet<number> => {
  const reached = new Set(graph.elements.flatMap((element, index) => (isSource(element) ? [index] : [])))
  // What is added while it is gone through is gone through too.
  for (const node of reached) for (const { from, to } of graph.connections) if (from.node === node) reached.add(to.node)
  return reached
}

const ownElements = ({ elements }: Graph): Graph['elements'] => elements.filter(({ name }) => name.startsWith('own/'))

const checkClasses = (graph: Graph, diagnostics: Diagnostics): void => {
  for (const { type, value, landmark } of graph.requirements) {
    diagnostics.error(landmark, `require(${type}${value && ` ${value}`}) cannot stand in an operator's own Click`)
  }
  for (const { name, class: className, landmark } of ownElements(graph)) {
    // Of what is no class of ours check says so.
    if (ownAllowed.has(className) || !catalogue.has(className)) continue
    const reason = ownRefused.get(className)
    const why = reason ? `: ${reason}` : ''
    diagnostics.error(landmark, `'${name} :: ${className}' cannot stand in an operator's own Click${why}`)
  }
}

const checkBudget = (graph: Graph, diagnostics: Diagnostics): void => {
  const elements = ownElements(graph)
  const say = (count: number, what: string, most: number, landmark: Landmark = `${ownFile}:1`) => {
    if (count > most) diagnostics.error(landmark, `${count} ${what} are too many: at most ${most}`)
  }
  say(elements.length, 'elements', ownLimits.elements, elements[ownLimits.elements]?.landmark)
  const tables = elements.filter(({ class: className }) => ownTables.has(className))
  say(tables.length, 'elements with tables', ownLimits.tables, tables[ownLimits.tables]?.landmark)
}

/** Elements by the names that the text gives them; what is wrong only with the whole stands in its first line. */
const asOfText = ({ severity, landmark, text }: Diagnostic): Diagnostic => ({
  severity,
  landmark: landmark.startsWith('wrapper:') ? `${ownFile}:1` : landmark,
  text: text.replaceAll("'own/", "'"),
})
