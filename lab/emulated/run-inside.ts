/**
 * `node run-inside.ts COMMAND …`, run in the namespace of an emulated host's machine: runs the command in the host, with this process's standard
 * input, output and error; signals are passed on, and the host kills the command where this process ends. Exit status: the command's, 125 where the host cannot be
 * asked.
 */
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { inside, ports } from './inside/addresses.ts'
import { type Call, frameKinds, frameReader } from './inside/frames.ts'

const id = randomUUID()

const say = (call: Call) => {
  const socket = connect(ports.commands, inside)
  socket.write(`${JSON.stringify(call)}\n`)
  return socket
}

/** Of this process's environment, what means something in another machine. */
const environment = (): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('WEFT_') || name === 'TERM'))

const socket = say({ id, argv: process.argv.slice(2), env: environment(), cwd: process.cwd() })
const read = frameReader()
let status = 125
socket.on('data', (piece: Buffer) => {
  for (const { kind, payload } of read(piece)) {
    if (kind === frameKinds.stdout) process.stdout.write(payload)
    else if (kind === frameKinds.stderr) process.stderr.write(payload)
    else status = Number(payload.toString())
  }
})
process.stdin.pipe(socket)
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  process.on(name, () => {
    say({ id, signal: name }).on('error', () => undefined)
  })
}
socket.on('error', (error) => process.stderr.write(`the host does not answer: ${error.message}\n`))
socket.once('close', () => {
  process.exitCode = status
  process.stdin.destroy()
})
