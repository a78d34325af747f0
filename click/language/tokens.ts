/** From text to tokens, after Click's own lexer (`lib/lexer.cc`) and click(5), "Lexical issues". */
import type { Diagnostics, Landmark } from '../diagnostics.ts'
import {
  isDigit,
  isSpace,
  isVariableCharacter,
  isWordCharacter,
  skipComment,
  skipItem,
  skipLine,
} from './characters.ts'
import { unquote } from './strings.ts'

const keywords = ['elementclass', 'require', 'provide', 'define'] as const

const symbols = ['...', '->', '=>', '::', '||', ';', ',', '(', ')', '[', ']', '{', '}', '|', '-'] as const

/** `other`: a character that starts no token of Click. */
export type TokenKind =
  | 'identifier'
  | 'variable'
  | 'end'
  | 'other'
  | (typeof keywords)[number]
  | (typeof symbols)[number]

export interface Token {
  readonly kind: TokenKind
  /** Of a variable: without its dollar sign. */
  readonly text: string
  /** Where it starts. */
  readonly landmark: Landmark
}

/** Reads one file; knows the line that it stands at. */
export interface Lexer {
  /** The next token; `end` for ever after the last. */
  next(): Token
  /**
   * A configuration string: from here, just behind an opening parenthesis, to the parenthesis that closes it, which stays. Quotes and
   * comments are kept as they are.
   */
  configuration(): string
  landmark(): Landmark
}

const formatLandmark = (file: string, line: number): Landmark =>
  /[:\s]$/.test(file) || file === '' ? `${file}${line}` : `${file}:${line}`

/** `file` is what landmarks call the text. */
export const createLexer = (text: string, file: string, diagnostics: Diagnostics): Lexer => {
  let at = 0
  let name = file
  let line = 1
  const landmark = (): Landmark => formatLandmark(name, line)

  const atLineStart = (i: number): boolean => i === 0 || text[i - 1] === '\n' || text[i - 1] === '\r'

  /** Counts the lines that end between `at` and `end`, and goes there. */
  const advance = (end: number): void => {
    for (let i = at; i < end; i++) {
      if (text[i] === '\n' || (text[i] === '\r' && text[i + 1] !== '\n')) line++
    }
    at = end
  }

  /** `# 12 "file"` or `#line 12 "file"`: the next line is line 12 of that file; an empty name is the file's own. */
  const readLineDirective = (): void => {
    const end = skipLine(text, at)
    const directive = /^#[ \t]*(?:line[ \t]+)?(\d+)[ \t]*("(?:\\[^\r\n]|[^"\\\r\n])*"?)?/.exec(text.slice(at, end))
    if (directive) {
      at = end
      line = Math.min(Number(directive[1]), Number.MAX_SAFE_INTEGER)
      if (directive[2] !== undefined) {
        const quoted = directive[2]
        name = unquote(quoted.length > 1 && quoted.endsWith('"') ? quoted : `${quoted}"`) || file
      }
    } else {
      diagnostics.error(landmark(), 'unknown preprocessor directive')
      advance(end)
    }
  }

  const skipToToken = (): void => {
    for (;;) {
      if (isSpace(text[at])) advance(at + 1)
      else if (text[at] === '/' && (text[at + 1] === '/' || text[at + 1] === '*')) advance(skipComment(text, at))
      else if (text[at] === '#' && atLineStart(at)) readLineDirective()
      else return
    }
  }

  /** Words of letters, digits, `_` and `@`, joined by single slashes. */
  const wordEnd = (): number => {
    let i = at
    while (isWordCharacter(text[i]) || (text[i] === '/' && isWordCharacter(text[i + 1]))) i++
    return i
  }

  const next = (): Token => {
    skipToToken()
    const here = landmark()
    const take = (kind: TokenKind, end: number, from = at): Token => {
      const token = { kind, text: text.slice(from, end), landmark: here }
      at = end
      return token
    }
    if (at >= text.length) return { kind: 'end', text: '', landmark: here }
    if (isWordCharacter(text[at])) {
      const end = wordEnd()
      const word = text.slice(at, end)
      return take(keywords.find((keyword) => keyword === word) ?? 'identifier', end)
    }
    if (text[at] === '$') {
      let end = at + 1
      while (isVariableCharacter(text[end])) end++
      return take('variable', end, at + 1)
    }
    const symbol = symbols.find((candidate) => text.startsWith(candidate, at))
    return symbol ? take(symbol, at + symbol.length) : take('other', at + 1)
  }

  const configuration = (): string => {
    let read = ''
    let depth = 1
    let kept = at
    while (at < text.length) {
      const c = text[at]
      if (c === '(') depth++
      if (c === ')' && --depth === 0) break
      if (c === '#' && atLineStart(at)) {
        read += text.slice(kept, at)
        readLineDirective()
        kept = at
      } else {
        const isComment = c === '/' && (text[at + 1] === '/' || text[at + 1] === '*')
        advance(Math.min(isComment ? skipComment(text, at) : skipItem(text, at), text.length))
      }
    }
    return read + text.slice(kept, at)
  }

  return { next, configuration, landmark }
}

/** As errors name it: `'->'`, or `identifier`. */
export const describeKind = (kind: TokenKind): string =>
  kind === 'identifier' || kind === 'variable' ? kind : kind === 'end' ? 'end of file' : `'${kind}'`

/** A port number; C's prefixes for octal and hexadecimal are Click's too. undefined: none. */
export const readPort = (text: string): number | undefined => {
  if (!isDigit(text[0])) return undefined
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text, 16)
  if (/^0[0-7]+$/.test(text)) return Number.parseInt(text, 8)
  return /^(0|[1-9][0-9]*)$/.test(text) ? Number(text) : undefined
}
