/** A terminal joined to one connection of a console, until it ends. */
import type { WebSocket } from 'ws'
import { type ConsoleNotice, type ConsoleWish, parseNotice } from '../../../proto/console/messages.ts'
import type { Output } from '../context.ts'

/** Why a connection is over: what was kept from the console may be gone for good (`ended`), or go on by another connection (`cut`). */
export type Over = { readonly how: 'ended'; readonly reason: string } | { readonly how: 'cut'; readonly reason: string }

export interface Watching {
  /** Sends what was typed, where it is our turn; settles when it is on its way. */
  type(bytes: Uint8Array): Promise<void>
  /** Tells the size of our terminal. */
  resize(): void
  leave(): void
  readonly over: Promise<Over>
}

export interface WatchOptions {
  readonly stdout: Output
  /** Words of ours, on a line of their own. */
  readonly say: (words: string) => void
  readonly readOnly: boolean
  /** Told after each piece of output: where to go on by another connection. */
  readonly onPosition: (position: number) => void
}

export const watchConsole = (socket: WebSocket, { stdout, say, readOnly, onPosition }: WatchOptions): Watching => {
  const over = Promise.withResolvers<Over>()
  let position = 0
  let isWriter = false
  /** Told that it is not our turn yet. */
  let waits = false
  let runs = true
  let end: Over | undefined

  const moveTo = (next: number): void => {
    position = next
    onPosition(position)
  }

  const write = (bytes: Uint8Array): void => {
    if (stdout.write(bytes) === false && stdout.once) {
      socket.pause()
      stdout.once('drain', () => socket.resume())
    }
    moveTo(position + bytes.length)
  }

  const resize = (): void => {
    const { columns, rows } = stdout
    if (!isWriter || !columns || !rows) return
    const wish: ConsoleWish = { type: 'resize', columns, rows }
    socket.send(JSON.stringify(wish))
  }

  const turn = (granted: boolean): void => {
    isWriter = granted
    if (!readOnly && !granted) say('somebody else types here: you watch until they leave')
    else if (waits) say('you may type now')
    waits = !readOnly && !granted
    resize()
  }

  const hear = (notice: ConsoleNotice): void => {
    if (notice.type === 'position') moveTo(notice.position)
    else if (notice.type === 'writer') turn(notice.granted)
    else if (notice.type === 'failed') end = { how: 'cut', reason: notice.message }
    else if (notice.type === 'ended') end = { how: 'ended', reason: notice.reason }
    else if (notice.type === 'skipped') {
      say(`${notice.bytes} bytes came too fast and are left out`)
      moveTo(position + notice.bytes)
    } else if (notice.type === 'running' && notice.running !== runs) {
      runs = notice.running
      say(runs ? 'the node runs again' : 'the node does not run')
    }
  }

  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const notice = isBinary ? undefined : parseNotice(data.toString())
    if (isBinary) write(data)
    else if (notice) hear(notice)
  })
  socket.on('close', () => over.resolve(end ?? { how: 'cut', reason: 'the connection is lost' }))
  socket.resume()

  return {
    type: (bytes) =>
      new Promise((resolve) => {
        if (!isWriter || socket.readyState !== socket.OPEN) resolve()
        else socket.send(bytes, () => resolve())
      }),
    resize,
    leave: () => socket.close(1000),
    over: over.promise,
  }
}
