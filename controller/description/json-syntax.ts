/** Where and why a text is no JSON: JSON.parse often says what it found, but not where. */

export interface JsonProblem {
  readonly offset: number
  readonly message: string
}

/** undefined where the text is JSON. */
export const jsonProblem = (text: string): JsonProblem | undefined => {
  const failure = tryParse(text)
  if (failure === undefined) return undefined
  // The parser's words without the piece of the text that it adds to some.
  const message = failure.replace(/ in JSON at position.*| at position.*|, (\.\.\.)?".*/s, '')
  if (isUnfinished(text)) return { offset: text.length, message }
  // The shortest beginning that nothing could follow to make it JSON ends with the character that is wrong.
  let [unfinished, wrong] = [0, text.length]
  while (wrong - unfinished > 1) {
    const middle = Math.floor((unfinished + wrong) / 2)
    if (isUnfinished(text.slice(0, middle))) unfinished = middle
    else wrong = middle
  }
  return { offset: unfinished, message }
}

/** Why it fails; undefined where it does not. */
const tryParse = (text: string): string | undefined => {
  try {
    JSON.parse(text)
    return undefined
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown)
  }
}

/** Whether a text is JSON, or fails only because it ends. */
const isUnfinished = (text: string): boolean => {
  const failure = tryParse(text)
  if (failure === undefined || /^Unexpected end|^Unterminated/.test(failure)) return true
  return Number(/at position ([0-9]+)/.exec(failure)?.[1]) === text.length
}
