/**
 * The guest agent's channel on Xen: a second console of the guest (hvc1), which QEMU in Dom0 serves at a unix socket, to one client at a
 * time. libvirt's Xen driver carries no commands of guest agents, so the agent speaks to the socket itself.
 * https://xenbits.xen.org/docs/unstable/misc/channel.txt
 */
import { randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { WeftError } from '../../../proto/errors.ts'
import { serial } from '../../state/serial.ts'
import type { AgentChannel } from '../guest/agent.ts'

/** As stock images know it, though on Xen none finds it by its name. */
export const agentChannelName = 'org.qemu.guest_agent.0'

/** Flushes what the guest agent's parser has of a command that was cut off (guest-sync-delimited). It stands in no JSON. */
const delimiter = 0xff
/** More than any answer: output of commands comes in one. */
const mostAnswerBytes = 16 * 1024 * 1024

interface Answer {
  readonly return?: unknown
  readonly error?: { readonly class?: string; readonly desc?: string }
}

const parse = (line: string): Answer | undefined => {
  try {
    return JSON.parse(line) as Answer
  } catch {
    return undefined
  }
}

/** One line after the other; of what comes before a delimiter nothing. Ends where the socket does. */
async function* answers(socket: Socket): AsyncGenerator<Answer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk])
    if (rest.length > mostAnswerBytes) return
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end)
      rest = rest.subarray(end + 1)
      const answer = parse(line.subarray(line.lastIndexOf(delimiter) + 1).toString())
      if (answer) yield answer
    }
  }
}

/** Sends one command once the guest agent is known to listen. Throws Error where nobody answers, WeftError where it refuses. */
const converse = async (socket: Socket, command: string, words: object): Promise<unknown> => {
  const send = (message: object, prefix: readonly number[] = []): void => {
    socket.write(Buffer.concat([Buffer.from(prefix), Buffer.from(`${JSON.stringify(message)}\n`)]))
  }
  const id = randomInt(1, 2 ** 31)
  send({ execute: 'guest-sync-delimited', arguments: { id } }, [delimiter])
  let isInStep = false
  for await (const answer of answers(socket)) {
    if (isInStep) {
      if (!answer.error) return answer.return
      const { desc, class: kind } = answer.error
      throw new WeftError('hypervisor.failed', `the guest agent refuses ${command}: ${desc || kind}`)
    }
    // Answers to whoever gave up before, and what an open console echoes, are passed over.
    if (answer.return !== id) continue
    isInStep = true
    send(Object.keys(words).length > 0 ? { execute: command, arguments: words } : { execute: command })
  }
  throw new Error('the channel was closed')
}

/** A channel is one conversation at a time, whoever asks. */
const queues = new Map<string, ReturnType<typeof serial>>()

/** @param path of the socket of a running guest; asked for each time: it may have been started again. Throws WeftError, also node.not-running. */
export const socketChannel =
  (path: () => Promise<string>, node: string): AgentChannel =>
  async (command, words, timeoutMs) => {
    const object = `node/${node}`
    const at = await path()
    const queue = queues.get(at) ?? serial()
    queues.set(at, queue)
    return queue(async () => {
      const socket = connect({ path: at, signal: AbortSignal.timeout(timeoutMs) })
      try {
        return await converse(socket, command, words)
      } catch (error) {
        if (error instanceof WeftError) throw error
        const { message, name } = error as Error
        const why = name === 'AbortError' || name === 'TimeoutError' ? `no answer in ${timeoutMs} ms` : message
        throw new WeftError('hypervisor.failed', `the guest agent of node ${node}: ${why}`, { object, cause: error })
      } finally {
        socket.destroy()
      }
    })
  }
