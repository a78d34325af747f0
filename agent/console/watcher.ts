/** One connection to a console: it reads the log at its own pace, so that nobody waits for it and nothing is queued for it. */
import type { WebSocket } from 'ws'
import type { ConsoleNotice } from '../../proto/console/messages.ts'
import { type ConsoleLog, keptBytes } from './log.ts'

/** Bytes of one message. */
const chunkBytes = 32 * 1024
/** Bytes on their way to one watcher. */
const mostUnsent = 128 * 1024

export interface Watcher {
  /** Something was appended to the log. */
  wake(): void
  tell(notice: ConsoleNotice): void
}

/**
 * Sends what is kept, at most the last 64 KiB, or what comes after the position `after` where that is kept, then all that is written. The reader
 * gets `position` first, `live` once it is up to date.
 */
export const watchLog = (socket: WebSocket, log: ConsoleLog, after: number | undefined): Watcher => {
  const tell = (notice: ConsoleNotice): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(notice))
  }
  // A position that is not reached yet is of another console.
  const isKnown = after !== undefined && after <= log.end
  let position = isKnown ? after : Math.max(log.begin, log.end - keptBytes)
  let isLive = false
  tell({ type: 'position', position })

  const wake = (): void => {
    while (position < log.end) {
      if (socket.readyState !== socket.OPEN || socket.bufferedAmount > mostUnsent) return
      const { position: at, bytes } = log.read(position, chunkBytes)
      if (at > position) tell({ type: 'skipped', bytes: at - position })
      position = at + bytes.length
      if (bytes.length === 0) break
      socket.send(bytes, () => wake())
    }
    if (isLive) return
    isLive = true
    tell({ type: 'live' })
  }
  return { wake, tell }
}
