/** A node's start-up: files with their content, in which the node's variables are put in, and a command. */
import type { Init } from '../../proto/codec.ts'
import type { StartUp } from '../../proto/generated/weft.v1.ts'
import type { BuildContext } from './build-context.ts'
import { maxRequestBytes } from './limits.ts'
import { suggest } from './nearest.ts'
import { type Position, quote } from './request-errors.ts'
import { positionAt } from './text.ts'
import { entriesOf, find, get, type MapNode, type TreeNode, textOf } from './tree.ts'

export interface StartUpContext extends BuildContext {
  readonly vnet: string
  readonly node: string
}

/** undefined where the node has none. `node` is its description, defaults merged in. */
export const buildStartUp = (node: MapNode, path: string, context: StartUpContext): Init<StartUp> | undefined => {
  const entry = find(node, 'start-up')
  if (!entry) return undefined
  context.note(path, entry.at)
  const substitute = substitution(get(node, 'variables'), context)
  const files = entriesOf(get(entry.value, 'files')).map(({ key, at, value }, i) => {
    context.note(`${path}.files[${i}]`, at)
    return { path: key, content: contentOf(value, substitute, context), mode: modeOf(value) }
  })
  const command = find(entry.value, 'command')
  if (command) context.note(`${path}.command`, command.value.at)
  const text = textOf(command?.value)
  return { files, command: text === undefined || !command ? '' : substitute(text, { at: command.value.at }) }
}

/** Where a text stands: the whole of it at one place of the request, or a file of its own. */
interface Origin {
  readonly at: Position
  readonly file?: string
}

type Substitute = (text: string, origin: Origin) => string

const contentOf = (file: TreeNode, substitute: Substitute, { node, report, readSource }: StartUpContext): string => {
  const object = `node/${node}`
  if (file.kind === 'scalar') return substitute(textOf(file) ?? '', { at: file.at })
  const content = find(file, 'content')
  const source = find(file, 'source')
  if (!content === !source) {
    const at = source?.at ?? file.at
    report.add({ message: 'a file needs either content or source', object, hint: 'one of both', at })
    return ''
  }
  if (content) return substitute(textOf(content.value) ?? '', { at: content.value.at })
  const path = textOf(source?.value) ?? ''
  const read = readSource(path)
  if ('text' in read) return substitute(read.text, { at: source?.value.at ?? file.at, file: path })
  report.add({ message: `the source ${quote(path)} ${read.problem}`, object, hint: read.hint, at: source?.value.at })
  return ''
}

/** Permission bits as chmod takes them: 0644, 644 and 0o644 are the same. */
const modeOf = (file: TreeNode): number => {
  const digits = /^(?:0o?)?([0-7]{3,4})$/.exec(textOf(get(file, 'mode')) ?? '')?.[1]
  return digits === undefined ? 0 : Number.parseInt(digits, 8)
}

/**
 * Puts values in for {{name}}, for a node that has variables: {{node}} and {{vnet}} are always among them. A node without variables
 * keeps its texts as they are, whatever braces they hold.
 */
const substitution = (variables: TreeNode | undefined, context: StartUpContext): Substitute => {
  const { vnet, node, report, room } = context
  const values = new Map([
    ['node', node],
    ['vnet', vnet],
  ])
  for (const { key, value } of entriesOf(variables)) values.set(key, textOf(value) ?? '')

  const take = (text: string, { at }: Origin): string => {
    const fitted = room.left >= 0
    room.left -= text.length
    if (room.left >= 0) return text
    const message = `the start-up texts of all nodes together are larger than ${maxRequestBytes} bytes`
    if (fitted)
      report.add({
        code: 'request.too-large',
        message,
        object: `vnet/${vnet}`,
        hint: 'put large files into an image',
        at,
      })
    return ''
  }

  return (text, origin) => {
    if (variables === undefined) return take(text, origin)
    const parts: string[] = []
    let end = 0
    for (const match of text.matchAll(/\{\{ *([A-Za-z][A-Za-z0-9_-]*) *\}\}/g)) {
      if (room.left < 0) return ''
      const [whole, name = ''] = match
      let value = values.get(name)
      if (value === undefined) {
        const message = `node ${node} has no variable ${quote(name)}`
        const hint = suggest(name, [...values.keys()])
        const { file, at } = origin
        const place = file === undefined ? { at } : { file, at: positionAt(text, match.index) }
        report.add({ message, object: `node/${node}`, hint, ...place })
        value = whole
      }
      parts.push(take(text.slice(end, match.index), origin), take(value, origin))
      end = match.index + whole.length
    }
    parts.push(take(text.slice(end), origin))
    return parts.join('')
  }
}
