/** Frames at full rate, made in the kernel by a process of its own, and a program that counts those that arrive. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atomicAdd, exit, jne, label, ldMapValue, ldx, mov, type Program } from '../../../ebpf/asm/asm.ts'
import { attachFilter } from '../../../ebpf/clsact.ts'
import { have } from '../../../ebpf/features.ts'
import { attachTcx } from '../../../ebpf/link.ts'
import { createMap, indexKey } from '../../../ebpf/map.ts'
import { loadProgram } from '../../../ebpf/program.ts'
import { etherType } from './sender.ts'
import type { Lines } from './support.ts'

interface Teardown {
  teardown(work: () => unknown): void
}

export interface Flood {
  /** How many frames the kernel took, once the last is on its way. */
  stop(): Promise<number>
}

const fixture = join(dirname(fileURLToPath(import.meta.url)), 'fixtures', 'flood.ts')

/** Sends out of an interface until it is told to stop. */
export const flood = async (t: Teardown, lines: Lines, device: string): Promise<Flood> => {
  const argv = [fixture, lines.path, `${await lines.index(device)}`]
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString()
  })
  const ended = once(child, 'close')
  return {
    stop: async () => {
      child.stdin.end()
      await ended
      if (child.exitCode !== 0) throw new Error(`the flood ended with ${child.exitCode}`)
      return Number(said)
    },
  }
}

/** u16 protocol of struct __sk_buff, in network order. */
const skbProtocol = 16
const networkOrder = ((etherType & 0xff) << 8) | (etherType >> 8)

const counting: Program = [
  ldx('u32', 'r2', 'r1', skbProtocol),
  jne('r2', networkOrder, 'end'),
  ldMapValue('r1', 'arrived', 0),
  mov('r2', 1),
  atomicAdd('u64', 'r1', 0, 'r2'),
  label('end'),
  mov('r0', 2),
  exit(),
]

/** Counts frames of the flood that arrive at an interface; they go no further. */
export const countArriving = async (t: Teardown, lines: Lines, device: string): Promise<() => number> => {
  const arrived = createMap({ name: 'arrived', kind: 'array', keyBytes: 4, valueBytes: 8, entries: 1 })
  const program = loadProgram({ name: 'arriving', kind: 'tc', instructions: counting }, { maps: { arrived } })
  t.teardown(() => {
    program.close()
    arrived.close()
  })
  const interfaceIndex = await lines.index(device)
  if (have('tcx')) {
    const link = attachTcx(program, { interfaceIndex, namespace: lines.path }, 'ingress')
    t.teardown(() => link.close())
  } else {
    await attachFilter(lines.route, program, { interfaceIndex, direction: 'ingress', priority: 1, handle: 1 })
  }
  return () => Number(arrived.lookup(indexKey(0))?.readBigUInt64LE() ?? 0n)
}
