/** From bytes to text, before any parser sees them: bounded, UTF-8, without NUL. */
import { maxFileBytes } from './limits.ts'
import type { Problem } from './request-errors.ts'

export type Format = 'xml' | 'yaml' | 'json'

export type Decoded = { readonly text: string } | { readonly problem: Problem }

const refuse = (message: string, hint: string, code: Problem['code'] = 'request.syntax'): Decoded => ({
  problem: { code, message, hint },
})

/** The text of a file, without a byte order mark. */
export const decodeText = (input: string | Uint8Array, maxBytes = maxFileBytes): Decoded => {
  const size = typeof input === 'string' ? Buffer.byteLength(input) : input.byteLength
  if (size > maxBytes) {
    return refuse(`the file has ${size} bytes`, `at most ${maxBytes} bytes`, 'request.too-large')
  }
  let text: string
  if (typeof input === 'string') {
    if (!input.isWellFormed()) return refuse('the file holds half a surrogate pair', 'save it as UTF-8')
    text = input.charCodeAt(0) === 0xfeff ? input.slice(1) : input
  } else {
    const utf16 = (input[0] === 0xff && input[1] === 0xfe) || (input[0] === 0xfe && input[1] === 0xff)
    if (utf16) return refuse('the file is UTF-16', 'save it as UTF-8')
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(input)
    } catch {
      return { problem: { ...invalidUtf8(input), code: 'request.syntax', hint: 'save it as UTF-8' } }
    }
  }
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    const { line, column } = positionAt(text, nul)
    return {
      problem: { code: 'request.syntax', message: 'a NUL byte stands in the file', hint: 'text', at: { line, column } },
    }
  }
  return { text }
}

/** Line and column (from 1, in UTF-16 units) of an offset. */
export const positionAt = (text: string, offset: number): { readonly line: number; readonly column: number } => {
  let line = 1
  let start = 0
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) {
    line++
    start = i + 1
  }
  return { line, column: offset - start + 1 }
}

const invalidUtf8 = (input: Uint8Array): Problem => {
  const lenient = new TextDecoder('utf-8').decode(input)
  const offset = lenient.indexOf('\ufffd')
  return { message: 'the file is not UTF-8', ...(offset >= 0 && { at: positionAt(lenient, offset) }) }
}

/** By the file's name, else by how the text begins. */
export const formatOf = (file: string, text: string): Format => {
  if (/\.xml$/i.test(file)) return 'xml'
  if (/\.ya?ml$/i.test(file)) return 'yaml'
  if (/\.json$/i.test(file)) return 'json'
  const start = text.trimStart()
  if (start.startsWith('<')) return 'xml'
  return start.startsWith('{') ? 'json' : 'yaml'
}

/**
 * Whether XML and YAML can both carry a text: no control characters but tab, line feed and carriage return, no halves of
 * surrogate pairs (XML 1.0, production 2), no byte order mark, which a parser would drop.
 */
export const isPlainText = (text: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  text.isWellFormed() && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufeff\ufffe\uffff]/.test(text)
