/**
 * How a PIP, a VNP and a VNO pass consoles on: each asks the role below for a ticket when it is asked for one, and answers with a ticket of its
 * own. Whoever comes with that is joined to the role below, byte for byte. Nobody needs to reach, or learns of, more than the next role.
 */
import type { WebSocket } from 'ws'
import { connectConsole } from '../../proto/console/connect.ts'
import {
  type ConsoleListener,
  type ConsoleListenerOptions,
  startConsoleListener,
} from '../../proto/console/listener.ts'
import type { ConsoleNotice } from '../../proto/console/messages.ts'
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { ConsoleTicket } from '../../proto/generated/weft.v1.ts'
import type { Log } from '../log.ts'

export interface ConsoleRelay {
  /** A ticket of ours for the one that the role below gave. Errors: message.malformed where it gave none, console.failed, verb.unsupported. */
  relay(below: ConsoleTicket | undefined): Promise<ConsoleTicket>
  /** Ends what is connected. Idempotent. */
  close(): Promise<void>
}

/** Bytes on their way to one side, above which the other one is not read. */
const mostUnsent = 256 * 1024
/** Going away: whoever watches asks for a new ticket. */
const goingAway = 1001
const normal = 1000

const carry = (from: WebSocket, to: WebSocket): void => {
  from.on('message', (data: Buffer, binary) => {
    if (to.readyState !== to.OPEN) return
    to.send(data, { binary }, () => {
      if (from.isPaused && to.bufferedAmount <= mostUnsent) from.resume()
    })
    if (to.bufferedAmount > mostUnsent) from.pause()
  })
  // Codes that a connection breaks with may not be sent (RFC 6455, 7.4.1): what is not an end in order is one that may be tried again.
  from.on('close', (code: number) => to.close(code === normal ? normal : goingAway))
}

const join = async (above: WebSocket, ticket: ConsoleTicket, log: Log): Promise<void> => {
  above.pause()
  try {
    const below = await connectConsole(ticket)
    if (above.readyState !== above.OPEN) return below.terminate()
    carry(below, above)
    carry(above, below)
    below.resume()
    above.resume()
  } catch (error) {
    log.warn({ err: error }, 'the console below cannot be reached')
    const { code, message } = toWireError(error)
    above.resume()
    const notice: ConsoleNotice = { type: 'failed', code, message }
    if (above.readyState === above.OPEN) above.send(JSON.stringify(notice))
    above.close(goingAway)
  }
}

/** Without a place no console is passed on, and that is said. */
export const createConsoleRelay = (place: ConsoleListenerOptions | undefined, log: Log): ConsoleRelay => {
  const listener: Promise<ConsoleListener> | undefined = place && startConsoleListener(place)
  listener?.catch((error: unknown) => log.error({ err: error }, 'consoles cannot be passed on'))
  return {
    relay: async (below) => {
      if (!listener) throw new WeftError('verb.unsupported', 'consoles are not passed on here')
      if (!below) throw new WeftError('message.malformed', 'a console was asked for, and no ticket came back')
      const { grant } = await listener
      return grant((above) => void join(above, below, log))
    },
    close: async () => {
      await listener?.then((started) => started.close()).catch(() => {})
    },
  }
}
