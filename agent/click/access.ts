/** Handlers by name, `element.handler`, as reads and writes of a router's state. */
import type { Configured } from '../../click/element.ts'
import { shiftWord } from '../../click/language/strings.ts'
import { WeftError } from '../../proto/errors.ts'
import type { PlacedElement } from './compile/compile.ts'
import { type ElementState, type Handler, HandlerError, type HandlerTable } from './handlers.ts'

export interface HandlerAccess {
  /**
   * The value of `element.handler`, or of `element.handler TEXT` where it depends on a text. Throws WeftError config.invalid where there is no
   * such handler to read, or the text is not for it.
   */
  read(name: string): string
  /** Throws WeftError config.invalid where there is no such handler to write, or the text is not for it. */
  write(name: string, text: string): void
}

export interface HandlerInfo {
  readonly name: string
  readonly read: boolean
  readonly write: boolean
  /** What is read depends on a text: read alone, as `element.handler TEXT`. */
  readonly query: boolean
}

export interface ElementInfo {
  readonly name: string
  readonly class: string
  readonly handlers: readonly HandlerInfo[]
}

export const accessHandlers = (
  elements: readonly PlacedElement[],
  stateOf: (placed: PlacedElement) => ElementState,
): HandlerAccess => {
  const byName = new Map(elements.map((placed) => [placed.element.name, placed]))

  const find = (name: string): readonly [PlacedElement, string] => {
    // An element's name has no dot.
    const dot = name.lastIndexOf('.')
    if (dot < 1) throw refusal(name, `'${name}' is no handler`, 'ELEMENT.HANDLER, as in c.count')
    const placed = byName.get(name.slice(0, dot))
    if (!placed) throw refusal(name, `no element named '${name.slice(0, dot)}'`)
    return [placed, name.slice(dot + 1)]
  }

  return {
    read: (asked) => {
      const [name, text] = shiftWord(asked)
      const [placed, handler] = find(name)
      const { read, query } = handlerOf(placed, handler) ?? {}
      if (query) return refusing(name, () => query(stateOf(placed), text, placed.configured))
      if (!read) throw refusal(name, `no read handler '${name}'`, offer(placed, 'read'))
      if (text !== '') throw refusal(name, `read handler '${name}' does not take parameters`)
      return read(stateOf(placed), placed.configured)
    },
    write: (name, text) => {
      const [placed, handler] = find(name)
      const write = handlerOf(placed, handler)?.write
      if (!write) throw refusal(name, `no write handler '${name}'`, offer(placed, 'write'))
      refusing(name, () => write(stateOf(placed), text, placed.outputs, placed.configured))
    },
  }
}

const refusing = <T>(name: string, run: () => T): T => {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof HandlerError)) throw error
    throw new WeftError('config.invalid', `${name}: ${error.message}`, { object: `handler/${name}`, cause: error })
  }
}

const refusal = (name: string, message: string, hint?: string): WeftError =>
  new WeftError('config.invalid', message, { object: `handler/${name}`, hint })

const offer = (placed: PlacedElement, use: 'read' | 'write'): string => {
  const names = describeElement(placed)
    .handlers.filter((handler) => handler[use])
    .map(({ name }) => name)
  return `${placed.element.name} has ${names.length === 0 ? `none to ${use}` : names.join(', ')}`
}

/** In the order of the names. */
export const describeElement = (placed: PlacedElement): ElementInfo => {
  const names = new Set([...Object.keys(common), ...Object.keys(tableOf(placed))])
  const handlers = [...names].sort().map((name): HandlerInfo => {
    const { read, query, write } = handlerOf(placed, name) ?? {}
    return { name, read: (read ?? query) !== undefined, write: write !== undefined, query: query !== undefined }
  })
  return { name: placed.element.name, class: placed.element.class, handlers }
}

const common: Readonly<Record<string, (placed: PlacedElement) => string>> = {
  class: ({ element }) => element.class,
  config: ({ element }) => element.configuration,
  handlers: (placed) =>
    describeElement(placed)
      .handlers.map(({ name, read, write }) => `${name}\t${read ? 'r' : ''}${write ? 'w' : ''}\n`)
      .join(''),
  name: ({ element }) => element.name,
  ports: ({ ports }) => ports(),
}

const tableOf = ({ code, configured }: PlacedElement): HandlerTable<Configured> => ({
  ...code.handlers,
  ...code.handlersFor?.(configured),
})

const handlerOf = (placed: PlacedElement, name: string): Handler<Configured> | undefined => {
  const handlers = tableOf(placed)
  if (Object.hasOwn(handlers, name)) return handlers[name]
  const value = Object.hasOwn(common, name) ? common[name] : undefined
  return value && { read: () => value(placed) }
}
