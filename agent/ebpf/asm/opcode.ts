/** Numbers of opcodes (linux/bpf_common.h, linux/bpf.h; RFC 9669 section 4): class in the low three bits. */

export const opClass = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, jmp32: 6, alu64: 7 } as const

/** Bit 3 of arithmetic and jumps: the second operand is a register. */
export const sourceRegister = 0x08

/** How loads and stores reach memory, bits 5 to 7. */
export const mode = { imm: 0x00, mem: 0x60, atomic: 0xc0 } as const

export type Size = 'u8' | 'u16' | 'u32' | 'u64'

/** Bits 3 and 4 of loads and stores. */
export const sizeBits = { u32: 0x00, u16: 0x08, u8: 0x10, u64: 0x18 } as const satisfies Record<Size, number>

/** Bits 4 to 7 of arithmetic. */
export const aluOp = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
  end: 0xd0,
} as const

/** Bits 4 to 7 of jumps. */
export const jumpOp = {
  ja: 0x00,
  jeq: 0x10,
  jgt: 0x20,
  jge: 0x30,
  jset: 0x40,
  jne: 0x50,
  jsgt: 0x60,
  jsge: 0x70,
  call: 0x80,
  exit: 0x90,
  jlt: 0xa0,
  jle: 0xb0,
  jslt: 0xc0,
  jsle: 0xd0,
} as const

/** The immediate of an atomic instruction; `fetch` is added to the first four to get the old value. */
export const atomicOp = { add: 0x00, or: 0x40, and: 0x50, xor: 0xa0, fetch: 0x01, xchg: 0xe1, cmpxchg: 0xf1 } as const

/** BPF_PSEUDO_*: what the source field of a load of 64 bits, or of a call, says of its immediate. */
export const pseudo = { mapFd: 1, mapValue: 2, function: 4, call: 1 } as const

/** BPF_LD | BPF_IMM | BPF_DW, the only instruction of two slots. */
export const loadImmediate64 = 0x18
