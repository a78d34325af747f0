import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import {
  add,
  and,
  atomicAdd,
  be,
  exit,
  jeq,
  jne,
  label,
  ldImm64,
  ldMapValue,
  ldx,
  mov,
  mul,
  or,
  rsh,
  stx,
  sub,
  xor,
} from '../../../ebpf/asm/asm.ts'
import { missing } from '../../../ebpf/features.ts'
import { waitForPrograms } from '../../../ebpf/grace.ts'
import { createMap } from '../../../ebpf/map.ts'
import { pin } from '../../../ebpf/pins.ts'
import { loadProgram } from '../../../ebpf/program.ts'
import { testRun } from '../../../ebpf/test-run.ts'
import { type Code, flattenCode } from '../../compile/code.ts'
import { lookUpRoute } from '../code.ts'
import { memoryBytes, type TableRoom } from '../layout.ts'
import { createTable } from '../open.ts'
import type { TableRoute } from '../table.ts'
import type { FlipperData } from './support/flipper.ts'

const skip = missing('bpf')?.message ?? false

/** The gateway says which route it is: of its address 24 bits, then its length, and two that are left to whoever changes it. */
const routeOf = (address: number, length: number): TableRoute => ({
  address,
  length,
  gateway: address + length * 4,
  output: length % 4,
})

/** Routes that nest, in each of some /24s of four /16s; the default route always stands. */
const flipped: readonly TableRoute[] = Array.from({ length: 4 }, (_, i) => 0x0a00_0000 + (i << 16)).flatMap((upper) => [
  routeOf(upper, 16),
  routeOf(upper, 17),
  ...Array.from({ length: 3 }, (_, i) => upper + (i << 8)).flatMap((lower) => [
    routeOf(lower, 24),
    routeOf(lower, 27),
    routeOf(lower, 32),
  ]),
])

const room: TableRoom = { routes: 100, nextHops: 4096, blocks: 2048 }

/**
 * Looks up a random address of those that change, and counts in `seen`: lookups, those that found another route than the default, and those
 * with an output that is not the gateway's, or a route that is not the address's. The random state is the third word.
 */
const prober = (newLabel: (hint: string) => string): Code => [
  ldMapValue('r6', 'seen'),
  mov('r0', 1),
  atomicAdd('u64', 'r6', 0, 'r0'),
  ldx('u64', 'r1', 'r6', 24),
  ldImm64('r2', 6_364_136_223_846_793_005n),
  mul('r1', 'r2'),
  add('r1', 12_345),
  stx('u64', 'r6', 24, 'r1'),
  mov('r2', 'r1'),
  rsh('r1', 33),
  // 10.0 to 10.3, .0 to .2 or .3, any of 32 addresses
  and('r1', 0x0003_031f),
  ldImm64('r2', 0x0a00_0000n),
  or('r1', 'r2'),
  mov('r7', 'r1'),
  be('r1', 32),
  lookUpRoute('table', room, newLabel),
  be('r1', 32),
  mov('r2', 'r1'),
  rsh('r2', 2),
  and('r2', 63),
  // The length gives the output,
  mov('r3', 'r2'),
  and('r3', 3),
  jne('r3', 'r0', 'wrong'),
  // and as many bits of both addresses are the same.
  mov('r3', 32),
  sub('r3', 'r2'),
  and('r1', -256),
  xor('r1', 'r7'),
  and('r3', 63),
  rsh('r1', 'r3'),
  jne('r1', 0, 'wrong'),
  jeq('r2', 0, 'end'),
  mov('r0', 1),
  atomicAdd('u64', 'r6', 8, 'r0'),
  label('end'),
  mov('r0', 0),
  exit(),
  label('wrong'),
  mov('r0', 1),
  atomicAdd('u64', 'r6', 16, 'r0'),
  exit(),
]

t.test('while routes come and go each lookup finds one that is there, whole', { skip, timeout: 300_000 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-table-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const bpffs = join(directory, 'bpf')
  mkdirSync(bpffs)
  execFileSync('mount', ['-t', 'bpf', 'bpf', bpffs])
  t.teardown(() => execFileSync('umount', [bpffs]))
  const array = { kind: 'array', keyBytes: 4, entries: 1, mappable: true } as const
  const seen = createMap({ ...array, name: 'seen', valueBytes: 32 })
  const map = createMap({ ...array, name: 'table', valueBytes: memoryBytes(room) })
  t.teardown(() => {
    seen.close()
    map.close()
  })
  const table = createTable(map.memory(), room, waitForPrograms)
  table.put({ address: 0, length: 0, gateway: 0, output: 0 })
  for (const route of flipped) table.put(route)
  let labels = 0
  const instructions = flattenCode(prober((hint) => `${hint}_${labels++}`))
  const program = loadProgram({ name: 'prober', kind: 'tc', instructions }, { maps: { seen, table: map } })
  t.teardown(() => program.close())

  const workerData: FlipperData = { pin: join(bpffs, 'table'), stop: new SharedArrayBuffer(4), routes: flipped }
  pin(map, workerData.pin)
  const worker = new Worker(new URL('./support/flipper.ts', import.meta.url), { workerData })
  const done = once(worker, 'message')
  await once(worker, 'online')
  const end = performance.now() + 3000
  while (performance.now() < end) {
    testRun(program, { data: Buffer.alloc(64), repeat: 200_000 })
    await new Promise((resolve) => setImmediate(resolve))
  }
  Atomics.store(new Int32Array(workerData.stop), 0, 1)
  const [changes] = await done
  const [lookups = 0n, other = 0n, wrong = 0n] = new BigUint64Array(seen.memory())
  t.comment(`${lookups} lookups, ${other} not of the default route, ${changes} changes`)
  t.ok(changes > 1000)
  t.ok(lookups > 100_000n)
  t.ok(other > lookups / 10n, 'there were routes')
  t.ok(other < lookups, 'there were none')
  t.equal(wrong, 0n)
})
