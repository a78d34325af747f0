/**
 * Packets from a guest's interface to another's, made by the kernel itself and counted where they arrive: what the way between costs, with no
 * stack at its ends.
 */
import { exit, mov } from '../../agent/ebpf/asm/asm.ts'
import { attachTcx, attachXdp } from '../../agent/ebpf/link.ts'
import { loadProgram } from '../../agent/ebpf/program.ts'
import { openRoute } from '../../agent/netlink/route.ts'
import { openSink } from '../forward/live/sink.ts'
import { openSource } from '../forward/live/source.ts'
import type { Guest, Namespace } from './ground.ts'

const frameBytes = 64
/** Until caches and neighbours are filled, and to see how fast it goes. */
const warmUp = 65_536
const settleMs = 50
/** XDP_PASS */
const pass = 2

const indexOf = async ({ path }: Namespace, name: string): Promise<number> => {
  const route = openRoute({ namespace: path })
  try {
    return (await route.link(name))?.index ?? 0
  } finally {
    route.close()
  }
}

const bytesOf = (mac: string): readonly number[] => mac.split(':').map((byte) => Number.parseInt(byte, 16))
const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

/** The guests know each other's Ethernet addresses by then. */
export interface FramesPath {
  readonly from: Guest
  readonly to: Guest
  /** Of the sender: Dom0. */
  readonly host: Namespace
  readonly addresses: { readonly from: string; readonly to: string }
}

/** Packets that arrive in a second of the processor that does it all. */
export const measureFrames = async ({ from, to, host, addresses }: FramesPath, seconds: number): Promise<number> => {
  const held: { close(): unknown }[] = []
  const hold = <T extends { close(): unknown }>(one: T): T => {
    held.push(one)
    return one
  }
  try {
    // A veth takes frames of this kind only where its other end has a program of XDP.
    const passing = hold(loadProgram({ name: 'weft_pass', kind: 'xdp', instructions: [mov('r0', pass), exit()] }))
    hold(attachXdp(passing, { namespace: host.path, interfaceIndex: await indexOf(host, from.vif) }, 'native'))
    const sink = hold(openSink(1))
    const arrivesAt = { namespace: to.path, interfaceIndex: await indexOf(to, 'eth0') }
    hold(attachTcx(sink.program('tc', 0), arrivesAt, 'ingress'))
    const source = hold(
      openSource({
        interfaces: [await indexOf(from, 'eth0')],
        namespace: from.path,
        frameBytes,
        shots: [
          {
            port: 0,
            source: numberOf(addresses.from),
            destination: numberOf(addresses.to),
            from: bytesOf(from.mac),
            to: bytesOf(to.mac),
          },
        ],
      }),
    )
    const probed = source.send(warmUp)
    const count = Math.round((seconds * 1e9) / probed)
    const settled = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, settleMs))
    await settled()
    const before = sink.counts()[0] ?? 0
    const ns = source.send(count)
    await settled()
    const arrived = (sink.counts()[0] ?? 0) - before
    return (arrived / count) * (1e9 / ns)
  } finally {
    for (const each of held.toReversed()) each.close()
  }
}
