/** Names of others as names of ours: lower-case letters, digits and hyphens, at most 40, a letter first, each once. */
import { namePattern } from '../limits.ts'
import { type Position, quote } from '../request-errors.ts'
import type { Notes } from './notes.ts'

const maxLength = 40
const maxExamples = 5

/** The nearest name; `fallback`, a letter or word, begins what would begin with none. */
export const plainName = (text: string, fallback: string): string => {
  if (namePattern.test(text)) return text
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  const started = /^[a-z]/.test(plain) ? plain : plain === '' ? fallback : `${fallback}-${plain}`
  return started.slice(0, maxLength).replace(/-+$/, '')
}

export interface Namer {
  /** Never the same name twice; `at` is where the other's name stands. */
  name(wanted: string, at: Position): string
  /** Says in one note which names are others now. */
  tell(notes: Notes): void
}

export const createNamer = (kind: 'node' | 'link'): Namer => {
  const taken = new Set<string>()
  const next = new Map<string, number>()
  const renamed: { readonly from: string; readonly to: string; readonly at: Position }[] = []

  const unique = (base: string): string => {
    if (!taken.has(base)) return base
    for (let i = next.get(base) ?? 2; ; i++) {
      const suffix = `-${i}`
      const name = `${base.slice(0, maxLength - suffix.length)}${suffix}`
      if (taken.has(name)) continue
      next.set(base, i + 1)
      return name
    }
  }

  return {
    name(wanted, at) {
      const name = unique(plainName(wanted, kind))
      taken.add(name)
      if (name !== wanted) renamed.push({ from: wanted, to: name, at })
      return name
    },
    tell(notes) {
      const [first] = renamed
      if (!first) return
      const examples = renamed.slice(0, maxExamples).map(({ from, to }) => `${quote(from)} is ${to}`)
      const more = renamed.length - examples.length
      const which = renamed.length === 1 ? `a ${kind} has another name` : `${renamed.length} ${kind}s have other names`
      const message = `${which} here: ${examples.join(', ')}${more > 0 ? `, and ${more} more` : ''}`
      notes.add({ message, at: first.at })
    },
  }
}
