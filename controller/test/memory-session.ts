/**
 * A broker and sessions with it in one process: retained messages, last wills, the envelopes and limits of the wire, delivery in
 * order and later. Connections can be cut, the broker can lose its memory, messages of QoS 1 can come twice.
 */
import { create, type MessageName, toJson } from '../../proto/codec.ts'
import { open, openJson, seal, sealJson } from '../../proto/envelope.ts'
import { fromWireError, WeftError } from '../../proto/errors.ts'
import type { Envelope, Messages } from '../../proto/generated/weft.v1.ts'
import { answering, errorReply } from '../../proto/serving.ts'
import type { Received, ReplyName, Session, SessionOptions } from '../../proto/session.ts'
import { jsonTopic, parseTopic } from '../../proto/topics.ts'
import type { Clock } from '../roles/clock.ts'

export interface MemoryBroker {
  connect(options: SessionOptions): MemorySession
  /** Publishes a payload as it is, from nobody. */
  inject(topic: string, payload: string): void
  /** Topics of retained messages, sorted. */
  retained(): readonly string[]
  /** Every message that was published, oldest first. */
  readonly published: readonly { readonly topic: string; readonly payload: Uint8Array; readonly retain: boolean }[]
  /** Messages that are under way. */
  readonly busy: boolean
  /** Cuts all connections; without its memory, as a broker without persistence that is restarted. */
  goDown(): void
  comeUp(options?: { readonly forgetful?: boolean }): void
  /** Delivers each message of this kind of topic twice. */
  duplicates: boolean
  /** Acknowledges a message only long after others have got it. */
  lateAcknowledgements: boolean
}

export interface MemorySession extends Session {
  /** The process died: the broker publishes the will; nothing that is under way here settles any more. */
  kill(): void
}

type Listener = (topic: string, payload: Buffer, retained: boolean) => void

interface Peer {
  readonly options: SessionOptions
  readonly subscriptions: { readonly filter: readonly string[]; readonly listener: Listener }[]
  state: 'connecting' | 'connected' | 'down' | 'ended'
  /** Its process died: what it waits for never comes. */
  dead: boolean
  /** Resolved at the next connection. */
  readonly queued: (() => void)[]
}

const matches = (filter: readonly string[], topic: string): boolean => {
  const levels = topic.split('/')
  return filter.length === levels.length && filter.every((level, i) => level === '+' || level === levels[i])
}

const nothing = Buffer.alloc(0)

export const createMemoryBroker = (clock: Clock): MemoryBroker => {
  const retained = new Map<string, Buffer>()
  const peers = new Set<Peer>()
  const published: { topic: string; payload: Uint8Array; retain: boolean }[] = []
  const queue: (() => void)[] = []
  let up = true
  let draining = false
  let acknowledging = 0

  const later = (work: () => void): void => {
    queue.push(work)
    if (draining) return
    draining = true
    setImmediate(function drain() {
      const next = queue.shift()
      next?.()
      if (queue.length > 0) setImmediate(drain)
      else draining = false
    })
  }

  const deliver = (peer: Peer, topic: string, payload: Buffer, isRetained: boolean): void => {
    for (const { filter, listener } of peer.subscriptions) {
      if (!matches(filter, topic)) continue
      try {
        listener(topic, payload, isRetained)
      } catch (error) {
        peer.options.onProblem?.(error, topic)
      }
    }
  }

  const publish = (topic: string, payload: Buffer, retain: boolean): void => {
    published.push({ topic, payload, retain })
    if (retain && payload.length > 0) retained.set(topic, payload)
    else if (retain) retained.delete(topic)
    for (const peer of peers) {
      if (peer.state !== 'connected') continue
      for (let copies = broker.duplicates ? 2 : 1; copies > 0; copies--) {
        later(() => peer.state === 'connected' && deliver(peer, topic, payload, false))
      }
    }
  }

  const publishWill = ({ options: { will, identity } }: Peer): void => {
    if (will) publish(will.topic, seal(will.name, will.message, { sender: identity }), true)
  }

  const replay = (peer: Peer, filter: readonly string[], to: Listener): void => {
    for (const [topic, payload] of retained) {
      if (matches(filter, topic)) later(() => peer.state === 'connected' && to(topic, payload, true))
    }
  }

  const attach = (peer: Peer): void => {
    later(() => {
      if (!up || peer.state === 'ended') return
      peer.state = 'connected'
      for (const { filter, listener } of peer.subscriptions) replay(peer, filter, listener)
      for (const resume of peer.queued.splice(0)) resume()
      peer.options.onConnect?.()
    })
  }

  const broker: MemoryBroker = {
    duplicates: false,
    lateAcknowledgements: false,
    published,
    inject: (topic, payload) => publish(topic, Buffer.from(payload), false),
    retained: () => [...retained.keys()].sort(),
    get busy() {
      return draining || acknowledging > 0
    },
    goDown: () => {
      up = false
      for (const peer of peers) {
        if (peer.state !== 'connected') continue
        peer.state = 'down'
        peer.options.onDisconnect?.('the broker is down')
      }
    },
    comeUp: ({ forgetful = false } = {}) => {
      up = true
      if (forgetful) retained.clear()
      for (const peer of peers) if (peer.state !== 'ended') attach(peer)
    },
    connect: (options) => {
      // As MQTT has it, a second connection of an identity ends the first (MQTT 3.1.1, 3.1.4-2).
      for (const peer of peers) {
        if (peer.options.identity !== options.identity || peer.state === 'ended') continue
        publishWill(peer)
        peer.state = 'ended'
        peers.delete(peer)
      }
      const peer: Peer = { options, subscriptions: [], state: 'connecting', dead: false, queued: [] }
      peers.add(peer)
      attach(peer)
      return createMemorySession({
        clock,
        peer,
        publish,
        acknowledged: async () => {
          acknowledging++
          for (let turns = broker.lateAcknowledgements ? 50 : 1; turns > 0; turns--) {
            await new Promise((resolve) => setImmediate(resolve))
          }
          acknowledging--
        },
        replay,
        end: (farewell) => {
          if (peer.state === 'ended') return
          if (farewell && peer.state === 'connected') publishWill(peer)
          peer.state = 'ended'
          peers.delete(peer)
        },
      })
    },
  }
  return broker
}

interface SessionParts {
  readonly clock: Clock
  readonly peer: Peer
  readonly publish: (topic: string, payload: Buffer, retain: boolean) => void
  readonly acknowledged: () => Promise<void>
  readonly replay: (peer: Peer, filter: readonly string[], to: Listener) => void
  readonly end: (farewell: boolean) => void
}

const never = new Promise<never>(() => {})

const createMemorySession = ({ clock, peer, publish, acknowledged, replay, end }: SessionParts): MemorySession => {
  const { identity } = peer.options
  const waiting = new Map<string, { resolve: (reply: unknown) => void; reject: (error: unknown) => void }>()
  const replyTopics = new Set<string>()
  let correlations = 0

  const send = async (topic: string, payload: Buffer, retain: boolean, qos: 0 | 1): Promise<void> => {
    if (peer.dead || peer.state === 'ended') return never
    if (peer.state !== 'connected') {
      if (qos === 0) return
      await new Promise<void>((resolve) => peer.queued.push(() => resolve(publish(topic, payload, retain))))
      return
    }
    publish(topic, payload, retain)
    await acknowledged()
    if (peer.dead) return never
  }

  const listen = (filter: string, listener: Listener): void => {
    const subscription = { filter: filter.split('/'), listener }
    peer.subscriptions.push(subscription)
    if (peer.state === 'connected') replay(peer, subscription.filter, listener)
  }

  const session: MemorySession = {
    identity,
    get connected() {
      return peer.state === 'connected'
    },

    async publish(topic, name, message, { retain = false, qos = 1, epoch = 0, mirror = false } = {}) {
      const sent = mirror === 'only' ? [] : [send(topic, seal(name, message, { sender: identity, epoch }), retain, qos)]
      if (mirror) sent.push(send(jsonTopic(topic), Buffer.from(JSON.stringify(toJson(name, message))), retain, qos))
      await Promise.all(sent)
    },

    async clear(topic) {
      await Promise.all([send(topic, nothing, true, 1), send(jsonTopic(topic), nothing, true, 1)])
    },

    async subscribe<N extends MessageName>(
      filter: string,
      name: N,
      listener: (message: Messages[N] | undefined, received: Received) => void,
    ) {
      listen(filter, (topic, payload, isRetained) => {
        const parsed = parseTopic(topic)
        if (!parsed) throw new Error(`${topic} is no topic of ours`)
        const received = (envelope: Envelope): Received => ({ topic: parsed, envelope, retained: isRetained })
        if (payload.length === 0) listener(undefined, received(create('Envelope')))
        else {
          const { envelope, message } = open(name, payload)
          listener(message, received(envelope))
        }
      })
    },

    async serve(filter, request, reply, replyTopic, handle) {
      const answer = answering(reply, handle)
      const serveAs = (json: boolean) =>
        listen(json ? jsonTopic(filter) : filter, (topic, payload) => {
          const client = parseTopic(topic)?.client
          if (client === undefined || payload.length === 0) return
          const { envelope, message } = json ? openJson(request, payload) : open(request, payload)
          const respond = async () => {
            const answered = await answer(message, client, envelope)
            const write = (body: typeof answered): Buffer =>
              (json ? sealJson : seal)(reply, body, { sender: identity, correlation: envelope.correlation })
            let sealed: Buffer
            try {
              sealed = write(answered)
            } catch (error) {
              sealed = write(errorReply(reply, error))
            }
            await send(json ? jsonTopic(replyTopic(client)) : replyTopic(client), sealed, false, 1)
          }
          respond().catch((error: unknown) => peer.options.onProblem?.(error, topic))
        })
      serveAs(false)
      serveAs(true)
    },

    async call(requestTopic, request, message, replyTopic, reply: ReplyName, calling = {}) {
      const { timeoutMs = 30_000, idempotencyKey = '' } = calling
      const correlation = `${identity}-${correlations++}`
      const sealed = seal(request, message, { sender: identity, correlation, idempotencyKey })
      if (!replyTopics.has(replyTopic)) {
        replyTopics.add(replyTopic)
        listen(replyTopic, (_topic, payload) => {
          const { envelope, message: answer } = open(reply, payload)
          waiting.get(envelope.correlation)?.resolve(answer)
        })
      }
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      const alive =
        (settle: (value: unknown) => void) =>
        (value: unknown): void => {
          if (!peer.dead) settle(value)
        }
      waiting.set(correlation, { resolve: alive(resolve), reject: alive(reject) })
      const cancel = clock.after(timeoutMs, () =>
        alive(reject)(
          session.connected
            ? new WeftError('call.timeout', `no answer at ${requestTopic} within ${timeoutMs} ms`)
            : new WeftError('call.unreachable', `no connection to the broker within ${timeoutMs} ms`),
        ),
      )
      try {
        send(requestTopic, sealed, false, 1).catch(reject)
        const answer = (await promise) as Messages[typeof reply]
        if (answer.error) throw fromWireError(answer.error)
        return answer as never
      } finally {
        cancel()
        waiting.delete(correlation)
      }
    },

    async close() {
      end(true)
    },

    kill: () => {
      peer.dead = true
      end(true)
    },
  }
  return session
}
