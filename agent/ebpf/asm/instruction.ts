/**
 * Instructions as data (linux/bpf.h struct bpf_insn; RFC 9669): a program is an array that can be printed, compared and mapped over.
 * What it refers to (labels, maps) is a name; `assemble` makes numbers of labels, loading makes descriptors of maps.
 */
import { AssemblyError } from './error.ts'

/** A register by name, so that an operand that is a number is always an immediate. */
export type Register = 'r0' | 'r1' | 'r2' | 'r3' | 'r4' | 'r5' | 'r6' | 'r7' | 'r8' | 'r9' | 'r10'

/** What functions return; scratch. */
export const r0 = 'r0'
/** r1 to r5 are arguments of a call and are lost by it; r1 is the context when a program starts. */
export const r1 = 'r1'
export const r2 = 'r2'
export const r3 = 'r3'
export const r4 = 'r4'
export const r5 = 'r5'
/** r6 to r9 survive a call. */
export const r6 = 'r6'
export const r7 = 'r7'
export const r8 = 'r8'
export const r9 = 'r9'
/** The frame pointer, read only: a frame is the 512 bytes below it. */
export const r10 = 'r10'

/** Whose an instruction is: kept through assembly, so that dumps and verifier errors lead back to it. */
export interface Note {
  /** What the instruction belongs to, for instance an element: 'counter :: Counter'. */
  readonly subject: string
  /** Its landmark in the input, file:line. */
  readonly where: string
}

/** One instruction. Made by the verbs of this folder, which check ranges; anything else in `opcode.ts`'s numbers will do too. */
export interface Instruction {
  readonly opcode: number
  readonly dst: Register
  /** A register, or a number where the field says what `imm` is (linux/bpf.h BPF_PSEUDO_*). */
  readonly src: Register | number
  /** Signed 16 bits: bytes of memory, or slots of a jump without `target`. */
  readonly offset: number
  /** Signed 32 bits. */
  readonly imm: number
  /** Of the instruction of two slots alone: its whole immediate, unsigned 64 bits. */
  readonly imm64?: bigint
  /** The label that is jumped to, called, or taken the address of. */
  readonly target?: string
  /** The map whose descriptor is put here when the program is loaded. */
  readonly map?: string
  readonly note?: Note
}

/** What a global function takes: a number, the program's context, or memory of so many bytes (or a null pointer). */
export type Parameter = 'number' | 'skb' | 'xdp' | { readonly bytes: number }

/** A place in a program, before the next instruction; unique in it. */
export interface Label {
  readonly label: string
  /**
   * Of a function that is called: it is global, which the verifier goes through once by itself, whatever it takes (r1 to r5 in this order), and not
   * again at each call. It gives back a number.
   */
  readonly parameters?: readonly Parameter[]
}

export type Item = Instruction | Label
export type Program = readonly Item[]

export const label = (name: string): Label => ({ label: name })

export const globalFunction = (name: string, parameters: readonly Parameter[]): Label => ({ label: name, parameters })

export const isLabel = (item: Item): item is Label => 'label' in item

/** The same program with a note on each instruction that has none: inner annotations win. */
export const annotate = (note: Note, program: Program): Program =>
  program.map((item) => (isLabel(item) || item.note ? item : { ...item, note }))

export const registerNumber = (register: Register | number): number =>
  typeof register === 'number' ? register : Number(register.slice(1))

export const registerName = (number: number): Register => {
  if (number > 10) throw new AssemblyError(`r${number} is no register`)
  return `r${number}` as Register
}

/** How many slots of eight bytes an instruction takes; the verifier and jumps count those. */
export const slotCount = ({ opcode }: Instruction): 1 | 2 => (opcode === 0x18 ? 2 : 1)
