/** A configuration on interfaces of its own for as long as a test takes, for what depends on time and on handlers in between. */
import { compile } from '../../compile/compile.ts'
import { loadRouter, type Router } from '../../router.ts'
import { devicesOf } from '../../run/devices.ts'
import { openWires } from '../../run/wires.ts'
import { graphOf } from './compare.ts'

export interface Session extends Pick<Router, 'read' | 'write' | 'programs'> {
  /** Sends a frame in and gives what left: `device: bytes in hexadecimal`, in order. */
  send(device: string, frame: string): Promise<readonly string[]>
}

export const openSession = async (t: { teardown(work: () => unknown): void }, text: string): Promise<Session> => {
  const graph = graphOf(text)
  const devices = devicesOf(compile(graph, { device: () => 1 }))
  const wires = await openWires(devices.all)
  t.teardown(() => wires.close())
  const router = loadRouter(compile(graph, { device: wires.index }))
  t.teardown(() => router.close())
  for (const program of router.programs) await wires.attach(program)
  await wires.watch()
  return {
    read: router.read,
    write: router.write,
    programs: router.programs,
    send: async (device, frame) => {
      const sent = await wires.send(device, 'wire', Buffer.from(frame, 'hex'))
      return sent.map(({ device, bytes }) => `${device}: ${bytes.toString('hex')}`)
    },
  }
}
