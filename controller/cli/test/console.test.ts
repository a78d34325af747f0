import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { WebSocket } from 'ws'
import { startConsoleListener } from '../../../proto/console/listener.ts'
import type { ConsoleNotice } from '../../../proto/console/messages.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { OpenConsole } from '../../../proto/generated/weft.v1.ts'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { escapeReader } from '../console/escape.ts'
import type { Input } from '../context.ts'
import { play, playAgent, shop, weft } from './support.ts'

/** Keys that are typed one after the other, each when the test says so. */
const keyboard = (isTTY: boolean) => {
  const pieces: string[] = []
  const modes: boolean[] = []
  let wake = () => {}
  const stdin: Input = {
    isTTY,
    setRawMode: (raw) => void modes.push(raw),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const piece = pieces.shift()
        if (piece !== undefined) yield piece
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    },
  }
  const type = (piece: string): void => {
    pieces.push(piece)
    wake()
  }
  return { stdin, modes, type }
}

const tell = (socket: WebSocket, notice: ConsoleNotice): void => socket.send(JSON.stringify(notice))

/** Serves consoles at a VNO that the test plays: `serve` gets each connection and what was asked for. */
const playing = async (t: Test, serve: (socket: WebSocket, asked: OpenConsole) => void) => {
  const directory = temporaryDirectory(t)
  const listener = await startConsoleListener({ listen: `unix:${join(directory, 's')}`, directory })
  t.teardown(() => listener.close())
  const asked: OpenConsole[] = []
  const answer = (console: OpenConsole | undefined) => {
    if (!console || console.node === 'r9') throw new WeftError('node.unknown', 'shop has no node r9')
    asked.push(console)
    return { console: listener.grant((socket) => serve(socket, console)) }
  }
  const role = await play(t, 'vno', ({ get, console }) => (get ? { vnets: { vnets: [shop()] } } : answer(console)))
  return { role, asked, answer, directory: role.directory }
}

t.test('Ctrl-] and a full stop leave, Ctrl-] twice sends one, and all else is passed on', async (t) => {
  const reader = escapeReader()
  const read = (text: string) => {
    const { send, leave } = reader(Buffer.from(text))
    return [Buffer.from(send).toString(), leave]
  }
  t.same(read('ls\r.\x03'), ['ls\r.\x03', false])
  t.same(read('a\x1d\x1db\x1dc'), ['a\x1db\x1dc', false])
  t.same(read('x\x1d'), ['x', false], 'the second key may come later')
  t.same(read('.y'), ['', true])
})

t.test('what is typed arrives, what is said is shown, and the terminal is as before afterwards', async (t) => {
  const { directory, asked } = await playing(t, (socket) => {
    tell(socket, { type: 'position', position: 5 })
    socket.send(Buffer.from('prompt# '))
    tell(socket, { type: 'live' })
    tell(socket, { type: 'writer', granted: true })
    socket.on('message', (data: Buffer, isBinary) => socket.send(isBinary ? data : Buffer.from(`<${data}>`)))
  })
  const { stdin, modes, type } = keyboard(true)
  let isTyped = false
  let isLeft = false
  const outcome = await weft(['console', 'r1', '--run-dir', directory], {
    stdin,
    isTTY: true,
    onOutput: (text) => {
      if (!isTyped && text.includes('prompt# ')) {
        isTyped = true
        setTimeout(() => type('ls\r'), 20)
      }
      if (!isLeft && text.includes('ls\r')) {
        isLeft = true
        type('\x1d.')
      }
    },
  })
  t.match(outcome, { status: 0, stdout: /prompt# .*ls\r/s, stderr: /shop\/r1: Ctrl-\] \. leaves/ })
  t.same(modes, [true, false])
  t.match(asked, [{ vnet: 'shop', node: 'r1', readOnly: false }])
})

t.test('a connection that is lost is joined again, where it was', async (t) => {
  let connections = 0
  const { directory, asked } = await playing(t, (socket, { after = 0 }) => {
    tell(socket, { type: 'position', position: after })
    if (++connections === 1) {
      socket.send(Buffer.from('first '))
      socket.close(1001)
    } else {
      tell(socket, { type: 'skipped', bytes: 4 })
      socket.send(Buffer.from('second'))
      tell(socket, { type: 'ended', reason: 'shop has no node r1 any more' })
      socket.close(1000)
    }
  })
  const { status, stdout, stderr } = await weft(['console', 'shop/r1', '--read-only', '--run-dir', directory])
  t.match({ status, stdout }, { status: 1, stdout: 'first second' })
  t.match(stderr, /joining again.*joined again.*4 bytes.*the console has ended: shop has no node r1 any more/s)
  t.equal(asked[0]?.after, undefined)
  t.match(asked[1], { after: 6, readOnly: true })
})

t.test('what somebody else types is watched until it is our turn, and is said', async (t) => {
  const received: string[] = []
  const { directory } = await playing(t, (socket) => {
    tell(socket, { type: 'position', position: 0 })
    tell(socket, { type: 'writer', granted: false })
    tell(socket, { type: 'running', running: false })
    socket.send(Buffer.from('1'))
    socket.on('message', (data: Buffer) => {
      received.push(data.toString())
      socket.close(1000)
    })
    setTimeout(() => {
      tell(socket, { type: 'writer', granted: true })
      tell(socket, { type: 'running', running: true })
      socket.send(Buffer.from('2'))
    }, 100)
  })
  const { stdin, type } = keyboard(true)
  const outcome = await weft(['console', 'shop/r1', '--run-dir', directory], {
    stdin,
    onOutput: (text) => {
      if (text === '1') type('too early')
      if (text === '12') type('now')
      if (received.length === 0) return
    },
    signal: AbortSignal.timeout(1500),
  })
  t.same(received.slice(0, 1), ['now'])
  t.match(outcome.stderr, /somebody else types.*does not run.*you may type now.*runs again/s)
})

t.test('what cannot be shown at all is an error', async (t) => {
  const { directory } = await playing(t, () => {})
  t.match(await weft(['console', 'shop/r9', '--run-dir', directory]), { status: 1, stderr: /node\.unknown/ })
  t.match(await weft(['host', 'console', 'r1', '--run-dir', directory]), { status: 1, stderr: /names no VNet/ })
})

t.test('the agent of the host shows it as well', async (t) => {
  const { answer } = await playing(t, (socket) => {
    socket.send(Buffer.from('here'))
    tell(socket, { type: 'ended', reason: 'enough' })
    socket.close(1000)
  })
  const directory = await playAgent(t, ({ console }) => answer(console))
  t.match(await weft(['host', 'console', 'alice.shop/r1', '--run-dir', directory]), { status: 1, stdout: 'here' })
})
