/** A source of packets: an XDP program on live frames, which writes their headers and sends them into one interface after the other. */
import {
  add,
  call,
  exit,
  jge,
  jgt,
  jlt,
  label,
  ldMapFd,
  ldMapValue,
  ldx,
  mov,
  mul,
  type Program,
  stx,
} from '../../../agent/ebpf/asm/asm.ts'
import { sendLiveFrames } from '../../../agent/ebpf/live-frames.ts'
import { createMap, indexKey } from '../../../agent/ebpf/map.ts'
import { loadProgram } from '../../../agent/ebpf/program.ts'
import { at, makeFrame } from '../frames.ts'

/** What one packet of a turn is. Plain data: it goes to threads. */
export interface Shot {
  /** Which of the source's interfaces. */
  readonly port: number
  readonly source: number
  readonly destination: number
  /** Ethernet addresses. */
  readonly from: readonly number[]
  readonly to: readonly number[]
}

export interface SourcePlan {
  /** Interfaces that it sends into, by index, and the path of their namespace. */
  readonly interfaces: readonly number[]
  readonly namespace: string
  readonly frameBytes: number
  /** One after the other, again and again. */
  readonly shots: readonly Shot[]
}

export interface Source {
  /** Sends so many packets; returns, when the kernel has dealt with them as far as one processor does, ns that one took. */
  send(count: number): number
  close(): void
}

const headBytes = 8
/** u32 port, padding, then the first 34 bytes of the frame and padding. */
const shotBytes = 48
const frameAt = 8
const writtenBytes = 34

/** Words that make up the first 34 bytes. */
const words: readonly (readonly [size: 'u64' | 'u16', at: number])[] = [
  ['u64', 0],
  ['u64', 8],
  ['u64', 16],
  ['u64', 24],
  ['u16', 32],
]

const sender = (shots: number): Program => [
  ldMapValue('r7', 'shots'),
  ldx('u64', 'r8', 'r7', 0),
  jge('r8', shots, 'drop'),
  mov('r0', 'r8'),
  add('r0', 1),
  jlt('r0', shots, 'next'),
  mov('r0', 0),
  label('next'),
  stx('u64', 'r7', 0, 'r0'),
  mul('r8', shotBytes),
  add('r7', 'r8'),
  ldx('u32', 'r3', 'r1', 0),
  ldx('u32', 'r4', 'r1', 4),
  mov('r5', 'r3'),
  add('r5', writtenBytes),
  jgt('r5', 'r4', 'drop'),
  ...words.flatMap(([size, offset]) => [
    ldx(size, 'r0', 'r7', headBytes + frameAt + offset),
    stx(size, 'r3', offset, 'r0'),
  ]),
  ldMapFd('r1', 'ports'),
  ldx('u32', 'r2', 'r7', headBytes),
  mov('r3', 0),
  call('redirectMap'),
  exit(),
  label('drop'),
  mov('r0', 1),
  exit(),
]

/** Throws BpfError: before Linux 5.18 there are no live frames. */
export const openSource = ({ interfaces, namespace, frameBytes, shots }: SourcePlan): Source => {
  const ports = createMap(
    { name: 'ports', kind: 'devmap', keyBytes: 4, valueBytes: 4, entries: interfaces.length },
    { namespace },
  )
  interfaces.forEach((index, port) => {
    ports.update(indexKey(port), indexKey(index))
  })
  const valueBytes = headBytes + shots.length * shotBytes
  const list = createMap({ name: 'shots', kind: 'array', keyBytes: 4, valueBytes, entries: 1, mappable: true })
  const memory = Buffer.from(list.memory())
  shots.forEach(({ port, ...shape }, i) => {
    const place = headBytes + i * shotBytes
    memory.writeUInt32LE(port, place)
    makeFrame({ bytes: frameBytes, ...shape }).copy(memory, place + frameAt, 0, at.destination + 4)
  })
  const program = loadProgram(
    { name: 'weft_source', kind: 'xdp', instructions: sender(shots.length) },
    { maps: { ports, shots: list } },
  )
  const data = makeFrame({ bytes: frameBytes, destination: 0 })
  return {
    send: (count) => sendLiveFrames(program, { data, count }),
    close: () => {
      for (const each of [program, list, ports]) each.close()
    },
  }
}
