/** Frames that leave an interface as if the host had sent them. */
import { atomicAdd, call, exit, jne, label, ldMapValue, mov } from '../../../ebpf/asm/asm.ts'
import { createMap, indexKey } from '../../../ebpf/map.ts'
import { loadProgram } from '../../../ebpf/program.ts'
import { testRun } from '../../../ebpf/test-run.ts'

/** IEEE 802 local experimental. */
export const etherType = 0x88b5

export const experimentalFrame = (): Buffer => {
  const frame = Buffer.alloc(60)
  frame.fill(0xff, 0, 6)
  frame[6] = 2
  frame.writeUInt16BE(etherType, 12)
  return frame
}

export interface Sender {
  /** As fast as the kernel makes copies. */
  send(count: number): void
  /** How many frames the kernel took. */
  sent(): bigint
  close(): void
}

export const openSender = (namespace: string, interfaceIndex: number): Sender => {
  const sent = createMap({ name: 'sent', kind: 'array', keyBytes: 4, valueBytes: 8, entries: 1 })
  const instructions = [
    mov('r2', interfaceIndex),
    mov('r3', 0),
    call('cloneRedirect'),
    jne('r0', 0, 'end'),
    ldMapValue('r1', 'sent', 0),
    mov('r2', 1),
    atomicAdd('u64', 'r1', 0, 'r2'),
    label('end'),
    exit(),
  ]
  const program = loadProgram({ name: 'weft_sender', kind: 'tc', instructions }, { maps: { sent } })
  return {
    send: (repeat) => void testRun(program, { data: experimentalFrame(), repeat, namespace }),
    sent: () => sent.lookup(indexKey(0))?.readBigUInt64LE() ?? 0n,
    close: () => {
      program.close()
      sent.close()
    },
  }
}
