/**
 * What kernels differ in, found by trying it and remembered: `have('tcx')`. A version says less: distributions take features into
 * older kernels and leave others out.
 */
import { call, exit, label, ldFunction, mov, type Program, r0, r1, r2, r3, r4 } from './asm/asm.ts'
import { BpfError, NotSupportedError } from './error.ts'
import { attachTcx } from './link.ts'
import { createMap } from './map.ts'
import { loadProgram, type ProgramSpec } from './program.ts'

const nothing: Program = [mov(r0, 0), exit()]

const loads = (spec: Omit<ProgramSpec, 'name'>): void => loadProgram({ name: 'weft_probe', ...spec }).close()

/** Each tries a feature, and throws where the kernel has it not. */
const probes = {
  /** bpf(2) itself, and the right to call it. */
  bpf: () => createMap({ name: 'weft_probe', kind: 'array', keyBytes: 4, valueBytes: 4, entries: 1 }).close(),
  /** Links of `tc` programs to interfaces, Linux 6.6. */
  tcx: () => {
    const program = loadProgram({ name: 'weft_probe', kind: 'tc', instructions: nothing })
    try {
      // No interface has this index: a kernel that knows TCX says so.
      attachTcx(program, { interfaceIndex: 0x7fff_ffff }, 'ingress').close()
    } catch (error) {
      if (!(error instanceof BpfError && error.code === 'ENODEV')) throw error
    } finally {
      program.close()
    }
  },
  /** The helper bpf_loop, Linux 5.17, and functions that it calls back. */
  'bpf-loop': () =>
    loads({
      kind: 'tc',
      instructions: [
        mov(r1, 1),
        ldFunction(r2, 'each'),
        mov(r3, 0),
        mov(r4, 0),
        call('loop'),
        ...nothing,
        label('each'),
        ...nothing,
      ],
    }),
  /** XDP programs that take packets of several pages, Linux 5.18. */
  'xdp-fragments': () => loads({ kind: 'xdp', fragments: true, instructions: nothing }),
  /** Ring buffers, Linux 5.8. */
  ringbuf: () =>
    createMap({ name: 'weft_probe', kind: 'ringbuf', keyBytes: 0, valueBytes: 0, entries: 1 << 16 }).close(),
  /** Arrays whose values are mapped into this process, Linux 5.5. */
  'mapped-arrays': () =>
    createMap({ name: 'weft_probe', kind: 'array', keyBytes: 4, valueBytes: 8, entries: 1, mappable: true }).close(),
  /** Jumps of 32 bits (`gotol`), Linux 6.6. */
  'long-jumps': () => loads({ kind: 'tc', instructions: [longJump(), ...nothing] }),
} as const satisfies Readonly<Record<string, () => void>>

/** BPF_JMP32 | BPF_JA, to the next instruction. */
const longJump = () => ({ opcode: 0x06, dst: 'r0', src: 0, offset: 0, imm: 0 }) as const

export type Feature = keyof typeof probes
export const features: readonly Feature[] = Object.keys(probes) as Feature[]

const found = new Map<Feature, NotSupportedError | undefined>()

/** Why the kernel lacks a feature; undefined where it has it. */
export const missing = (feature: Feature): NotSupportedError | undefined => {
  if (!found.has(feature)) found.set(feature, probe(feature))
  return found.get(feature)
}

export const have = (feature: Feature): boolean => missing(feature) === undefined

/** Throws NotSupportedError where the kernel lacks it. */
export const demand = (feature: Feature): void => {
  const problem = missing(feature)
  if (problem) throw problem
}

const probe = (feature: Feature): NotSupportedError | undefined => {
  try {
    probes[feature]()
    return undefined
  } catch (error) {
    return new NotSupportedError(feature, (error as Error).message, error)
  }
}
