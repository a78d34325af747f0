/** Network namespaces, told apart by what they are and found again by it: a router knows its own, wherever a command is run. */
import { readdirSync, statSync } from 'node:fs'
import { WeftError } from '../../../proto/errors.ts'
import type { RouterRecord } from './record.ts'

/** The process's own, as a path. */
export const ownNamespace = '/proc/self/ns/net'

/** Device and inode of a namespace's file (namespaces(7)): the same as long as it lives. Throws WeftError config.invalid where there is none. */
export const namespaceId = (path: string = ownNamespace): string => {
  try {
    const { dev, ino } = statSync(path)
    return `${dev}:${ino}`
  } catch (cause) {
    throw new WeftError('config.invalid', `there is no network namespace at ${path}`, { hint: 'ip netns list', cause })
  }
}

const hasId = (id: string, path: string): boolean => {
  try {
    return namespaceId(path) === id
  } catch {
    return false
  }
}

const below = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** A path of a router's namespace; undefined where no name and no process has it any more. */
export const findNamespace = (
  { id, path }: RouterRecord['namespace'],
  given: string | undefined,
): string | undefined => {
  const likely = [given ?? ownNamespace, ...(path === '' ? [] : [path])]
  const named = (): readonly string[] => below('/run/netns').map((name) => `/run/netns/${name}`)
  const processes = (): readonly string[] =>
    below('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((process) => `/proc/${process}/ns/net`)
  for (const paths of [() => likely, named, processes]) {
    const found = paths().find((candidate) => hasId(id, candidate))
    if (found !== undefined) return found
  }
  return undefined
}
