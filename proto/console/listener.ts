/**
 * Serves consoles: WebSockets over TLS, each let in by a token that is valid once and for a short time. What is served behind a token is the
 * business of whoever granted it: an agent its node's console, a role that relays a connection to the next one.
 */
import { randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { WeftError } from '../errors.ts'
import type { ConsoleTicket } from '../generated/weft.v1.ts'
import { removeDeadSocket } from '../local.ts'
import { keptCertificate } from './certificate.ts'
import { defaultConsoleListen, endpointOf, parseListen, placeOf } from './endpoint.ts'

/** Of one message either way: a terminal sends less at a time, and what is larger has no business here. */
export const mostMessageBytes = 64 * 1024
/** Idle connections are asked so often whether they are still there. */
export const heartbeatMs = 15_000
const defaultTokenMs = 30_000
const tokenBytes = 32
/** Who asks for tokens and never comes does not fill the memory. */
const mostTokens = 4096

export interface ConsoleListener {
  /** A ticket for one connection, which `serve` then gets; `expired` is called where nobody came in time. */
  grant(serve: (socket: WebSocket) => void, expired?: () => void): ConsoleTicket
  /** Ends what is connected. Idempotent. */
  close(): Promise<void>
}

export interface ConsolePlace {
  /** HOST:PORT or unix:PATH; a free port of the loopback without it. */
  readonly listen?: string | undefined
  /** As others reach it where that is another place (endpoint.ts), behind a door of theirs say. */
  readonly endpoint?: string | undefined
}

export interface ConsoleListenerOptions extends ConsolePlace {
  /** Keeps its key and certificate. */
  readonly directory: string
  /** How long a token waits for its connection; 30 s without it. */
  readonly tokenMs?: number | undefined
}

/** Refuses at start what could only fail later. Throws config.invalid, message.malformed. */
export const checkConsolePlace = ({ listen = defaultConsoleListen, endpoint }: ConsolePlace): void => {
  parseListen(listen)
  if (endpoint !== undefined) placeOf(endpoint)
}

interface Grant {
  readonly serve: (socket: WebSocket) => void
  readonly expired: () => void
  readonly timer: NodeJS.Timeout
}

const refuse = (socket: Socket, status: string): void => {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Answers pings forever, or is ended: a peer that vanished without a word is noticed. */
const watchHeart = (socket: WebSocket): void => {
  let answered = true
  const timer = setInterval(() => {
    // What is not read, because the node takes nothing more, may hold the answer.
    if (socket.isPaused) return
    if (!answered) return socket.terminate()
    answered = false
    socket.ping()
  }, heartbeatMs)
  socket.on('pong', () => {
    answered = true
  })
  socket.on('close', () => clearInterval(timer))
}

/** Settles when it listens. Throws config.invalid, not-supported, console.failed. */
export const startConsoleListener = async (options: ConsoleListenerOptions): Promise<ConsoleListener> => {
  const { listen = defaultConsoleListen, directory, tokenMs = defaultTokenMs } = options
  const place = parseListen(listen)
  const { pem, fingerprint } = await keptCertificate(directory)
  const grants = new Map<string, Grant>()
  const sockets = new Set<Socket>()
  const server = createServer({ key: pem, cert: pem, minVersion: 'TLSv1.3' }, (_, response) => {
    response.writeHead(426, { Upgrade: 'websocket' }).end()
  })
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: mostMessageBytes, perMessageDeflate: false })

  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  })
  server.on('upgrade', (request, socket: Socket, head) => {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const grant = grants.get(token)
    if (!grant) return refuse(socket, '401 Unauthorized')
    // Spent before anything else happens: of two that come with it, one is let in.
    grants.delete(token)
    clearTimeout(grant.timer)
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => webSocket.terminate())
      watchHeart(webSocket)
      grant.serve(webSocket)
    })
  })

  try {
    if (place.path !== undefined) await removeDeadSocket(place.path)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(place, resolve)
    })
  } catch (cause) {
    const message = `consoles cannot be served at ${listen}: ${(cause as Error).message}`
    throw new WeftError('console.failed', message, { cause })
  }
  if (place.path !== undefined) await chmod(place.path, 0o600)
  const endpoint = options.endpoint ?? endpointOf(place, (server.address() as AddressInfo | null)?.port ?? 0)

  const withdraw = (token: string): void => {
    const grant = grants.get(token)
    if (!grant) return
    grants.delete(token)
    clearTimeout(grant.timer)
    grant.expired()
  }

  return {
    grant: (serve, expired = () => {}) => {
      const oldest = grants.size >= mostTokens ? grants.keys().next().value : undefined
      if (oldest !== undefined) withdraw(oldest)
      const token = randomBytes(tokenBytes).toString('base64url')
      grants.set(token, { serve, expired, timer: setTimeout(() => withdraw(token), tokenMs).unref() })
      return { endpoint, token, fingerprint }
    },
    close: async () => {
      for (const token of [...grants.keys()]) withdraw(token)
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      // 1001: going away. Whoever watches asks for a new token.
      for (const socket of webSockets.clients) socket.close(1001)
      for (const socket of sockets) socket.destroySoon()
      await ended
    },
  }
}
