/**
 * A role's session with an MQTT broker: typed publishing, subscriptions, calls and serving calls (DESIGN section 3).
 * MQTT 3.1.1 is the floor. Payloads are bounded to 128 KiB.
 */

import type { MessageName } from './codec.ts'
import type { Envelope, Messages } from './generated/weft.v1.ts'
import type { ParsedTopic } from './topics.ts'

export const maxPayloadBytes = 128 * 1024

export interface SessionOptions {
  /** mqtt://host:port, or unix:/path of the embedded broker's socket. */
  readonly url: string
  /** Identity: user name and client id; `sender` of what is published. */
  readonly identity: string
  readonly password?: string
  /** Published by the broker where the session breaks (QoS 1, retained), in both forms. */
  readonly will?: { readonly topic: string; readonly name: MessageName; readonly message: Messages[MessageName] }
  /** Called after every (re)connection, before queued messages go out. */
  readonly onConnect?: () => void
  readonly onDisconnect?: (reason: string) => void
}

export interface PublishOptions {
  readonly retain?: boolean
  readonly qos?: 0 | 1
  readonly epoch?: number
  /** Also publishes the canonical JSON of the message at `…/json`. */
  readonly mirror?: boolean
}

export interface Received {
  readonly topic: ParsedTopic
  readonly envelope: Envelope
  readonly retained: boolean
}

export interface CallOptions {
  readonly timeoutMs?: number
  readonly idempotencyKey?: string
}

export interface Session {
  readonly identity: string
  readonly connected: boolean
  /** Settles when the broker has it (QoS 1). Throws message.too-large. */
  publish<N extends MessageName>(topic: string, name: N, message: Messages[N], options?: PublishOptions): Promise<void>
  /** Clears a retained message, and its mirror. */
  clear(topic: string): Promise<void>
  /** Calls back with each message; `undefined` where a retained one was cleared. Malformed ones are reported to onProblem. */
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
  serve<Q extends MessageName, A extends 'ApiReply' | 'HostReply'>(
    filter: string,
    request: Q,
    reply: A,
    replyTopic: (client: string) => string,
    handle: (message: Messages[Q], client: string) => Promise<Messages[A]>,
  ): Promise<void>
  /** Throws call.timeout, call.unreachable, and the reply's own error. */
  call<Q extends MessageName, A extends 'ApiReply' | 'HostReply'>(
    requestTopic: string,
    request: Q,
    message: Messages[Q],
    replyTopic: string,
    reply: A,
    options?: CallOptions,
  ): Promise<Messages[A]>
  /** Ends it gracefully; with a will given, publishes `farewell` in its place. Idempotent. */
  close(): Promise<void>
}
