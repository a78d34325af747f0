/** Rules of operators' own Click: at interfaces that Click joins to a link, and a text that can stand there (click/own.ts). */
import type { Diagnostic } from '../../click/diagnostics.ts'
import { checkOwn, ownFile } from '../../click/own.ts'
import type { Interface, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { isPlainText } from './text.ts'
import type { Find } from './validate.ts'

/** Errors of one text that are told. */
const mostErrors = 10

export const checkClick = ({ nodes }: VNetRequest, find: Find): void => {
  // A text often stands at many interfaces.
  const known = new Map<string, readonly Diagnostic[]>()
  const errorsOf = (text: string): readonly Diagnostic[] => {
    const errors = known.get(text) ?? checkOwn(text)
    known.set(text, errors)
    return errors
  }
  for (const [i, { id, interfaces }] of nodes.entries()) {
    for (const [j, each] of interfaces.entries()) {
      if (each.click === '') continue
      checkInterface(id, each, `nodes[${i}].interfaces[${j}].click`, errorsOf, find)
    }
  }
}

const checkInterface = (
  node: string,
  { index, forwarding, physical, click }: Interface,
  path: string,
  errorsOf: (text: string) => readonly Diagnostic[],
  find: Find,
): void => {
  const object = `node/${node}`
  const name = `${node}.${index}`
  if (forwarding !== 'click' || physical !== '') {
    find(
      path,
      object,
      `interface ${name} has Click of its own and is not joined to a link by Click`,
      'forwarding click',
    )
  }
  if (!isPlainText(click)) find(path, object, `the Click of ${name} holds control characters`, 'plain text')
  for (const { landmark, text } of errorsOf(click).slice(0, mostErrors)) {
    const line = Number(new RegExp(`^${ownFile}:([0-9]+)$`).exec(landmark)?.[1])
    const at = Number.isInteger(line) ? `${path}[${line - 1}]` : path
    find(at, object, `${name}.${landmark}: ${text}`, 'docs/requests.md says what an own Click may hold')
  }
}
