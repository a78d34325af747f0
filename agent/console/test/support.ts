/** What somebody sees who watches a console, for tests. */
import type { Test } from 'tap'
import type { WebSocket } from 'ws'
import { parseNotice } from '../../../proto/console/messages.ts'

export const until = async (what: () => boolean, timeoutMs = 20_000): Promise<void> => {
  const end = performance.now() + timeoutMs
  while (!what()) {
    if (performance.now() > end) throw new Error(`it never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const watching = (t: Pick<Test, 'teardown'>, socket: WebSocket) => {
  let text = ''
  let position = 0
  let skipped = 0
  let isLive = false
  let writer = false
  let running = false
  let ended: string | undefined
  let code: number | undefined
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) {
      text += data.toString('latin1')
      position += data.length
      return
    }
    const notice = parseNotice(data.toString())
    if (notice?.type === 'position') position = notice.position
    if (notice?.type === 'live') isLive = true
    if (notice?.type === 'writer') writer = notice.granted
    if (notice?.type === 'running') running = notice.running
    if (notice?.type === 'ended') ended = notice.reason
    if (notice?.type === 'skipped') {
      skipped += notice.bytes
      position += notice.bytes
    }
  })
  socket.on('close', (status: number) => {
    code = status
  })
  socket.resume()
  t.teardown(() => socket.terminate())
  return {
    socket,
    text: () => text,
    position: () => position,
    skipped: () => skipped,
    isLive: () => isLive,
    writer: () => writer,
    running: () => running,
    ended: () => ended,
    /** With which the connection was closed. */
    code: () => code,
  }
}
