/** A network namespace of a test's own, and a socket with answers by sequence number. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadNetlink, type NetlinkSocket } from '../../netlink.ts'
import { isLast, type Message, messagesOf } from './messages.ts'

export interface TestNamespace {
  /** /proc/PID/ns/net of the process that holds it. */
  readonly path: string
  /** Ends the holder; the kernel then removes what is in the namespace. */
  release(): Promise<void>
}

/** `unshare --net`: a fresh network namespace, held by a process that sleeps. */
export const makeNamespace = async (): Promise<TestNamespace> => {
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' })
  const ended = once(holder, 'exit')
  const path = `/proc/${holder.pid}/ns/net`
  const own = readlinkSync('/proc/self/ns/net')
  const release = async (): Promise<void> => {
    holder.kill('SIGKILL')
    await ended
  }
  for (let attempt = 0; attempt < 600; attempt++) {
    if (holder.exitCode !== null) throw new Error('unshare --net failed')
    if (readlinkSync(path) !== own) return { path, release }
    await sleep(50)
  }
  await release()
  throw new Error('unshare --net did not come up')
}

export interface TestSocket {
  readonly socket: NetlinkSocket
  /** Messages that answer no request, as they come: events. */
  readonly events: Message[]
  /** Codes of errors. */
  readonly errors: (string | undefined)[]
  /** Bytes of each datagram. */
  readonly sizes: number[]
  /** Sends and settles with all messages that have this sequence number. */
  request(sequence: number, datagram: Uint8Array): Promise<readonly Message[]>
}

export const openTestSocket = (options: { namespace?: string; groups?: readonly number[] } = {}): TestSocket => {
  const waiting = new Map<number, { readonly messages: Message[]; resolve(messages: readonly Message[]): void }>()
  const events: Message[] = []
  const errors: (string | undefined)[] = []
  const sizes: number[] = []
  const socket = loadNetlink().open(0, {
    ...options,
    onDatagram: (datagram) => {
      sizes.push(datagram.length)
      for (const message of messagesOf(datagram)) {
        const request = waiting.get(message.sequence)
        if (request === undefined) {
          events.push(message)
          continue
        }
        request.messages.push(message)
        if (isLast(message)) {
          waiting.delete(message.sequence)
          request.resolve(request.messages)
        }
      }
    },
    onError: (error) => errors.push(error.code),
  })
  return {
    socket,
    events,
    errors,
    sizes,
    request: (sequence, datagram) =>
      new Promise((resolve) => {
        waiting.set(sequence, { messages: [], resolve })
        socket.send(datagram)
      }),
  }
}
