import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { temporaryDirectory } from '../../../../proto/test/temporary.ts'
import { socketChannel } from '../agent-channel.ts'

type Command = { readonly execute: string; readonly arguments?: { readonly id?: number } }

/** A guest agent at a socket, as QEMU has it; `answer` returns what is written, or nothing. */
const agentAt = async (t: Test, answer: (command: Command, socket: Socket) => string | undefined): Promise<string> => {
  const path = join(temporaryDirectory(t), 'agent')
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    createInterface({ input: socket }).on('line', (line) => {
      const text = answer(JSON.parse(line.slice(line.indexOf('{'))) as Command, socket)
      if (text !== undefined) socket.write(Buffer.from(text, 'latin1'))
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.teardown(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  return path
}

const returned = (value: unknown): string => `${JSON.stringify({ return: value })}\n`
const isSync = ({ execute }: Command): boolean => execute === 'guest-sync-delimited'

t.test('a command is sent once the agent is in step, and its answer comes back', async (t) => {
  const path = await agentAt(t, (command) =>
    // An answer to somebody who gave up, then what was flushed.
    isSync(command)
      ? `${returned(99)}garbage\n\xff${returned(command.arguments?.id)}`
      : returned([command.execute, command.arguments ?? null]),
  )
  const channel = socketChannel(async () => path, 'r1')
  t.same(await channel('guest-ping', {}, 20_000), ['guest-ping', null])
  const answers = await Promise.all([1, 2, 3].map((pid) => channel('guest-exec-status', { pid }, 20_000)))
  t.same(
    answers,
    [1, 2, 3].map((pid) => ['guest-exec-status', { pid }]),
  )
})

t.test('what the agent refuses is told in its words, and the channel serves on', async (t) => {
  const path = await agentAt(t, (command) => {
    if (isSync(command)) return `\xff${returned(command.arguments?.id)}`
    return command.execute === 'guest-ping'
      ? returned({})
      : '{"error": {"class": "CommandNotFound", "desc": "no such command"}}\n'
  })
  const channel = socketChannel(async () => path, 'r1')
  await t.rejects(channel('guest-fly', {}, 20_000), {
    code: 'hypervisor.failed',
    message: 'the guest agent refuses guest-fly: no such command',
  })
  t.same(await channel('guest-ping', {}, 20_000), {})
})

t.test('a guest that says nothing, or is not there, is no wait for ever', async (t) => {
  const path = await agentAt(t, () => undefined)
  await t.rejects(socketChannel(async () => path, 'r1')('guest-ping', {}, 100), {
    code: 'hypervisor.failed',
    message: 'the guest agent of node r1: no answer in 100 ms',
  })
  const closing = await agentAt(t, (_, socket) => void socket.end())
  await t.rejects(socketChannel(async () => closing, 'r1')('guest-ping', {}, 20_000), {
    message: 'the guest agent of node r1: the channel was closed',
  })
  const nowhere = join(temporaryDirectory(t), 'nowhere')
  await t.rejects(socketChannel(async () => nowhere, 'r1')('guest-ping', {}, 20_000), {
    code: 'hypervisor.failed',
    object: 'node/r1',
    message: /ENOENT/,
  })
})
