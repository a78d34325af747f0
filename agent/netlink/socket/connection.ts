/**
 * Requests and their answers over one netlink socket: numbers them, keeps many in flight, and settles each by its number.
 *
 * Requests are sent in order, several in one datagram; the kernel does them in order, and goes on after one that fails. Their
 * acknowledgements wait in the socket's buffer, so no more than `window` are outstanding. A socket does one dump at a time
 * (the kernel answers EBUSY to a second), so dumps wait for each other, and only for each other.
 */
import { constants } from 'node:os'
import { loadNetlink, type NetlinkSocket } from '../../../native/netlink.ts'
import { decodeMessages, encodeMessage, type Message, messageFlag, messageType } from '../codec/message.ts'
import { decodeAcknowledgement, NetlinkError } from './error.ts'
import type { Reply, Request } from './request.ts'

/** Each answer takes about 1 KiB of the receive buffer, with what the kernel counts around it; an echo or a link up to 4. */
const window = 256
const datagramBytes = 32 * 1024
/** A dump that was interrupted by a change is repeated; how often, before that counts as an error. */
const dumpAttempts = 20

export interface ConnectionOptions {
  /** Path of a network namespace: /proc/PID/ns/net, /proc/self/fd/N, /run/netns/NAME; the process's own without it. */
  readonly namespace?: string | undefined
}

export interface Connection {
  /** Sends and awaits one request. Rejects with NetlinkError. */
  request(request: Request): Promise<Reply>
  /**
   * Sends requests in one datagram (more, where they are many) and awaits all answers. Never rejects: each place of the result is
   * what became of its request, and one that failed did not stop those after it.
   */
  batch(requests: readonly Request[]): Promise<readonly (Reply | NetlinkError)[]>
  /** Reads all objects of a kind, consistently. Rejects with NetlinkError. */
  dump(request: Request): Promise<readonly Message[]>
  /** Idempotent. What is in flight is rejected with ECANCELED. */
  close(): void
  readonly closed: boolean
}

interface Pending {
  readonly request: Request
  readonly dump: boolean
  readonly messages: Message[]
  interrupted: boolean
  settle(outcome: Reply | NetlinkError): void
}

/** Opens a socket of a protocol: 0 rtnetlink, 16 generic. Throws NetlinkError, or ERR_ADDON_UNAVAILABLE. */
export const openConnection = (protocol: number, { namespace }: ConnectionOptions = {}): Connection => {
  const inFlight = new Map<number, Pending>()
  const queue: Pending[] = []
  let sequence = 0
  let dumps: Promise<unknown> = Promise.resolve()
  let socket: NetlinkSocket | undefined

  const failAll = (errno: number, cause: unknown, which: (pending: Pending) => boolean): void => {
    for (const [number, pending] of inFlight) {
      if (!which(pending)) continue
      inFlight.delete(number)
      fail(pending, errno, cause)
    }
    keepAlive()
  }

  /** A socket without a question outstanding does not keep the process alive. */
  const keepAlive = (): void => {
    if (inFlight.size > 0) socket?.ref()
    else socket?.unref()
  }

  const onDatagram = (datagram: Buffer): void => {
    try {
      for (const message of decodeMessages(datagram)) receive(message)
    } catch (error) {
      failAll(constants.errno.EBADMSG, error, () => true)
    }
    send()
    keepAlive()
  }

  const receive = (message: Message): void => {
    const pending = inFlight.get(message.sequence)
    if (pending === undefined) return
    if ((message.flags & messageFlag.dumpInterrupted) !== 0) pending.interrupted = true
    if (message.type !== messageType.error && message.type !== messageType.done) {
      pending.messages.push(message)
      return
    }
    inFlight.delete(message.sequence)
    const { errno, extendedAck } = decodeAcknowledgement(message)
    const { operation, subject } = pending.request
    pending.settle(
      errno === 0
        ? { messages: pending.messages, warning: extendedAck?.message ?? '' }
        : new NetlinkError({ errno, operation, subject, extendedAck }),
    )
  }

  /**
   * Where acknowledgements were dropped nobody knows what became of their requests; a dump goes on as it is read. After any
   * other error the socket is closed.
   */
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'ENOBUFS') {
      failAll(constants.errno.ENOBUFS, error, (pending) => !pending.dump)
      send()
    } else {
      end(Math.abs(error.errno ?? constants.errno.EIO), error)
    }
  }

  const end = (errno: number, cause: unknown): void => {
    socket?.close()
    socket = undefined
    for (const pending of queue.splice(0)) fail(pending, errno, cause)
    failAll(errno, cause, () => true)
  }

  const send = (): void => {
    while (queue.length > 0 && inFlight.size < window && socket !== undefined) {
      const numbers: number[] = []
      const parts: Buffer[] = []
      let bytes = 0
      while (queue[0] !== undefined && inFlight.size < window && bytes < datagramBytes) {
        const pending = queue.shift() as Pending
        sequence = (sequence % 0xffff_ffff) + 1
        const { type, flags, body } = pending.request
        const all = flags | messageFlag.request | (pending.dump ? messageFlag.dump : messageFlag.ack)
        const part = encodeMessage({ type, flags: all, sequence, portId: 0, body })
        inFlight.set(sequence, pending)
        numbers.push(sequence)
        parts.push(part)
        bytes += part.length
      }
      try {
        socket.send(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts))
      } catch (error) {
        const errno = Math.abs((error as NodeJS.ErrnoException).errno ?? constants.errno.EIO)
        for (const number of numbers) {
          const pending = inFlight.get(number)
          inFlight.delete(number)
          if (pending) fail(pending, errno, error)
        }
      }
    }
    keepAlive()
  }

  const enqueue = (request: Request, dump: boolean): Promise<{ outcome: Reply | NetlinkError; interrupted: boolean }> =>
    new Promise((resolve) => {
      const pending: Pending = {
        request,
        dump,
        messages: [],
        interrupted: false,
        settle: (outcome) => resolve({ outcome, interrupted: pending.interrupted }),
      }
      if (socket === undefined) fail(pending, constants.errno.ECANCELED, undefined)
      else queue.push(pending)
    })

  const dumpConsistently = async (request: Request): Promise<readonly Message[]> => {
    for (let attempt = 1; attempt <= dumpAttempts; attempt++) {
      const answered = enqueue(request, true)
      send()
      const { outcome, interrupted } = await answered
      if (outcome instanceof NetlinkError) throw outcome
      if (!interrupted) return outcome.messages
    }
    throw new NetlinkError({ errno: constants.errno.EINTR, operation: request.operation, subject: request.subject })
  }

  const batch = async (requests: readonly Request[]): Promise<readonly (Reply | NetlinkError)[]> => {
    const answered = requests.map((request) => enqueue(request, false))
    send()
    return (await Promise.all(answered)).map(({ outcome }) => outcome)
  }

  try {
    socket = loadNetlink().open(protocol, { ...(namespace === undefined ? {} : { namespace }), onDatagram, onError })
    socket.unref()
  } catch (error) {
    const { errno, code } = error as NodeJS.ErrnoException
    if (code === 'ERR_ADDON_UNAVAILABLE' || errno === undefined) throw error
    const subject = namespace ?? ''
    throw new NetlinkError({ errno: Math.abs(errno), operation: 'netlink open', subject, cause: error })
  }

  return {
    batch,

    request: async (request) => {
      const [outcome] = await batch([request])
      if (outcome === undefined || outcome instanceof NetlinkError) throw outcome
      return outcome
    },

    dump: (request) => {
      const result = dumps.then(() => dumpConsistently(request))
      dumps = result.catch(() => undefined)
      return result
    },

    close: () => end(constants.errno.ECANCELED, undefined),

    get closed() {
      return socket === undefined
    },
  }
}

const fail = (pending: Pending, errno: number, cause: unknown): void => {
  const { operation, subject } = pending.request
  pending.settle(new NetlinkError({ errno, operation, subject, cause }))
}
