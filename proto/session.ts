/**
 * A role's session with an MQTT broker: typed publishing, subscriptions, calls and serving calls (DESIGN section 3).
 * MQTT 3.1.1 is the floor. What is implemented here for a real broker is mqtt-session.ts.
 */
import type { MessageName } from './codec.ts'
import type { Envelope, Messages } from './generated/weft.v1.ts'
import type { ParsedTopic } from './topics.ts'

/** Messages that answer a call: they can carry an error. */
export type ReplyName = 'ApiReply' | 'HostReply'

export interface Will<N extends MessageName = MessageName> {
  readonly topic: string
  readonly name: N
  readonly message: Messages[N]
}

export interface SessionOptions {
  /** mqtt://host:port, or unix:/path of a broker's socket. */
  readonly url: string
  /** Identity: user name and client id; `sender` of what is published. */
  readonly identity: string
  readonly password?: string
  /** Published by the broker where the session breaks, and by close() itself (QoS 1, retained). */
  readonly will?: Will
  /** Called after every (re)connection, once the subscriptions were asked for. */
  readonly onConnect?: () => void
  readonly onDisconnect?: (reason: string) => void
  /** Told of messages that could not be read and listeners that threw. Without it they are lost silently. */
  readonly onProblem?: (error: unknown, topic: string) => void
}

export interface PublishOptions {
  readonly retain?: boolean
  /** 1 without it. Messages of QoS 0 are dropped while there is no connection. */
  readonly qos?: 0 | 1
  readonly epoch?: number
  /** Also, or only, publishes the canonical JSON of the message, without an envelope, at `…/json`. */
  readonly mirror?: boolean | 'only'
}

export interface Received {
  readonly topic: ParsedTopic
  readonly envelope: Envelope
  readonly retained: boolean
}

export interface CallOptions {
  /** 30 seconds without it. */
  readonly timeoutMs?: number
  /** The same key again gets the first answer and has no second effect. */
  readonly idempotencyKey?: string
}

export interface Session {
  readonly identity: string
  readonly connected: boolean
  /** Settles when the broker has it (QoS 1), which may be after a reconnection. Throws message.too-large. */
  publish<N extends MessageName>(topic: string, name: N, message: Messages[N], options?: PublishOptions): Promise<void>
  /** Clears a retained message, and its mirror. */
  clear(topic: string): Promise<void>
  /**
   * Calls back with each message; `undefined` where a retained one was cleared. Kept over reconnections; settles when the broker agreed, at
   * once while there is no connection.
   */
  subscribe<N extends MessageName>(
    filter: string,
    name: N,
    listener: (message: Messages[N] | undefined, received: Received) => void,
  ): Promise<void>
  /**
   * Serves calls at a request filter (with '+' for the client), binary and JSON: the reply goes to the topic that `replyTopic`
   * derives, with the request's correlation. A thrown error becomes the reply's `error`. Past deadlines are answered
   * message.expired and not served; a repeated idempotency key gets the answer of the first.
   */
  serve<Q extends MessageName, A extends ReplyName>(
    filter: string,
    request: Q,
    reply: A,
    replyTopic: (client: string) => string,
    handle: (message: Messages[Q], client: string) => Promise<Messages[A]>,
  ): Promise<void>
  /** Throws call.timeout, call.unreachable, and the reply's own error (an AggregateError where it has several). */
  call<Q extends MessageName, A extends ReplyName>(
    requestTopic: string,
    request: Q,
    message: Messages[Q],
    replyTopic: string,
    reply: A,
    options?: CallOptions,
  ): Promise<Messages[A]>
  /** Publishes the will as a farewell where there is a connection, and ends. Idempotent. */
  close(): Promise<void>
}
