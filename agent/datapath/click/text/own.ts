/** Pure: the operator's own Click at an interface (SliceInterface.click), as a part of its vif's router behind the guards. */
import { ownClass, ownClassName, takesBoth } from '../../../../click/own.ts'
import type { SliceInterface } from '../../../../proto/generated/weft.v1.ts'
import { type Named, numbered, type Part } from './part.ts'

/** The operator's elements are below it: `own/NAME`. */
export const ownElement = 'own'

/** Counts what the operator's Click lets go: it may drop packets and make some. */
export const leftOwn = 'left_own'

export interface OwnPlace {
  /** What landmarks call the operator's text. */
  readonly file: string
  /** Line of the router's text at which the part begins. */
  readonly line: number
}

/** undefined: there is none. The text has to be one that checkOwn has no errors of: another could close the brace that is opened here. */
export const ownPart = ({ click }: Pick<SliceInterface, 'click'>, { file, line }: OwnPlace): Part | undefined => {
  if (click === '') return undefined
  const declaration = ownClass(inBytes(click), line, file).trimEnd().split('\n')
  const lines = [...declaration, `${ownElement} :: ${ownClassName};`, `${ownElement} -> ${leftOwn} :: Counter;`]
  return { lines, input: ownElement, output: leftOwn }
}

/** What comes for the node, at the vif's egress, behind all rates' senders and before its queueing. */
export const backLines = ({ click }: Pick<SliceInterface, 'click'>, vif: Named): readonly string[] =>
  click !== '' && takesBoth(click)
    ? [
        `FromHost(${vif.name}) ${numbered(vif)}: what comes for the guest`,
        `    -> [1] ${ownElement};`,
        `${ownElement}[1]`,
        `    -> Queue -> ToDevice(${vif.name});`,
      ]
    : []

/**
 * Whether packets that leave it may be copies, or some that waited: no program can ask for their neighbour, so that a tunnel over IP begins behind a
 * pair of ports. Said too often it costs such a pair.
 */
export const makesCopies = ({ click }: Pick<SliceInterface, 'click'>): boolean =>
  /\b(?:Tee|PaintTee|EtherSwitch|ARPQuerier)\b/.test(click)

/**
 * Configurations have a character a byte. A comment of the operator's that looks like one of ours, with the number of an interface still to be filled
 * in, is not taken for one.
 */
const inBytes = (text: string): string =>
  Buffer.from(text.replaceAll('// interface {', '//  interface {'), 'utf8').toString('latin1')

const declared = new RegExp(`^elementclass ${ownClassName} \\{\\n# 1 "[^"\\n]*"\\n([\\s\\S]*?)\\n# \\d+ ""\\n\\}$`, 'm')

/** The operator's text in a router's, bytes of UTF-8 read; undefined where there is none. */
export const ownTextIn = (router: string): string | undefined => {
  const text = declared.exec(router)?.[1]
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString('utf8')
}
