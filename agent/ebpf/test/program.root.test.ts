/** Programs in the kernel: loaded, run on packets, refused. */
import { Session } from 'node:inspector/promises'
import t from 'tap'
import { openDescriptors } from '../../../native/test/support/process.ts'
import {
  add,
  add32,
  and32,
  annotate,
  assemble,
  atomicAdd,
  atomicFetchAdd,
  be,
  call,
  callFunction,
  disassemble,
  exit,
  formatInstruction,
  jeq,
  jgt,
  jlt,
  jne,
  jset,
  jslt32,
  label,
  ldFunction,
  ldImm64,
  ldMapFd,
  ldMapValue,
  ldx,
  mov,
  mov32,
  neg,
  type Program,
  r0,
  r1,
  r2,
  r3,
  r4,
  r6,
  r10,
  rsh,
  st,
  stx,
  sub,
} from '../asm/asm.ts'
import { features, have, missing } from '../features.ts'
import { indexKey } from '../map.ts'
import { adoptProgram, loadProgram, programById } from '../program.ts'
import { testRun } from '../test-run.ts'
import { VerifierError } from '../verifier.ts'
import { lacking, load, makeMap, makePair, returns } from './support/kernel.ts'

t.setTimeout(300_000)
const skip = lacking()
const frame = (bytes = 64): Buffer => Buffer.alloc(bytes, 'ab', 'hex')

/** Straight on, and looked at one by one. */
const manySteps = (count: number): Program => [
  mov(r0, 0),
  ...Array.from({ length: count }, () => add(r0, 1)),
  mov(r0, 0),
]

/** A profiler of V8's, which sends this thread a signal (SIGPROF) each `micros` microseconds. */
const profile = async (micros: number): Promise<{ stop(): Promise<void> }> => {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: micros })
  await session.post('Profiler.start')
  return {
    stop: async () => {
      await session.post('Profiler.stop')
      session.disconnect()
    },
  }
}

/** r1 the context of a `tc` program: r2 the frame, its first 16 bytes there, else to `short`. */
const firstBytes: Program = [
  ldx('u32', r2, r1, 76),
  ldx('u32', r3, r1, 80),
  mov(r4, r2),
  add(r4, 16),
  jgt(r4, r3, 'short'),
]

t.test('the log of the kernel reads as our text of the same instructions', { skip }, async (t) => {
  const program: Program = [
    mov(r6, r1),
    mov32(r0, 7),
    st('u64', r10, -8, -5),
    stx('u32', r10, -16, r0),
    ldx('u16', r2, r10, -8),
    ldx('u8', r3, r10, -7),
    be(r2, 16),
    neg(r3),
    add(r2, r3),
    sub(r2, -3),
    and32(r2, 0xff),
    rsh(r2, 2),
    add32(r2, r3),
    atomicAdd('u64', r10, -8, r2),
    atomicFetchAdd('u64', r10, -8, r2),
    ldx('u32', r2, r6, 0),
    jeq(r2, 5, 'end'),
    jslt32(r2, -1, 'end'),
    jset(r2, r2, 'end'),
    call('getPrandomU32'),
    callFunction('f'),
    label('end'),
    mov(r0, 0),
    exit(),
    label('f'),
    mov(r0, 1),
    exit(),
  ]
  const { log } = load(t, { kind: 'tc', instructions: program }, { logLevel: 2 })
  const said = new Map(
    [...log.matchAll(/^(\d+): \([0-9a-f]{2}\) (.*?)\s*(?:;.*)?$/gm)].map(([, slot, text]) => [Number(slot), text]),
  )
  const ours = disassemble(assemble(program).bytes).map(formatInstruction)
  t.ok(said.size >= 20, `${said.size} instructions are in the log`)
  for (const [slot, text] of said) t.equal(ours[slot], text)
})

t.test('a program reads and changes a packet, its context and a map', { skip }, async (t) => {
  const instructions: Program = [
    mov(r6, r1),
    ...firstBytes,
    ldx('u8', r0, r2, 12),
    st('u8', r2, 0, 0x5a),
    ldMapValue(r3, 'counts', 8),
    mov(r4, 1),
    atomicAdd('u64', r3, 0, r4),
    // An immediate cannot be stored into the context before Linux 6.6.
    mov(r4, 99),
    stx('u32', r6, 8, r4),
    exit(),
    label('short'),
    mov(r0, -1),
    exit(),
  ]
  const counts = makeMap(t, { valueBytes: 16, entries: 1 })
  const program = load(t, { kind: 'tc', instructions }, { maps: { counts } })
  const { result, data, context } = testRun(program, { data: frame(), context: { mark: 3, interfaceIndex: 1 } })
  t.equal(result, 0xab)
  t.equal(data.length, 64)
  t.equal(data[0], 0x5a)
  t.equal(context?.mark, 99)
  t.equal(testRun(program, { data: frame(14) }).result, -1, 'too short a frame')
  t.equal(testRun(program, { data: frame(), repeat: 10 }).result, 0xab)
  t.equal(counts.lookup(indexKey(0))?.readBigUInt64LE(8), 11n)
  t.ok(program.verifiedInstructions > 10)
})

t.test('XDP programs run without a context, and may return a longer packet', { skip }, async (t) => {
  const grow: Program = [
    mov(r2, -14),
    call('xdpAdjustHead'),
    jne(r0, 0, 'no'),
    mov(r0, 2),
    exit(),
    label('no'),
    mov(r0, 0),
    exit(),
  ]
  const { result, data, context } = testRun(load(t, { kind: 'xdp', instructions: grow }), { data: frame() })
  t.match({ result, length: data.length, context }, { result: 2, length: 78, context: undefined })
})

t.test('functions are called, and called back', { skip: lacking('bpf-loop') }, async (t) => {
  const instructions: Program = [
    st('u64', r10, -8, 0),
    mov(r1, 40),
    ldFunction(r2, 'each'),
    mov(r3, r10),
    add(r3, -8),
    mov(r4, 0),
    call('loop'),
    ldx('u64', r1, r10, -8),
    callFunction('plus one'),
    exit(),
    label('each'),
    ldx('u64', r3, r2, 0),
    add(r3, r1),
    stx('u64', r2, 0, r3),
    mov(r0, 0),
    exit(),
    label('plus one'),
    mov(r0, r1),
    add(r0, 1),
    exit(),
  ]
  const program = load(t, { kind: 'tc', instructions })
  t.equal(testRun(program, { data: frame() }).result, (39 * 40) / 2 + 1)
})

t.test('a tail call goes to what the array holds, and on where it holds nothing', { skip }, async (t) => {
  const programs = makeMap(t, { kind: 'prog-array', valueBytes: 4 })
  const instructions: Program = [ldMapFd(r2, 'programs'), mov(r3, 1), call('tailCall'), mov(r0, 5), exit()]
  const caller = load(t, { kind: 'tc', instructions }, { maps: { programs } })
  t.equal(testRun(caller, { data: frame() }).result, 5)
  const callee = load(t, { kind: 'tc', instructions: returns(9) })
  programs.update(indexKey(1), indexKey(callee.descriptor.number))
  t.equal(testRun(caller, { data: frame() }).result, 9)
  t.equal(programs.lookup(indexKey(1))?.readUInt32LE(), callee.id)
  const other = load(t, { kind: 'xdp', instructions: returns(9) })
  t.throws(() => programs.update(indexKey(0), indexKey(other.descriptor.number)), { code: 'EINVAL' }, 'of one kind')
})

t.test('what the verifier refuses comes back to whose it is', { skip }, async (t) => {
  const element = { subject: 'c :: CheckIPHeader', where: 'router.click:7' }
  const instructions: Program = [
    ...annotate({ subject: 'FromDevice@1', where: 'router.click:6' }, [ldx('u32', r2, r1, 76)]),
    ...annotate(element, [ldImm64(r3, 1n), ldx('u8', r0, r2, 14)]),
    exit(),
  ]
  const error = refusal(instructions)
  t.match(error, { code: 'EACCES', slot: 3, note: element, complaint: /invalid access to packet/ })
  t.match(
    error.message,
    /at 3: r0 = \*\(u8 \*\)\(r2 \+14\); of c :: CheckIPHeader, router\.click:7; \d+ lines of the log left out/,
  )
  t.match(error.log, /3: \(71\) r0 = \*\(u8 \*\)\(r2 \+14\)/)

  const cases: readonly (readonly [Program, Partial<VerifierError>])[] = [
    [[mov(r0, 0)], { code: 'EINVAL', complaint: 'last insn is not an exit or jmp', slot: undefined }],
    [[mov(r0, 0), exit(), mov(r0, 1), exit()], { complaint: 'unreachable insn 2', slot: 2 }],
    [[mov(r0, r2), exit()], { complaint: 'R2 !read_ok', slot: 0 }],
    [
      [ldMapValue(r1, 'values'), ldx('u64', r0, r1, 8), exit()],
      { complaint: /invalid access to map value/ as never, slot: 2 },
    ],
    [[mov(r1, 1), call('perfEventOutput'), exit()], { slot: 1 }],
  ]
  for (const [program, expected] of cases) t.match(refusal(program), expected)
})

t.test('a program that is too much to verify is refused with the end of its log', { skip }, async (t) => {
  const forever: Program = [mov(r0, 0), label('again'), add(r0, 1), jlt(r0, 10_000_000, 'again'), exit()]
  t.match(refusal(forever), { code: 'E2BIG', complaint: /too large\. Processed 1000001 insn/, name: 'VerifierError' })
})

t.test('a log that was asked for and does not fit keeps no program from being loaded', { skip }, async (t) => {
  const long: Program = [mov(r0, 0), label('again'), add(r0, 1), jlt(r0, 200_000, 'again'), exit()]
  const program = load(t, { kind: 'tc', instructions: long }, { logLevel: 2 })
  t.ok(program.log.length >= 2 ** 20 - 1, 'as much as there is room for')
  t.equal(testRun(program, { data: frame() }).result, 200_000)
})

const refusal = (instructions: Program): VerifierError => {
  const values = makeMap(t, { entries: 1 })
  try {
    loadProgram({ name: 'refused', kind: 'tc', instructions }, { maps: { values } }).close()
  } catch (error) {
    if (error instanceof VerifierError) return error
    throw error
  }
  throw new Error('was not refused')
}

t.test('a map that is not given is said by name, before the kernel is asked', { skip }, async (t) => {
  const instructions: Program = [ldMapFd(r1, 'routes'), mov(r0, 0), exit()]
  t.throws(() => loadProgram({ name: 'p', kind: 'tc', instructions }), { name: 'RangeError', message: /'routes'/ })
})

t.test('a license decides on helpers', { skip }, async (t) => {
  const instructions: Program = [
    st('u64', r10, -8, 0x21),
    mov(r1, r10),
    add(r1, -8),
    mov(r2, 2),
    call('tracePrintk'),
    mov(r0, 0),
    exit(),
  ]
  t.match(refusal(instructions), { complaint: /GPL-restricted/ })
  load(t, { kind: 'tc', instructions, license: 'Dual MIT/GPL' })
})

t.test('a program is found by its number while it is there', { skip }, async (t) => {
  const program = load(t, { name: 'found', kind: 'xdp', instructions: returns(1) })
  const found = programById(program.id)
  t.match(found, { name: 'found', kind: 'xdp', id: program.id })
  found?.close()
  t.equal(programById(0x7fff_fff0), undefined)
  t.throws(() => adoptProgram(makeMap(t).descriptor, 'a map'), { code: 'EINVAL', operation: 'program adopt' })
})

t.test('a run takes interfaces of the namespace that is named', { skip }, async (t) => {
  const { namespace, w1 } = await makePair(t)
  const program = load(t, { kind: 'tc', instructions: [ldx('u32', r0, r1, 40), exit()] })
  const run = { data: frame(), context: { interfaceIndex: w1 }, namespace: namespace.path }
  t.equal(testRun(program, run).result, w1)
  t.throws(() => testRun(program, { ...run, context: { interfaceIndex: 4_000_000 } }), {
    name: 'BpfError',
    code: 'ENODEV',
  })
})

t.test('ten thousand instructions are assembled and loaded in little time', { skip }, async (t) => {
  const instructions: Program = [mov(r0, 0), ...Array.from({ length: 10_000 }, (_, index) => add(r0, index)), exit()]
  const start = performance.now()
  const program = load(t, { kind: 'tc', instructions })
  const took = performance.now() - start
  t.comment(`${took.toFixed(1)} ms`)
  t.ok(took < 10_000)
  t.equal(testRun(program, { data: frame() }).result, (9999 * 10_000) / 2)
})

t.test('the verifier takes a program with stepping stones, and it arrives', { skip }, async (t) => {
  const far: Program = [
    ldx('u32', r2, r1, 8),
    mov(r0, 0),
    jeq(r2, 7, 'end'),
    ...Array.from({ length: 70_000 }, () => add(r0, 1)),
    label('end'),
    add(r0, 1),
    exit(),
  ]
  const program = load(t, { kind: 'tc', instructions: far })
  t.equal(testRun(program, { data: frame(), context: { mark: 7 } }).result, 1)
  t.equal(testRun(program, { data: frame() }).result, 70_001)
})

t.test('signals that come while the kernel verifies do not keep a program from being loaded', { skip }, async (t) => {
  const { stop } = await profile(100)
  try {
    for (let round = 0; round < 3; round++)
      t.ok(load(t, { kind: 'tc', instructions: [...manySteps(50_000), exit()] }).id)
  } finally {
    await stop()
  }
})

t.test('what is loaded, refused or run leaves no descriptor', { skip }, async (t) => {
  const run = (): void => {
    const program = loadProgram({
      name: 'p',
      kind: 'tc',
      instructions: [callFunction('f'), exit(), label('f'), ...returns(0)],
    })
    testRun(program, { data: frame() })
    programById(program.id)?.close()
    program.close()
    t.throws(() => loadProgram({ name: 'p', kind: 'tc', instructions: [mov(r0, r2), exit()] }), {
      name: 'VerifierError',
    })
  }
  run()
  const before = openDescriptors()
  for (let round = 0; round < 20; round++) run()
  t.equal(openDescriptors(), before)
})

t.test('features are probed once, and a lack says why', { skip }, async (t) => {
  const before = openDescriptors()
  for (const feature of features) {
    const lack = missing(feature)
    if (lack) t.match(lack, { code: 'not-supported', feature, message: /^the kernel lacks / })
    t.equal(have(feature), lack === undefined, `${feature}: ${lack?.message ?? 'there'}`)
    t.equal(missing(feature), lack)
  }
  t.equal(openDescriptors(), before)
})
