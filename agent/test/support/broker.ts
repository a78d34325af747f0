/** A broker on a unix socket, for tests of the wire: it can be cut off and brought back, and a client can watch it in JSON. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import type { Test } from 'tap'
import { connectSession } from '../../../proto/mqtt-session.ts'
import type { Session, SessionOptions } from '../../../proto/session.ts'

export interface TestBroker {
  readonly url: string
  connect(identity: string, options?: Partial<SessionOptions>): Session
  /** Publishes as any client of MQTT would. */
  publish(topic: string, payload: string): Promise<void>
  /** The last payload of each topic, '' where it was cleared. */
  readonly seen: ReadonlyMap<string, string>
  down(): Promise<void>
  up(): Promise<void>
}

export const startBroker = async (t: Test): Promise<TestBroker> => {
  const aedes = await Aedes.createBroker()
  // Short: a unix socket's path has at most 107 bytes (unix(7)).
  const directory = mkdtempSync(join(tmpdir(), 'weft-'))
  const path = join(directory, 'broker.sock')
  const sockets = new Set<Socket>()
  const seen = new Map<string, string>()
  aedes.on('publish', ({ topic, payload }) => void seen.set(topic, payload.toString()))
  const listen = async () => {
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      aedes.handle(socket)
    })
    await new Promise<void>((resolve) => server.listen(path, resolve))
    return server
  }
  let server: Awaited<ReturnType<typeof listen>> | undefined = await listen()
  const down = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await new Promise<unknown>((resolve) => (server ? server.close(resolve) : resolve(undefined)))
    server = undefined
  }
  t.teardown(async () => {
    await down()
    await new Promise<void>((resolve) => aedes.close(resolve))
    rmSync(directory, { recursive: true, force: true })
  })
  return {
    url: `unix:${path}`,
    seen,
    down,
    up: async () => {
      server ??= await listen()
    },
    connect: (identity, options = {}) => {
      const session = connectSession({ url: `unix:${path}`, identity, ...options })
      t.teardown(() => session.close())
      return session
    },
    publish: (topic, payload) =>
      new Promise((resolve) => {
        const packet = {
          cmd: 'publish',
          topic,
          payload: Buffer.from(payload),
          qos: 0,
          retain: false,
          dup: false,
        } as const
        aedes.publish(packet, () => resolve())
      }),
  }
}

export const until = async (what: () => boolean, timeoutMs = 20_000): Promise<void> => {
  const end = performance.now() + timeoutMs
  while (!what()) {
    if (performance.now() > end) throw new Error(`it never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
