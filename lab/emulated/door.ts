/**
 * `node door.ts AGENT-SOCKET BROKER-SOCKET`, run in the namespace of an emulated host's machine, which shares the machine's files and not its network: the host's
 * agent reaches the broker through it, and who is outside the agent's local socket.
 */
import { rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { inside, outside, ports } from './inside/addresses.ts'

const [agentSocket = '', brokerSocket = ''] = process.argv.slice(2)

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

rmSync(agentSocket, { force: true })
createServer((client) => join(client, connect(ports.agent, inside))).listen(agentSocket)
createServer((client) => join(client, connect(brokerSocket))).listen(ports.broker, outside)
