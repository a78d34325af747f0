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
  // A broker that is away is tried twice a second: said once, not for each try.
  let isAwaySaid = false
  const sayAway = (about: object, text: string): void => {
    if (!isAwaySaid) log.warn({ broker: brokerUrl, ...about }, text)
    isAwaySaid = true
  }
  return connect({
    url: brokerUrl,
    identity,
    ...(password === undefined ? {} : { password }),
    ...(will ? { will } : {}),
    onConnect: () => {
      isAwaySaid = false
      log.info({ broker: brokerUrl }, 'connected')
      onConnect()
    },
    onDisconnect: (reason) => sayAway({ reason }, 'disconnected'),
    onProblem: (error, topic) => {
      if (topic === 'connection') sayAway({ err: error }, 'no connection to the broker')
      else log.warn({ err: error, topic }, 'message not handled')
    },
  })
}
