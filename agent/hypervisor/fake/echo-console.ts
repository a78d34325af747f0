/** The console of a node in which nothing runs: what is typed comes back, a carriage return as the end of a line. */
import { WeftError } from '../../../proto/errors.ts'
import type { ConsoleStream } from '../driver.ts'

export interface EchoConsole extends ConsoleStream {
  /** As a node that stops. */
  hangUp(): void
}

export const echoConsole = (greeting: string): EchoConsole => {
  const over = Promise.withResolvers<string | undefined>()
  let isOver = false
  let listener: ((bytes: Uint8Array) => void | Promise<void>) | undefined
  const end = (reason: string | undefined): void => {
    isOver = true
    over.resolve(reason)
  }
  return {
    onData: (told) => {
      listener = told
      void told(Buffer.from(greeting))
    },
    write: async (bytes) => {
      if (isOver) throw new WeftError('node.not-running', 'the console is closed')
      await listener?.(Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('\r', '\r\n'), 'latin1'))
    },
    close: async () => end(undefined),
    closed: over.promise,
    hangUp: () => end('the node has stopped'),
  }
}
