/** A request before it is sent: a value, so that it can be built, printed and batched without a socket. */
import type { Message } from '../codec/message.ts'

export interface Request {
  /** Message type: RTM_NEWLINK, …. */
  readonly type: number
  /** Beyond NLM_F_REQUEST and NLM_F_ACK, which every request has. */
  readonly flags: number
  /** Fixed header and attributes. */
  readonly body: Buffer
  /** For people, as `ip` and `tc` would say it: 'link add'. */
  readonly operation: string
  /** What it is done to: 'vif1.0'. */
  readonly subject: string
}

/** What the kernel answered to a request that it did. */
export interface Reply {
  /** What came before the acknowledgement: the object of a get, the echo of a change. */
  readonly messages: readonly Message[]
  /** Of the extended acknowledgement; '' for none. */
  readonly warning: string
  /** Of a dump: something changed while it was read. */
  readonly interrupted: boolean
}
