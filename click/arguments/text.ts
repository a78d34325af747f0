/** Strings, words and keywords. */
import { splitWords, unquote } from '../language/strings.ts'
import { type ArgumentType, refuse } from './types.ts'

/** Anything, with its quotes. */
export const anything: ArgumentType<string> = { name: 'any text', parse: (text) => text }

/** One string, its quotes taken off; a space needs quotes around it. */
export const string: ArgumentType<string> = {
  name: 'string',
  parse: (text) => (splitWords(text).length === 1 ? unquote(text) : refuse()),
}

/** Characters without quotes, spaces, commas and backslashes. */
export const word: ArgumentType<string> = {
  name: 'word',
  parse: (text) => {
    const value = unquote(text)
    return /^[!#-&(-+\--[\]-~]+$/.test(value) ? value : refuse()
  },
}

/** One of some words, each with its value. */
export const oneOf = <const T>(values: Readonly<Record<string, T>>): ArgumentType<T> => ({
  name: Object.keys(values).join(' | '),
  parse: (text) => (Object.hasOwn(values, text) ? (values[text] as T) : refuse()),
})
