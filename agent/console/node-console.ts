/**
 * The console of one node, kept open for as long as the node is wanted, whether or not somebody watches: opened again when the node is started
 * again. Several watch, one types.
 */
import type { Logger } from 'pino'
import type { WebSocket } from 'ws'
import { type ConsoleNotice, parseWish } from '../../proto/console/messages.ts'
import { hasCode, type WeftError } from '../../proto/errors.ts'
import type { ConsoleStream } from '../hypervisor/driver.ts'
import { floodGate } from './flood.ts'
import { openConsoleLog } from './log.ts'
import { type Watcher, watchLog } from './watcher.ts'

export interface NodeConsole {
  /** Settles once it was tried to open it. Throws verb.unsupported where the node has none. */
  ready(): Promise<void>
  attach(socket: WebSocket, options: AttachOptions): void
  /** The node may run now. */
  wake(): void
  /** Tells those who watch that there is no more of it, where a reason is given, and lets go; the node goes on. Idempotent. */
  close(reason?: string): Promise<void>
}

export interface AttachOptions {
  readonly readOnly: boolean
  /** Position after which it is read. */
  readonly after?: number | undefined
}

export interface NodeConsoleOptions {
  /** Of its log. */
  readonly directory: string
  readonly open: () => Promise<ConsoleStream>
  readonly log: Logger
}

interface Size {
  readonly columns: number
  readonly rows: number
}

const firstRetryMs = 250
const longestRetryMs = 10_000
/** Of one node at a time: each of them is sent all that it writes. */
export const mostWatchers = 32

export const keepNodeConsole = ({ directory, open, log }: NodeConsoleOptions): NodeConsole => {
  const output = openConsoleLog(directory)
  const watchers = new Map<WebSocket, Watcher>()
  /** Who may type, in the order in which they came; the first one does. */
  const writers: WebSocket[] = []
  const tried = Promise.withResolvers<void>()
  let stream: ConsoleStream | undefined
  let unsupported: WeftError | undefined
  let size: Size | undefined
  let closed = false
  let wake = (): void => {}
  let isDiskSaid = false

  const running = (): void => {
    for (const watcher of watchers.values()) watcher.tell({ type: 'running', running: stream !== undefined })
  }

  const append = (bytes: Uint8Array): void => {
    try {
      output.append(bytes)
    } catch (error) {
      if (!isDiskSaid) log.warn({ err: error }, 'the output of a console cannot be kept')
      isDiskSaid = true
    }
    for (const watcher of watchers.values()) watcher.wake()
  }

  /** Until the node ends. */
  const follow = async (opened: ConsoleStream): Promise<void> => {
    const gate = floodGate()
    stream = opened
    running()
    opened.onData((bytes) => {
      if (closed) return
      append(bytes)
      return gate(bytes.length)
    })
    if (size) await resize(size)
    await opened.closed
    stream = undefined
    if (!closed) running()
  }

  const resize = async ({ columns, rows }: Size): Promise<void> => {
    await stream?.resize?.(columns, rows).catch((error: unknown) => log.debug({ err: error }, 'no size set'))
  }

  /** Settles when it is called for, or after a while. */
  const pause = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms).unref()
    wake = resolve
    await promise
    clearTimeout(timer)
  }

  const keep = async (): Promise<void> => {
    let retryMs = firstRetryMs
    while (!closed && !unsupported) {
      try {
        const opened = await open()
        tried.resolve()
        retryMs = firstRetryMs
        if (closed) await opened.close()
        else await follow(opened)
      } catch (error) {
        if (hasCode(error, 'verb.unsupported')) unsupported = error as WeftError
        else if (!hasCode(error, 'node.unknown', 'node.not-running')) log.debug({ err: error }, 'no console')
        tried.resolve()
      }
      if (closed || unsupported) return
      await pause(retryMs)
      retryMs = Math.min(longestRetryMs, retryMs * 2)
    }
  }
  const kept = keep()

  const type = async (socket: WebSocket, bytes: Uint8Array): Promise<void> => {
    // A node that takes nothing more holds back whoever types, and nobody else.
    socket.pause()
    await stream?.write(bytes).catch(() => {})
    socket.resume()
  }

  const leave = (socket: WebSocket): void => {
    watchers.delete(socket)
    const place = writers.indexOf(socket)
    if (place < 0) return
    writers.splice(place, 1)
    const next = place === 0 ? writers[0] : undefined
    if (next) watchers.get(next)?.tell({ type: 'writer', granted: true })
  }

  const attach = (socket: WebSocket, { readOnly, after }: AttachOptions): void => {
    if (closed || watchers.size >= mostWatchers) {
      const notice: ConsoleNotice = {
        type: 'failed',
        code: 'console.failed',
        message: `${mostWatchers} watch it already`,
      }
      if (!closed) socket.send(JSON.stringify(notice))
      socket.close(1001)
      return
    }
    const watcher = watchLog(socket, output, after)
    watchers.set(socket, watcher)
    if (!readOnly) writers.push(socket)
    watcher.tell({ type: 'writer', granted: writers[0] === socket })
    watcher.tell({ type: 'running', running: stream !== undefined })
    watcher.wake()
    socket.on('close', () => leave(socket))
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (writers[0] !== socket) return
      if (isBinary) return void type(socket, data)
      const wish = parseWish(data.toString())
      if (!wish) return
      size = wish
      void resize(wish)
    })
  }

  return {
    ready: async () => {
      await tried.promise
      if (unsupported) throw unsupported
    },
    attach,
    wake: () => wake(),
    close: async (reason) => {
      if (closed) return kept
      closed = true
      wake()
      tried.resolve()
      for (const [socket, watcher] of watchers) {
        if (reason !== undefined) watcher.tell({ type: 'ended', reason })
        socket.close(reason === undefined ? 1001 : 1000)
      }
      await stream?.close()
      await kept
      output.close()
    },
  }
}
