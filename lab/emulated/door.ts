/**
 * `node door.ts AGENT-SOCKET BROKER-SOCKET CONSOLE-SOCKET`, run in the namespace of an emulated host's machine, which shares the machine's files and not its network: the host's
 * agent reaches the broker through it, and who is outside the agent's local socket and the consoles that it serves.
 */
import { rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { inside, outside, ports } from './inside/addresses.ts'

const [agentSocket = '', brokerSocket = '', consoleSocket = ''] = process.argv.slice(2)

const join = (client: Socket, server: Socket): void => {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.pipe(to)
    // An error is followed by 'close'; the end of one side is that of the other.
    from.on('error', () => undefined)
    from.once('close', () => to.destroy())
  }
}

for (const [socket, port] of [
  [agentSocket, ports.agent],
  [consoleSocket, ports.consoles],
] as const) {
  rmSync(socket, { force: true })
  createServer((client) => join(client, connect(port, inside))).listen(socket)
}
createServer((client) => join(client, connect(brokerSocket))).listen(ports.broker, outside)
