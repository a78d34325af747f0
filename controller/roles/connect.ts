/** A role's session with a broker, its troubles in the log. */
import { connectSession } from '../../proto/mqtt-session.ts'
import type { Session, SessionOptions, Will } from '../../proto/session.ts'
import type { Log } from '../log.ts'

export type Connect = (options: SessionOptions) => Session

export interface BrokerOptions {
  /** mqtt://host:port or unix:/path. */
  readonly brokerUrl: string
  readonly password?: string | undefined
}

export interface ConnectOptions extends BrokerOptions {
  readonly identity: string
  readonly will?: Will
  readonly log: Log
  /** Stands in for a real broker in tests. */
  readonly connect?: Connect | undefined
  readonly onConnect: () => void
}

export const connectRole = (options: ConnectOptions): Session => {
  const { brokerUrl, password, identity, will, log, connect = connectSession, onConnect } = options
  return connect({
    url: brokerUrl,
    identity,
    ...(password === undefined ? {} : { password }),
    ...(will ? { will } : {}),
    onConnect: () => {
      log.info({ broker: brokerUrl }, 'connected')
      onConnect()
    },
    onDisconnect: (reason) => log.warn({ broker: brokerUrl, reason }, 'disconnected'),
    onProblem: (error, topic) => log.warn({ err: error, topic }, 'message not handled'),
  })
}
