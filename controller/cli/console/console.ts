/** A console in a terminal: raw while it lasts, joined again where the connection is lost, as when an agent is restarted. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectConsole } from '../../../proto/console/connect.ts'
import { hasCode, toWireError } from '../../../proto/errors.ts'
import type { ConsoleTicket } from '../../../proto/generated/weft.v1.ts'
import type { Context } from '../context.ts'
import { exit } from '../exit.ts'
import { printable } from '../terminal.ts'
import { escapeReader } from './escape.ts'
import { type Over, type Watching, watchConsole } from './watch.ts'

export interface ConsoleOptions {
  /** For people: VNET/NODE. */
  readonly name: string
  readonly readOnly: boolean
  /** A ticket for what comes after a position, or for all that is kept. */
  readonly open: (after: number | undefined) => Promise<ConsoleTicket>
  /** For how long it is tried to join again; 2 min without it. */
  readonly patienceMs?: number
}

const defaultPatienceMs = 120_000
const retryMs = 500
/** Of one message. */
const mostTyped = 16 * 1024

/** No patience helps: who may not see it, or asks for what is not there. */
const isFinal = (error: unknown): boolean =>
  hasCode(error, 'owner.denied', 'vnet.unknown', 'verb.unsupported', 'config.invalid')

/** Settles with an exit status when the user leaves or the console ends. Throws what the first attempt throws. */
export const showConsole = async (context: Context, options: ConsoleOptions): Promise<number> => {
  const { stdin, stdout, stderr, signal } = context
  const { name, readOnly, open, patienceMs = defaultPatienceMs } = options
  const isRaw = stdin.isTTY === true && !readOnly
  const left = Promise.withResolvers<'left'>()
  let after: number | undefined
  let watching: Watching | undefined
  const say = (words: string): void =>
    void stderr.write(`${isRaw ? '\r' : ''}\n[weft: ${printable(words)}]${isRaw ? '\r' : ''}\n`)

  const connect = async (): Promise<Watching> => {
    const socket = await connectConsole(await open(after))
    if (watching) say('joined again')
    const onPosition = (position: number): void => {
      after = position
    }
    return watchConsole(socket, { stdout, say, readOnly, onPosition })
  }

  const joinAgain = async (): Promise<Watching | Over> => {
    const deadline = performance.now() + patienceMs
    for (;;) {
      try {
        return await connect()
      } catch (error) {
        const { message } = toWireError(error)
        if (isFinal(error) || performance.now() > deadline) return { how: 'ended', reason: message }
        context.verbose(message)
        await sleep(retryMs)
      }
    }
  }

  const readKeys = async (): Promise<void> => {
    const read = escapeReader()
    for await (const piece of stdin) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
      const { send, leave } = isRaw ? read(bytes) : { send: bytes, leave: false }
      for (let at = 0; at < send.length; at += mostTyped) await watching?.type(send.subarray(at, at + mostTyped))
      if (leave) {
        left.resolve('left')
        return
      }
    }
  }

  const follow = async (): Promise<number> => {
    for (;;) {
      const over = await Promise.race([watching?.over, left.promise])
      if (over === 'left' || over === undefined) return exit.ok
      if (over.how === 'ended') {
        say(`the console has ended: ${over.reason}`)
        return exit.error
      }
      say(`${over.reason}; joining again`)
      const next = await Promise.race([joinAgain(), left.promise])
      if (next === 'left') return exit.ok
      if ('how' in next) {
        say(`the console has ended: ${next.reason}`)
        return exit.error
      }
      watching = next
    }
  }

  watching = await connect()
  const onResize = (): void => watching?.resize()
  const onAbort = (): void => left.resolve('left')
  signal?.addEventListener('abort', onAbort, { once: true })
  if (isRaw) {
    say(`${name}: Ctrl-] . leaves`)
    stdin.setRawMode?.(true)
  }
  stdout.on?.('resize', onResize)
  try {
    if (!readOnly) readKeys().catch((error: unknown) => context.verbose(`typing ends: ${toWireError(error).message}`))
    return await follow()
  } finally {
    if (isRaw) stdin.setRawMode?.(false)
    stdout.off?.('resize', onResize)
    signal?.removeEventListener('abort', onAbort)
    watching?.leave()
    if (isRaw) stderr.write('\n')
  }
}
