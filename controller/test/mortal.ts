/**
 * A process that can die at each of its steps: before and after every transaction of its store, every message that it publishes and
 * every call that it makes. Once dead, nothing that it waits for settles any more.
 */
import type { Connect } from '../roles/connect.ts'
import type { Store } from '../store/store.ts'
import type { MemoryBroker, MemorySession } from './memory-session.ts'

export interface Mortal {
  store(store: Store): Store
  connect(broker: MemoryBroker): Connect
  die(): void
  /** Called when it dies. */
  onDeath(listener: () => void): void
  readonly isDead: boolean
  /** Steps taken so far. */
  readonly steps: number
  /** It dies at the step after this one. */
  dieAfter(steps: number): void
  /** It dies when it is about to call a verb of another role, for instance "commit". */
  dieBeforeCall(verb: string): void
}

const never = new Promise<never>(() => {})

export const createMortal = (): Mortal => {
  const sessions: MemorySession[] = []
  let lastStep = Number.POSITIVE_INFINITY
  let steps = 0
  let isDead = false

  let lastVerb = ''
  const listeners: (() => void)[] = []

  const die = (): void => {
    if (isDead) return
    isDead = true
    for (const session of sessions) session.kill()
    for (const listener of listeners) listener()
  }

  /** One step; false: the process is dead. */
  const step = (): boolean => {
    if (!isDead && ++steps > lastStep) die()
    return !isDead
  }

  const mortal = async <T>(work: () => Promise<T>): Promise<T> => {
    if (!step()) return never
    let result: T
    try {
      result = await work()
    } catch (error) {
      if (!step()) return never
      throw error
    }
    return step() ? result : never
  }

  return {
    die,
    onDeath: (listener) => listeners.push(listener),
    dieAfter: (last) => {
      lastStep = last
    },
    dieBeforeCall: (verb) => {
      lastVerb = verb
    },
    get isDead() {
      return isDead
    },
    get steps() {
      return steps
    },
    store: (store) => ({
      transaction: (work) => mortal(() => store.transaction(work)),
      close: () => never,
    }),
    connect: (broker) => (options) => {
      const session = broker.connect(options)
      sessions.push(session)
      return {
        ...session,
        get connected() {
          return session.connected
        },
        publish: (...message) => mortal(() => session.publish(...message)),
        clear: (topic) => mortal(() => session.clear(topic)),
        call: (...call) => {
          if (lastVerb !== '' && lastVerb in call[2]) die()
          return mortal(() => session.call(...call))
        },
        serve: (filter, request, reply, replyTopic, handle) =>
          session.serve(filter, request, reply, replyTopic, (message, client) => mortal(() => handle(message, client))),
      }
    },
  }
}
