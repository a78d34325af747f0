/**
 * The embedded MQTT broker (MQTT 3.1.1), for one machine: retained messages are kept in memory, since they are a cache of what the roles
 * hold and publish again at each connection. Any other broker serves in its place.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Aedes } from 'aedes'
import { maxPayloadBytes } from '../../proto/envelope.ts'
import { WeftError } from '../../proto/errors.ts'
import { boundedConnection } from './bound.ts'

/** Of one packet after its fixed header: a payload, and room for its topic. */
export const maxPacketBytes = maxPayloadBytes + 2048

export type Listener = { readonly host: string; readonly port: number } | { readonly path: string }

export interface BrokerOptions {
  readonly listeners: readonly Listener[]
  /** Told of clients that broke the protocol. */
  readonly onProblem?: (problem: string) => void
}

export interface Broker {
  /** As sessions take them, in the order of the listeners: mqtt://host:port (the port given where 0 was asked), unix:/path. */
  readonly urls: readonly string[]
  /** Closes listeners and connections. Idempotent. */
  close(): Promise<void>
}

/** Settles when it listens. Throws broker.failed. */
export const startBroker = async (options: BrokerOptions): Promise<Broker> => {
  const aedes = await Aedes.createBroker({
    // A client that reads nothing holds up the delivery of others: it is cut off.
    drainTimeout: 5000,
    // MQTT 3.1.1 has no limit but that of strings; aedes' own is that of MQTT 3.1.
    maxClientsIdLength: 200,
  })
  const problem = (kind: string) => (client: { id: string }, error: Error) =>
    options.onProblem?.(`${client.id ?? 'a client'}: ${kind}: ${error.message}`)
  aedes.on('clientError', problem('error'))
  aedes.on('connectionError', problem('before it was connected'))

  const sockets = new Set<Socket>()
  const servers: Server[] = []
  const close = async (): Promise<void> => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)))
    for (const socket of sockets) socket.destroy()
    await Promise.all(closed)
    await new Promise<void>((resolve) => aedes.close(resolve))
  }
  const urls: string[] = []
  try {
    for (const listener of options.listeners) {
      if ('path' in listener) await removeDeadSocket(listener.path)
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
        socket.setNoDelay(true)
        aedes.handle(boundedConnection(socket, maxPacketBytes))
      })
      urls.push(await listen(server, listener))
      servers.push(server)
    }
  } catch (error) {
    await close()
    throw error
  }
  let closing: Promise<void> | undefined
  return {
    urls,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

const listen = (server: Server, listener: Listener): Promise<string> =>
  new Promise((resolve, reject) => {
    const name = 'path' in listener ? `unix:${listener.path}` : `mqtt://${listener.host}:${listener.port}`
    server.once('error', (cause) =>
      reject(new WeftError('broker.failed', `the broker cannot listen at ${name}: ${cause.message}`, { cause })),
    )
    server.listen(listener, () => {
      if ('path' in listener) {
        // Who may connect may publish: root, as is whoever runs a host.
        chmodSync(listener.path, 0o600)
        resolve(name)
        return
      }
      const address = server.address()
      const port = address !== null && typeof address === 'object' ? address.port : listener.port
      resolve(`mqtt://${listener.host.includes(':') ? `[${listener.host}]` : listener.host}:${port}`)
    })
  })

/** A socket file outlives a process that was killed; one that answers belongs to a broker that runs. */
const removeDeadSocket = (path: string): Promise<void> =>
  new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve()
    })
    probe.once('error', (error: NodeJS.ErrnoException) => {
      // A file of another kind refuses too, and is not ours to remove.
      if (error.code === 'ECONNREFUSED' && lstatSync(path).isSocket()) rmSync(path, { force: true })
      resolve()
    })
  })
