/** Configuration strings: arguments, words, quotes. After Click's `lib/confparse.cc` and click(5), "Configuration strings". */
import { isSpace, skipComment, skipCommentsAndSpace, skipData, skipItem, startsComment } from './characters.ts'

/** One argument from `at` on, without comments and space around it, and where it ended: at a comma, or at the end. */
const readArgument = (
  text: string,
  at: number,
  stopAtComma: boolean,
): { readonly text: string; readonly end: number } => {
  let i = skipCommentsAndSpace(text, at)
  let kept = ''
  let left = i
  let right = i
  let closed = false
  while (i < text.length) {
    if (isSpace(text[i])) i++
    else if (startsComment(text, i)) {
      i = skipComment(text, i)
      closed = true
    } else if (stopAtComma && text[i] === ',') break
    else {
      if (closed) {
        // A comment, with the space around it, is one space.
        kept += `${text.slice(left, right)} `
        left = i
        closed = false
      }
      i = skipItem(text, i)
      right = Math.min(i, text.length)
    }
  }
  return { text: kept + text.slice(left, right), end: i }
}

/** Without comments, and without space around it. */
export const uncomment = (text: string): string => readArgument(text, 0, false).text

/** At its commas; a last argument that is empty is none: `a, b, ` has two. */
export const splitArguments = (text: string): string[] => {
  const found: string[] = []
  for (let at = 0; at < text.length; at++) {
    const argument = readArgument(text, at, true)
    at = argument.end
    if (argument.text !== '' || at < text.length) found.push(argument.text)
  }
  return found
}

const skipWord = (text: string, at: number): number => {
  let i = at
  while (i < text.length && !isSpace(text[i]) && !startsComment(text, i)) i = skipItem(text, i)
  return Math.min(i, text.length)
}

/** At its spaces; quotes stay. */
export const splitWords = (text: string): string[] => {
  const found: string[] = []
  for (let at = skipCommentsAndSpace(text, 0); at < text.length; at = skipCommentsAndSpace(text, at)) {
    const end = skipWord(text, at)
    found.push(text.slice(at, end))
    at = end
  }
  return found
}

/** The first word, and what follows it. */
export const shiftWord = (text: string): readonly [word: string, rest: string] => {
  const start = skipCommentsAndSpace(text, 0)
  const end = skipWord(text, start)
  return [text.slice(start, end), text.slice(skipCommentsAndSpace(text, end))]
}

const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const isHex = (c: string | undefined): boolean => c !== undefined && /^[0-9a-fA-F]$/.test(c)

/** The bytes of the data substitution `\<...>`: pairs of hexadecimal digits; whatever else stands there is passed over. */
const readData = (text: string, at: number): string => {
  const end = skipData(text, at)
  let digits = ''
  for (let i = at + 2; i < end; ) {
    if (startsComment(text, i)) i = skipComment(text, i)
    else {
      if (isHex(text[i])) digits += text[i]
      i++
    }
  }
  let bytes = ''
  for (let i = 0; i + 1 < digits.length; i += 2) {
    bytes += String.fromCharCode(Number.parseInt(digits.slice(i, i + 2), 16))
  }
  return bytes
}

/** What the escape at the backslash `at` stands for, and where it ends. */
const readEscape = (text: string, at: number): readonly [value: string, end: number] => {
  const c = text[at + 1]
  if (c === undefined) return ['\\', at + 1]
  if (c === '\r') return ['', text[at + 2] === '\n' ? at + 3 : at + 2]
  if (c === '\n') return ['', at + 2]
  const simple = simpleEscapes[c]
  if (simple !== undefined) return [simple, at + 2]
  if (c === '<') return [readData(text, at), skipData(text, at)]
  if (c >= '0' && c <= '7') {
    let i = at + 1
    let code = 0
    for (; i < at + 4 && /^[0-7]$/.test(text[i] ?? ''); i++) code = code * 8 + Number(text[i])
    return [String.fromCharCode(code & 0xff), i]
  }
  if (c === 'x') {
    let i = at + 2
    let code = 0
    for (; isHex(text[i]); i++) code = (code * 16 + Number.parseInt(text[i] ?? '0', 16)) & 0xff
    return [String.fromCharCode(code), i]
  }
  return [c, at + 2]
}

/** Without one level of quotes, with what is escaped in double quotes: `"\n" a 'b c'` is a line feed, ` a b c`. */
export const unquote = (text: string): string => {
  const source = uncomment(text)
  let value = ''
  let quote = ''
  for (let i = 0; i < source.length; ) {
    const c = source[i] ?? ''
    if ((c === '"' || c === "'") && (quote === '' || quote === c)) {
      quote = quote === '' ? c : ''
      i++
    } else if (c === '\\' && i + 1 < source.length && (quote === '"' || (quote === '' && source[i + 1] === '<'))) {
      const [escaped, end] = readEscape(source, i)
      value += escaped
      i = end
    } else {
      value += c
      i++
    }
  }
  return value
}

const escapeCharacter = (c: string): string => {
  if (c === '\\' || c === '"' || c === '$') return `\\${c}`
  if (c === '\t') return '\\t'
  if (c === '\r') return '\\r'
  if (c === '\n') return '\\n'
  const code = c.charCodeAt(0) & 0xff
  return code < 32 || code >= 127 ? `\\${code.toString(8).padStart(3, '0')}` : c
}

/** In double quotes, such that `unquote` gives it back. */
export const quote = (text: string): string => `"${Array.from(text, escapeCharacter).join('')}"`
