/**
 * The door of a broker elsewhere for virtual hosts, which have no interface in the machine's network: a unix socket, in their sight as
 * all files are, whose connections are passed on.
 */
import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { WeftError } from '../proto/errors.ts'

export interface Relay {
  readonly url: string
  /** Idempotent. */
  close(): Promise<void>
}

/** Connects to the broker of an MQTT URL: mqtt (1883 without a port) or mqtts (8883). */
const dial = (url: URL): Socket => {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return url.protocol === 'mqtts:'
    ? connectTls({ host, port: Number(url.port || 8883), servername: host })
    : connectTcp({ host, port: Number(url.port || 1883) })
}

const brokerAt = (brokerUrl: string): URL => {
  const url = URL.canParse(brokerUrl) ? new URL(brokerUrl) : undefined
  if (url && ['mqtt:', 'mqtts:'].includes(url.protocol)) return url
  throw new WeftError('lab.failed', `a lab cannot use the broker "${brokerUrl}"`, {
    hint: 'mqtt://host:port, mqtts://host:port or unix:/path',
  })
}

/** Settles when somebody listens there. Throws lab.failed where nobody does, at once. */
export const probeBroker = async (brokerUrl: string): Promise<void> => {
  const socket = brokerUrl.startsWith('unix:') ? connectTcp(brokerUrl.slice(5)) : dial(brokerAt(brokerUrl))
  socket.setTimeout(10_000, () => socket.destroy(new Error('it does not answer')))
  try {
    await once(socket, 'connect')
  } catch (cause) {
    throw new WeftError('lab.failed', `the broker ${brokerUrl} cannot be reached: ${(cause as Error).message}`, {
      cause,
    })
  } finally {
    socket.destroy()
  }
}

/** Listens at `path` for connections to `brokerUrl`. Throws lab.failed for a URL of another kind. */
export const startRelay = async (path: string, brokerUrl: string): Promise<Relay> => {
  const url = brokerAt(brokerUrl)
  const sockets = new Set<Socket>()
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.pipe(to)
    // An error is followed by 'close', and the end of one side is that of the other: the client connects again.
    from.on('error', () => undefined)
    from.once('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
  const server = createServer((client) => {
    const broker = dial(url)
    join(client, broker)
    join(broker, client)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  return {
    url: `unix:${path}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
