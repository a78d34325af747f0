/**
 * Retained messages that always say what stands. What the broker holds is a cache of it: after a reconnection, perhaps to a broker
 * that lost everything, all is published again.
 */
import { createHash } from 'node:crypto'
import { encode, type MessageName } from '../../proto/codec.ts'
import type { Messages } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'

export interface Publisher<N extends MessageName> {
  /** Publishes it unless the same was published last. While there is no connection it waits for `republish`. */
  set(topic: string, message: Messages[N]): void
  /** Forgets the topic and clears it at the broker; settles when that is done. Sent before any later `set`. */
  clear(topic: string): Promise<void>
  /** Everything again; to be called after each connection. */
  republish(): void
}

export interface PublisherOptions<N extends MessageName> {
  readonly session: Session
  readonly name: N
  /** In the envelope; 0 for none. */
  readonly epoch: number
  readonly mirror: boolean
  readonly onError: (topic: string, error: unknown) => void
}

export const createPublisher = <N extends MessageName>(options: PublisherOptions<N>): Publisher<N> => {
  const { session, name, epoch, mirror, onError } = options
  const wanted = new Map<string, Messages[N]>()
  const published = new Map<string, string>()

  const flush = (topic: string, message: Messages[N]): void => {
    const digest = createHash('sha1').update(encode(name, message)).digest('base64')
    if (!session.connected || published.get(topic) === digest) return
    published.set(topic, digest)
    session.publish(topic, name, message, { retain: true, qos: 1, epoch, mirror }).catch((error: unknown) => {
      if (published.get(topic) === digest) published.delete(topic)
      onError(topic, error)
    })
  }

  return {
    set: (topic, message) => {
      wanted.set(topic, message)
      flush(topic, message)
    },
    clear: (topic) => {
      wanted.delete(topic)
      published.delete(topic)
      return session.clear(topic)
    },
    republish: () => {
      published.clear()
      for (const [topic, message] of wanted) flush(topic, message)
    },
  }
}
