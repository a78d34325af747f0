/** Whether an operator's own Click can stand where it is asked for: the check of the controller's admission again, since a message may be anybody's. */
import { createHash } from 'node:crypto'
import { checkOwn, ownFile } from '../../../../click/own.ts'
import { WeftError } from '../../../../proto/errors.ts'
import type { LinkSpec } from '../../driver.ts'
import { ownFileOf } from '../text/vif.ts'

interface Fault {
  /** Of the operator's text, as `:12`. */
  readonly line: string
  readonly text: string
}

/** By the digest of a text: what is wrong with it first; every plan asks anew. */
const known = new Map<string, Fault | undefined>()
const mostKnown = 4096

const faultOf = (text: string): Fault | undefined => {
  const key = createHash('sha256').update(text).digest('base64')
  if (known.has(key)) return known.get(key)
  const [error] = checkOwn(text)
  const fault = error && { line: error.landmark.replace(ownFile, ''), text: error.text }
  if (known.size >= mostKnown) known.clear()
  known.set(key, fault)
  return fault
}

/** Throws config.invalid, the link as its object, with the line of the operator's text. */
export const checkOwnClick = ({ vnet, link, interfaces }: LinkSpec): void => {
  for (const [position, { click }] of interfaces.entries()) {
    const end = link.ends[position]
    const fault = click === '' ? undefined : faultOf(click)
    if (!end || !fault) continue
    const name = `${end.node}.${end.interface}`
    const where = `${ownFileOf(vnet, name)}${fault.line}`
    throw new WeftError('config.invalid', `link ${link.id} of ${vnet}: own Click of ${name}: ${where}: ${fault.text}`, {
      object: `link/${link.id}`,
      where,
      hint: 'docs/click.md says what may stand in it; what ran before goes on',
    })
  }
}
