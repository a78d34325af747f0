/** Nodes of a lab: what they have themselves, by group, by kind and by default. */
import { quote } from '../request-errors.ts'
import { type Entry, entriesOf, find, get, list, type MapNode, map, type TreeNode, textOf } from '../tree.ts'
import { type LabContext, leaveOut } from './containerlab.ts'
import { type DraftNode, number, text } from './draft.ts'
import { shellQuote } from './shell.ts'

/** Kinds that are switches of the machine that the lab runs on. */
const bridgeKinds: readonly string[] = ['bridge', 'ovs-bridge']
/** Nodes of these kinds have no interior of theirs. */
const outsideKinds: readonly string[] = ['host', 'ext-container']

export const readLabNode = (entry: Entry, topology: MapNode, context: LabContext): void => {
  const { draft, notes, nodes } = context
  const levels = levelsOf(entry.value, topology)
  const kind = textOf(nearest(levels, 'kind')?.value) ?? 'linux'
  const object = `node/${entry.key}`
  if (outsideKinds.includes(kind)) {
    notes.add({ message: `the node is left out: kind ${quote(kind)} is outside of the lab`, object, at: entry.at })
    nodes.set(entry.key, { draft: detached(entry), kind, interfaces: new Map() })
    return
  }
  const node = draft.addNode(entry.key, entry.at)
  nodes.set(entry.key, { draft: node, kind, interfaces: new Map() })
  if (bridgeKinds.includes(kind)) {
    node.isBridge = true
    notes.add({ message: `a ${kind} of the machine is a node here, a container that bridges`, object, at: entry.at })
  } else if (kind !== 'linux') {
    notes.add({
      message: `kind ${quote(kind)} is an ordinary node here: its system is not there`,
      object,
      at: entry.at,
    })
  }
  const isPlain = kind === 'linux'
  for (const found of merged(levels)) {
    const read = readers.get(found.key)
    if (ignored.includes(found.key)) continue
    if (read && (isPlain || anyKind.includes(found.key))) read(found, node, context)
    else if (read) leaveOut(found.key, found.at, notes, object, `it is for ${kind}`)
    else if (found.key === 'image') leaveOutImage(found, node, isPlain, context)
    else if (found.key === 'network-mode' && textOf(found.value) === 'none') continue
    else leaveOut(found.key, found.at, notes, undefined)
  }
}

/** Nothing of it reaches the request. */
const detached = ({ key, at }: Entry): DraftNode => ({
  name: key,
  at,
  entries: [],
  interfaces: new Map(),
  commands: [],
  files: [],
  isBridge: false,
})

/** They say which of the others count. */
const ignored: readonly string[] = ['kind', 'group']

/** The node's own first, then its group's, its kind's and the defaults. */
const levelsOf = (own: TreeNode, topology: MapNode): readonly TreeNode[] => {
  const defaults = get(topology, 'defaults')
  const kindOf = (levels: readonly (TreeNode | undefined)[]) =>
    textOf(
      nearest(
        levels.flatMap((level) => level ?? []),
        'kind',
      )?.value,
    ) ?? ''
  const group = get(get(topology, 'groups'), textOf(get(own, 'group')) ?? textOf(get(defaults, 'group')) ?? '')
  const kind = get(get(topology, 'kinds'), kindOf([own, group, defaults]))
  return [own, group, kind, defaults].flatMap((level) => level ?? [])
}

const nearest = (levels: readonly TreeNode[], key: string): Entry | undefined =>
  levels.map((level) => find(level, key)).find((found) => found !== undefined)

/** Lists are put together, defaults first; of mappings and all else the nearest counts. */
const merged = (levels: readonly TreeNode[]): readonly Entry[] => {
  const keys = new Set(levels.flatMap((level) => entriesOf(level).map(({ key }) => key)))
  return [...keys].flatMap((key) => {
    const found = levels.flatMap((level) => find(level, key) ?? [])
    const [first] = found
    if (!first) return []
    if (first.value.kind === 'list') {
      const items = found.toReversed().flatMap(({ value }) => (value.kind === 'list' ? value.items : []))
      return [{ ...first, value: list(first.value.at, items) }]
    }
    if (first.value.kind === 'map') {
      const entries = found.flatMap(({ value }) => entriesOf(value))
      const once = entries.filter(({ key: name }, i) => entries.findIndex((each) => each.key === name) === i)
      return [{ ...first, value: map(first.value.at, once) }]
    }
    return [first]
  })
}

const leaveOutImage = ({ key, at, value }: Entry, node: DraftNode, isPlain: boolean, { notes }: LabContext): void => {
  const name = textOf(value) ?? ''
  // What has neither registry nor tag may be an image of the provider's catalogue.
  if (isPlain && /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/.test(name)) node.entries.push(text('image', name, value.at))
  else leaveOut(key, at, notes, undefined, `${quote(name)} is a container image of a registry`)
}

type Read = (entry: Entry, node: DraftNode, context: LabContext) => void

const itemsOf = (value: TreeNode): readonly TreeNode[] => (value.kind === 'list' ? value.items : [])

/** Docker's units: powers of 1024, whatever they are called. */
const readMemory: Read = ({ key, at, value }, node, { notes }) => {
  const match = /^([0-9]+(?:\.[0-9]+)?) *([kmgt]?)i?b?$/i.exec(textOf(value) ?? '')
  const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }
  const bytes = match ? Math.round(Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1)) : Number.NaN
  if (bytes >= 2 ** 20 && Number.isSafeInteger(bytes)) node.entries.push(text('memory', `${bytes} B`, value.at))
  else leaveOut(key, at, notes, `node/${node.name}`, `${quote(textOf(value) ?? '')} is no amount`)
}

const readCpu: Read = ({ key, at, value }, node, { notes }) => {
  const cpus = Number(textOf(value))
  if (cpus > 0 && Number.isFinite(cpus))
    node.entries.push(number('cpu', Math.max(1, Math.round(cpus * 1000)) / 1000, value.at))
  else leaveOut(key, at, notes, `node/${node.name}`, 'it is no number of CPUs')
}

const restarts: Readonly<Record<string, string>> = {
  no: 'never',
  'on-failure': 'on-failure',
  always: 'always',
  'unless-stopped': 'always',
}

const readRestart: Read = ({ key, at, value }, node, { notes }) => {
  const word = restarts[(textOf(value) ?? '').toLowerCase()]
  if (word) node.entries.push(text('restart', word, value.at))
  else leaveOut(key, at, notes, `node/${node.name}`)
}

const readExec: Read = ({ value }, node) => {
  for (const item of itemsOf(value)) node.commands.push({ text: unwrap(textOf(item) ?? ''), at: item.at })
}

/** Commands run in a shell here anyway. */
const unwrap = (command: string): string => {
  const script = /^sh -c '((?:[^']|'\\'')*)'$/.exec(command)?.[1]
  return script === undefined ? command : script.replaceAll("'\\''", "'")
}

const readEnvironment: Read = ({ value }, node, { notes }) => {
  for (const { key, at, value: word } of entriesOf(value)) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
      node.commands.unshift({ text: `export ${key}=${shellQuote(textOf(word) ?? '')}`, at })
    else leaveOut(key, at, notes, `node/${node.name}`, 'it is no name of a variable')
  }
}

const readSysctls: Read = ({ value }, node, { notes }) => {
  for (const { key, at, value: word } of entriesOf(value)) {
    if (/^[a-z0-9_.-]+$/i.test(key)) {
      const path = `/proc/sys/${key.replaceAll('.', '/')}`
      node.commands.unshift({ text: `echo ${shellQuote(textOf(word) ?? '')} > ${path}`, at })
    } else leaveOut(key, at, notes, `node/${node.name}`, 'it is no name of a sysctl')
  }
}

/** A file beside the lab's own is put into the node; there is no other way from this machine into a guest. */
const readBinds: Read = ({ value }, node, { notes, readSource }) => {
  const object = `node/${node.name}`
  for (const item of itemsOf(value)) {
    const bind = textOf(item) ?? ''
    const [source = '', path = ''] = bind.split(':')
    const read = /^[/~$]/.test(source) ? undefined : readSource(source)
    if (read && 'text' in read && path.startsWith('/')) node.files.push(fileOf(source, path, item))
    else {
      const why = read && 'problem' in read ? read.problem : 'only files beside the lab can be put into a node'
      notes.add({ message: `the bind ${quote(bind)} is left out: ${why}`, object, at: item.at })
    }
  }
}

const fileOf = (source: string, path: string, { at }: TreeNode): Entry => ({
  key: path,
  at,
  value: map(at, [text('source', source, at)]),
})

/** Those that are of the node, whatever runs in it. */
const anyKind: readonly string[] = ['cpu', 'memory', 'restart-policy']

const readers: ReadonlyMap<string, Read> = new Map([
  ['memory', readMemory],
  ['cpu', readCpu],
  ['restart-policy', readRestart],
  ['exec', readExec],
  ['env', readEnvironment],
  ['sysctls', readSysctls],
  ['binds', readBinds],
])
