/** Connects to a console by a ticket: the certificate is checked before the token is told. */
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import { WeftError } from '../errors.ts'
import type { ConsoleTicket } from '../generated/weft.v1.ts'
import { fingerprintOf } from './certificate.ts'
import { placeOf } from './endpoint.ts'
import { heartbeatMs, mostMessageBytes } from './listener.ts'

const connectTimeoutMs = 10_000

/** A connection to whoever has the key of that certificate. */
const connectPinned = ({ endpoint, fingerprint }: ConsoleTicket): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({
      ...placeOf(endpoint),
      minVersion: 'TLSv1.3',
      // No authority signs it; what is known of it is its fingerprint, checked below.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    })
    const unreachable = (reason: string, cause?: unknown): void => {
      socket.destroy()
      reject(new WeftError('call.unreachable', `the console at ${endpoint} ${reason}`, { cause }))
    }
    const timer = setTimeout(() => unreachable(`has not answered within ${connectTimeoutMs} ms`), connectTimeoutMs)
    socket.once('error', (error) => {
      clearTimeout(timer)
      unreachable(`cannot be reached: ${error.message}`, error)
    })
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      const certificate = socket.getPeerX509Certificate()
      if (certificate && fingerprintOf(certificate) === fingerprint.toLowerCase()) return resolve(socket)
      socket.destroy()
      reject(new WeftError('certificate.unknown', `who answers at ${endpoint} is not who handed out the token`))
    })
  })

/** Ends a connection of which nothing is heard: the other side pings. */
const watchHeart = (socket: WebSocket): void => {
  let timer: NodeJS.Timeout | undefined
  const heard = (): void => {
    clearTimeout(timer)
    // What we do not read now may hold what we wait for.
    timer = setTimeout(() => (socket.isPaused ? heard() : socket.terminate()), 3 * heartbeatMs)
  }
  heard()
  socket.on('ping', heard)
  socket.on('close', () => clearTimeout(timer))
}

/**
 * Settles when it is open; it is paused, so that nothing is lost before the caller listens: `resume` it then. Errors: call.unreachable,
 * certificate.unknown, token.invalid.
 */
export const connectConsole = async (ticket: ConsoleTicket): Promise<WebSocket> => {
  const tls = await connectPinned(ticket)
  const socket = new WebSocket('wss://console/', {
    createConnection: () => tls,
    headers: { authorization: `Bearer ${ticket.token}` },
    perMessageDeflate: false,
    maxPayload: mostMessageBytes,
    handshakeTimeout: connectTimeoutMs,
  })
  return new Promise((resolve, reject) => {
    socket.on('error', (cause) => {
      reject(
        new WeftError('call.unreachable', `the console at ${ticket.endpoint} broke off: ${cause.message}`, { cause }),
      )
      socket.terminate()
    })
    socket.once('unexpected-response', (_, response) => {
      tls.destroy()
      const reason =
        response.statusCode === 401 ? 'was used before, or is too old' : `is answered ${response.statusCode}`
      reject(new WeftError('token.invalid', `the token for the console at ${ticket.endpoint} ${reason}`))
    })
    socket.once('open', () => {
      socket.pause()
      watchHeart(socket)
      resolve(socket)
    })
  })
}
