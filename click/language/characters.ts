/** Character classes of the C locale: Click's text is bytes, of which only ASCII has meaning (a string here has a byte a character). */

export const isSpace = (c: string | undefined): boolean =>
  c === ' ' || c === '\n' || c === '\t' || c === '\r' || c === '\f' || c === '\v'

export const isDigit = (c: string | undefined): boolean => c !== undefined && c >= '0' && c <= '9'

export const isAlphanumeric = (c: string | undefined): boolean =>
  c !== undefined && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))

/** May stand in a variable's name. */
export const isVariableCharacter = (c: string | undefined): boolean => isAlphanumeric(c) || c === '_'

/** May stand in an identifier beside slashes. */
export const isWordCharacter = (c: string | undefined): boolean => isAlphanumeric(c) || c === '_' || c === '@'

/** Whether a comment starts at `at`. */
export const startsComment = (text: string, at: number): boolean =>
  text[at] === '/' && (text[at + 1] === '/' || text[at + 1] === '*')

/** Just after the line that `at` stands in; LF, CR and CR LF end lines. */
export const skipLine = (text: string, at: number): number => {
  for (let i = at; i < text.length; i++) {
    if (text[i] === '\n') return i + 1
    if (text[i] === '\r') return text[i + 1] === '\n' ? i + 2 : i + 1
  }
  return text.length
}

/** Just after the comment that starts at `at`; the end of the text where it is not closed. */
export const skipComment = (text: string, at: number): number => {
  if (text[at + 1] === '/') return skipLine(text, at + 2)
  const end = text.indexOf('*/', at + 2)
  return end < 0 ? text.length : end + 2
}

/** The first place from `at` on that is neither space nor comment. */
export const skipCommentsAndSpace = (text: string, at: number): number => {
  let i = at
  while (i < text.length) {
    if (isSpace(text[i])) i++
    else if (startsComment(text, i)) i = skipComment(text, i)
    else break
  }
  return i
}

/** Just after the data substitution `\<...>` whose backslash stands at `at`. Comments in it may hold a `>`. */
export const skipData = (text: string, at: number): number => {
  let i = at + 2
  while (i < text.length) {
    if (text[i] === '>') return i + 1
    i = startsComment(text, i) ? skipComment(text, i) : i + 1
  }
  return text.length
}

/** Just after the quoted string whose quote stands at `at`; the end of the text where it is not closed. */
export const skipQuoted = (text: string, at: number): number => {
  const quote = text[at]
  let i = at + 1
  while (i < text.length) {
    if (text[i] === quote) return i + 1
    if (text[i] === '\\' && quote === '"') i = text[i + 1] === '<' ? skipData(text, i) : i + 2
    else i++
  }
  return text.length
}

/**
 * Just after the piece of a configuration string at `at` that is taken whole: a quoted string, a data substitution, or one character.
 * Comments are the caller's.
 */
export const skipItem = (text: string, at: number): number => {
  const c = text[at]
  if (c === '"' || c === "'") return skipQuoted(text, at)
  if (c === '\\' && text[at + 1] === '<') return skipData(text, at)
  return at + 1
}
