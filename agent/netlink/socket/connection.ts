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
/** Limits of one datagram. A batch within them is never split. */
const groupLength = 128
const groupBytes = 32 * 1024
/** A dump that was interrupted by a change is repeated; how often, before that counts as an error. */
const dumpAttempts = 20

export interface ConnectionOptions {
  /** Path of a network namespace: /proc/PID/ns/net, /proc/self/fd/N, /run/netns/NAME; the process's own without it. */
  readonly namespace?: string | undefined
  /** Multicast groups to join: what they announce comes between the answers, in the order in which the kernel said it. */
  readonly groups?: readonly number[]
  /** Told of every message, of answers too, before the request that it answers settles. */
  readonly onMessage?: (message: Message) => void
  /** Announcements or answers were dropped (ENOBUFS): whoever keeps count reads all again. */
  readonly onLost?: () => void
}

export interface Connection {
  /** Sends and awaits one request. Rejects with NetlinkError. */
  request(request: Request): Promise<Reply>
  /**
   * Sends requests in one datagram (more, where they are more than 128 or 32 KiB) and awaits all answers. Never rejects: each place
   * of the result is what became of its request, and one that failed did not stop those after it. The kernel does a datagram to its
   * end even where the process is killed.
   */
  batch(requests: readonly Request[]): Promise<readonly (Reply | NetlinkError)[]>
  /** Reads all objects of a kind, consistently. Rejects with NetlinkError. */
  dump(request: Request): Promise<readonly Message[]>
  /** Idempotent. What is in flight is rejected with ECANCELED. */
  close(): void
  readonly closed: boolean
  /** Of the socket: what others are told of a change carries it. */
  readonly portId: number
}

interface Pending {
  /** Sequence number. */
  readonly number: number
  readonly request: Request
  readonly dump: boolean
  readonly bytes: Buffer
  readonly messages: Message[]
  interrupted: boolean
  readonly settle: (outcome: Outcome) => void
  readonly outcome: Promise<Outcome>
}

type Outcome = Reply | NetlinkError

/** Opens a socket of a protocol: 0 rtnetlink, 16 generic. Throws NetlinkError, or ERR_ADDON_UNAVAILABLE. */
export const openConnection = (protocol: number, options: ConnectionOptions = {}): Connection => {
  const { namespace, groups = [], onMessage, onLost } = options
  const inFlight = new Map<number, Pending>()
  const queue: Pending[][] = []
  let sequence = 0
  let dumps: Promise<unknown> = Promise.resolve()
  let socket: NetlinkSocket | undefined
  let isSending = false

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
    void send()
    keepAlive()
  }

  const receive = (message: Message): void => {
    onMessage?.(message)
    // An announcement has the number and the port of the request that made the change, mostly another socket's.
    const pending = groups.length > 0 && message.portId !== socket?.portId ? undefined : inFlight.get(message.sequence)
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
        ? { messages: pending.messages, warning: extendedAck?.message ?? '', interrupted: pending.interrupted }
        : new NetlinkError({ errno, operation, subject, extendedAck }),
    )
  }

  /**
   * Where acknowledgements were dropped nobody knows what became of their requests; a dump goes on as it is read. After any
   * other error the socket is closed.
   */
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code === 'ENOBUFS') {
      onLost?.()
      failAll(constants.errno.ENOBUFS, error, (pending) => !pending.dump)
      void send()
    } else {
      end(Math.abs(error.errno ?? constants.errno.EIO), error)
    }
  }

  const end = (errno: number, cause: unknown): void => {
    socket?.close()
    socket = undefined
    for (const pending of queue.splice(0).flat()) fail(pending, errno, cause)
    failAll(errno, cause, () => true)
  }

  /**
   * One datagram after the other, on another thread: the process goes on while the kernel is at work, or waits for the one lock that all changes of
   * interfaces take. Never rejects.
   */
  const send = async (): Promise<void> => {
    if (isSending) return
    isSending = true
    while (queue[0] !== undefined && socket !== undefined) {
      if (inFlight.size > 0 && inFlight.size + queue[0].length > window) break
      const group = queue.shift() ?? []
      for (const pending of group) inFlight.set(pending.number, pending)
      keepAlive()
      try {
        const datagram = Buffer.concat(group.map((pending) => pending.bytes))
        // A dump goes on with each read: one that is read while another thread begins it fails (netlink_dump: EINVAL).
        if (group.some(({ dump }) => dump)) socket.send(datagram)
        else await socket.sendLater(datagram)
      } catch (error) {
        for (const pending of group) {
          // What ended with the socket has failed already.
          if (!inFlight.delete(pending.number)) continue
          fail(pending, Math.abs((error as NodeJS.ErrnoException).errno ?? constants.errno.EIO), error)
        }
      }
    }
    isSending = false
    keepAlive()
  }

  /** Queues requests, in groups that go as one datagram each. */
  const enqueue = (requests: readonly Request[], dump: boolean): readonly Promise<Outcome>[] => {
    let group: Pending[] = []
    let bytes = 0
    return requests.map((request) => {
      const pending = prepare(request, dump)
      if (socket === undefined) {
        fail(pending, constants.errno.ECANCELED, undefined)
      } else {
        if (group.length === 0 || group.length === groupLength || bytes + pending.bytes.length > groupBytes) {
          group = []
          bytes = 0
          queue.push(group)
        }
        group.push(pending)
        bytes += pending.bytes.length
      }
      return pending.outcome
    })
  }

  const prepare = (request: Request, dump: boolean): Pending => {
    sequence = (sequence % 0xffff_ffff) + 1
    const { type, flags, body } = request
    const all = flags | messageFlag.request | (dump ? messageFlag.dump : messageFlag.ack)
    const bytes = encodeMessage({ type, flags: all, sequence, portId: 0, body })
    const { promise: outcome, resolve: settle } = Promise.withResolvers<Outcome>()
    return { number: sequence, request, dump, bytes, messages: [], interrupted: false, settle, outcome }
  }

  const dumpConsistently = async (request: Request): Promise<readonly Message[]> => {
    for (let attempt = 1; attempt <= dumpAttempts; attempt++) {
      const [answer] = enqueue([request], true)
      void send()
      const outcome = await answer
      if (outcome instanceof NetlinkError) throw outcome
      if (outcome !== undefined && !outcome.interrupted) return outcome.messages
    }
    throw new NetlinkError({ errno: constants.errno.EINTR, operation: request.operation, subject: request.subject })
  }

  const batch = async (requests: readonly Request[]): Promise<readonly Outcome[]> => {
    const answers = enqueue(requests, false)
    void send()
    return Promise.all(answers)
  }

  try {
    const place = namespace === undefined ? {} : { namespace }
    socket = loadNetlink().open(protocol, { ...place, groups, onDatagram, onError })
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

    portId: socket.portId,

    get closed() {
      return socket === undefined
    },
  }
}

const fail = (pending: Pending, errno: number, cause: unknown): void => {
  const { operation, subject } = pending.request
  pending.settle(new NetlinkError({ errno, operation, subject, cause }))
}
