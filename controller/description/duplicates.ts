/** Keys that stand twice in a mapping: the first counts, and the second is reported. */
import { type Position, quote, type Report } from './request-errors.ts'
import { get, type MapNode, type TreeNode, textOf } from './tree.ts'

export const reportDuplicates = (tree: MapNode, report: Report): void => {
  const vnet = `vnet/${textOf(get(tree, 'vnet')) ?? ''}`

  const visit = (node: TreeNode, path: readonly string[]): void => {
    if (node.kind === 'scalar') return
    if (node.kind === 'list') {
      for (const item of node.items) visit(item, path)
      return
    }
    const seen = new Map<string, Position>()
    for (const { key, at, value } of node.entries) {
      // eth0 and 0 are the same interface.
      const name = path.at(-1) === 'interfaces' ? key.replace(/^eth/, '') : key
      const inside = [...path, key]
      const first = seen.get(name)
      if (first) {
        const message = `${quote(key)} stands ${path.length === 0 ? '' : `in ${path.join('.')} `}twice, first in line ${first.line}`
        report.add({ message, object: objectOf(inside) ?? vnet, hint: 'rename or remove one of them', at })
      } else seen.set(name, at)
      visit(value, inside)
    }
  }
  visit(tree, [])
}

const objectOf = ([section, name]: readonly string[]): string | undefined => {
  if (name === undefined) return undefined
  if (section === 'nodes') return `node/${name}`
  return section === 'links' ? `link/${name}` : undefined
}
