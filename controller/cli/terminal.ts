/** Colours, where a terminal takes them: the text says everything without them. */
import type { Output } from './context.ts'

export type Tone = 'good' | 'busy' | 'bad' | 'faint' | 'bold'

/** SGR codes, ECMA-48 section 8.3.117. */
const codes: Readonly<Record<Tone, readonly [on: number, off: number]>> = {
  good: [32, 39],
  busy: [33, 39],
  bad: [31, 39],
  faint: [2, 22],
  bold: [1, 22],
}

export const paint = (text: string, tone: Tone | undefined, colour: boolean): string => {
  if (!tone || !colour) return text
  const [on, off] = codes[tone]
  return `\u001b[${on}m${text}\u001b[${off}m`
}

export const takesColour = (output: Output, env: Readonly<Record<string, string | undefined>>): boolean =>
  output.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'

/** Control characters of a text from elsewhere, made visible: what a role or a guest says must not steer the terminal. */
export const printable = (text: string): string =>
  text.replace(/[^\P{Cc}\t\n]/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
