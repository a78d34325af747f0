/** Programs at interfaces, under traffic; pins that another process adopts. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { openDescriptors, until } from '../../../native/test/support/process.ts'
import { atomicAdd, exit, ldMapValue, mov, type Program, r0, r1, r2 } from '../asm/asm.ts'
import { attachedFilters, attachFilter, detachFilter } from '../clsact.ts'
import { have } from '../features.ts'
import { attachTcx, attachXdp, type Place } from '../link.ts'
import { type BpfMap, indexKey } from '../map.ts'
import { isBpffs, listPins, mountBpffs, pin, pinnedLink, pinnedMap, pinnedProgram, unpin } from '../pins.ts'
import type { BpfProgram } from '../program.ts'
import { lacking, load, makeMap, makePair, type Pair, returns, verdict } from './support/kernel.ts'

t.setTimeout(600_000)
const run = promisify(execFile)
const fixture = (name: string): string => join(dirname(fileURLToPath(import.meta.url)), 'fixtures', `${name}.ts`)

/** Counts in one of the counters of the map `counts`, and returns. */
const counting = (counter: number, result: number): Program => [
  ldMapValue(r1, 'counts', counter * 8),
  mov(r2, 1),
  atomicAdd('u64', r1, 0, r2),
  mov(r0, result),
  exit(),
]

const counters = (t: Test): BpfMap => makeMap(t, { name: 'counts', valueBytes: 16, entries: 1 })

/** Both counters of the map. */
const counted = (map: BpfMap): readonly [number, number] => {
  const value = map.lookup(indexKey(0))
  if (!value) throw new Error('no value')
  return [Number(value.readBigUInt64LE(0)), Number(value.readBigUInt64LE(8))]
}

/** Runs something while datagrams flow from w0 to w1 as fast as they can; how many were sent is the least that must have been seen. */
const underTraffic = async (t: Test, { namespace }: Pair, during: () => Promise<void>): Promise<void> => {
  const sender = spawn('nsenter', [`--net=${namespace.path}`, process.execPath, fixture('send')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => sender.kill('SIGKILL'))
  const ended = once(sender, 'exit')
  await during()
  sender.stdin.end('stop')
  sender.stdout.resume()
  await ended
  t.equal(sender.exitCode, 0)
}

/** Exchanges two programs a hundred times while packets flow, and holds what they counted against what was sent. */
const swapUnderTraffic = async (
  t: Test,
  { pair, counts, swap }: { pair: Pair; counts: BpfMap; swap: (round: number) => void | Promise<void> },
): Promise<void> => {
  await underTraffic(t, pair, async () => {
    t.ok(await until(() => counted(counts)[0] > 100), 'packets flow')
    for (let round = 1; round <= 100; round++) {
      await swap(round)
      await sleep(2)
    }
  })
  const [first, second] = counted(counts)
  t.ok(first > 0 && second > 0, `both programs were asked: ${first}, ${second}`)
  t.equal(first + second, await pair.sent(), 'each packet met one of them')
}

const twoPrograms = (
  t: Test,
  counts: BpfMap,
  kind: 'tc' | 'xdp',
  result: number,
): readonly [BpfProgram, BpfProgram] => [
  load(t, { name: 'first', kind, instructions: counting(0, result) }, { maps: { counts } }),
  load(t, { name: 'second', kind, instructions: counting(1, result) }, { maps: { counts } }),
]

t.test(
  'a TCX link is updated in place under traffic without a packet that meets no program',
  { skip: lacking('tcx') },
  async (t) => {
    const pair = await makePair(t)
    const counts = counters(t)
    const [first, second] = twoPrograms(t, counts, 'tc', verdict.shot)
    const place = { interfaceIndex: pair.w1, namespace: pair.namespace.path }
    const link = attachTcx(first, place, 'ingress')
    t.teardown(() => link.close())
    await pair.up()
    await swapUnderTraffic(t, { pair, counts, swap: (round) => link.update(round % 2 === 1 ? second : first) })
    t.match(link.info(), { interfaceIndex: pair.w1, programId: first.id, attachType: 46 })
  },
)

t.test('an XDP link is updated in place under traffic', { skip: lacking() }, async (t) => {
  const pair = await makePair(t)
  const counts = counters(t)
  const [first, second] = twoPrograms(t, counts, 'xdp', verdict.xdpDrop)
  const link = attachXdp(first, { interfaceIndex: pair.w1, namespace: pair.namespace.path }, 'native')
  t.teardown(() => link.close())
  await pair.up()
  await swapUnderTraffic(t, { pair, counts, swap: (round) => link.update(round % 2 === 1 ? second : first) })
})

t.test('a filter below clsact is replaced in place under traffic', { skip: lacking() }, async (t) => {
  const pair = await makePair(t)
  const counts = counters(t)
  const [first, second] = twoPrograms(t, counts, 'tc', verdict.shot)
  const at = { interfaceIndex: pair.w1, direction: 'ingress', priority: 1, handle: 1 } as const
  await attachFilter(pair.route, first, at)
  await pair.up()
  const swap = (round: number): Promise<void> => attachFilter(pair.route, round % 2 === 1 ? second : first, at)
  await swapUnderTraffic(t, { pair, counts, swap })
  t.same(await attachedFilters(pair.route, pair.w1, 'ingress'), [{ ...at, programId: first.id, name: 'first' }])
  t.same(await attachedFilters(pair.route, pair.w1, 'egress'), [])
  t.equal(await detachFilter(pair.route, at), true)
  t.equal(await detachFilter(pair.route, at), false)
  t.equal(await detachFilter(pair.route, { ...at, interfaceIndex: pair.w0 }), false, 'an interface without clsact')
  t.same(await attachedFilters(pair.route, pair.w1, 'ingress'), [])
})

t.test('a link is updated only where it holds what was expected', { skip: lacking('tcx') }, async (t) => {
  const pair = await makePair(t)
  const [one, two, three] = [1, 2, 3].map(() => load(t, { kind: 'tc', instructions: returns(0) })) as [
    BpfProgram,
    BpfProgram,
    BpfProgram,
  ]
  const link = attachTcx(one, { interfaceIndex: pair.w1, namespace: pair.namespace.path }, 'egress')
  t.teardown(() => link.close())
  t.throws(() => link.update(three, two), { code: /EPERM|ESTALE/ })
  t.equal(link.info().programId, one.id)
  link.update(three, one)
  t.equal(link.info().programId, three.id)
  t.throws(() => link.update(load(t, { kind: 'xdp', instructions: returns(2) })), { code: 'EINVAL' })
})

t.test('a link ends with its interface, its detaching or its last descriptor', { skip: lacking('tcx') }, async (t) => {
  const pair = await makePair(t)
  const [program, other] = [1, 2].map(() => load(t, { kind: 'tc', instructions: returns(0) })) as [
    BpfProgram,
    BpfProgram,
  ]
  const place = { interfaceIndex: pair.w1, namespace: pair.namespace.path }
  const [detached, orphan] = [attachTcx(program, place, 'ingress'), attachTcx(other, place, 'ingress')]
  t.throws(() => attachTcx(program, place, 'ingress'), { code: 'EEXIST' }, 'a program is at a hook once')
  detached.detach()
  t.equal(detached.info().interfaceIndex, 0)
  t.equal(orphan.info().interfaceIndex, pair.w1)
  await pair.route.deleteLink('w1')
  t.equal(orphan.info().interfaceIndex, 0)
  t.throws(() => orphan.update(program), { code: 'ENOLINK' })
  detached.close()
  orphan.close()
})

t.test('what cannot be attached says why', { skip: lacking() }, async (t) => {
  const pair = await makePair(t)
  const tc = load(t, { kind: 'tc', instructions: returns(0) })
  const xdp = load(t, { kind: 'xdp', instructions: returns(verdict.xdpPass) })
  const place = { interfaceIndex: pair.w1, namespace: pair.namespace.path }
  t.throws(() => attachXdp(tc, place), {
    code: 'EINVAL',
    operation: 'xdp attach',
    message: new RegExp(`interface ${pair.w1}`),
  })
  const link = attachXdp(xdp, place, 'generic')
  t.throws(() => attachXdp(xdp, place, 'native'), { code: /EEXIST|EBUSY/ })
  link.close()
  if (have('tcx')) {
    t.throws(() => attachTcx(tc, { ...place, interfaceIndex: 4_000_000 }, 'ingress'), { code: 'ENODEV' })
    t.throws(() => attachTcx(xdp, place, 'ingress'), { code: 'EINVAL' })
  }
  await pair.route.addLink({ name: 'b0', info: { kind: 'bridge' } })
  const bridge = await pair.route.link('b0')
  const atBridge = { ...place, interfaceIndex: bridge?.index ?? 0 }
  t.throws(() => attachXdp(xdp, atBridge, 'native'), { code: 'EOPNOTSUPP' })
  const at = { interfaceIndex: 4_000_000, direction: 'ingress', priority: 1, handle: 1 } as const
  await t.rejects(attachFilter(pair.route, tc, at), { name: 'NetlinkError', code: 'ENODEV' })
})

/** A bpf file system of the test's own. */
const bpffs = async (t: Test): Promise<string> => {
  const root = mkdtempSync(join(tmpdir(), 'weft-bpffs-'))
  await mountBpffs(root)
  t.teardown(async () => {
    await run('umount', [root])
    rmSync(root, { recursive: true })
  })
  return root
}

const attachments = {
  tcx: {
    skip: lacking('tcx'),
    kind: 'tc',
    attach: (program: BpfProgram, place: Place) => attachTcx(program, place, 'ingress'),
  },
  xdp: { skip: lacking(), kind: 'xdp', attach: (program: BpfProgram, place: Place) => attachXdp(program, place) },
} as const

for (const [name, { skip, kind, attach }] of Object.entries(attachments)) {
  t.test(`what is pinned lives without a process, and another one adopts it: ${name}`, { skip }, async (t) => {
    const pair = await makePair(t)
    const path = join(await bpffs(t), 'weft', 'v1', 'vif1%2e0')
    const counts = counters(t)
    const [first] = twoPrograms(t, counts, kind, verdict.shot)
    const link = attach(first, { interfaceIndex: pair.w1, namespace: pair.namespace.path })
    pin(counts, join(path, 'counts'))
    pin(first, join(path, 'program'))
    pin(link, join(path, 'link'))
    counts.update(indexKey(0), Buffer.concat([Buffer.from('2a00000000000000', 'hex'), Buffer.alloc(8)]))
    link.close()
    first.close()
    t.same(listPins(path).toSorted(), ['counts', 'link', 'program'])

    const { stdout } = await run(process.execPath, [fixture('adopt'), path])
    t.match(JSON.parse(stdout), {
      spec: { name: 'counts', kind: 'array', keyBytes: 4, valueBytes: 16, entries: 1 },
      count: '42',
      program: 'first',
      link: { interfaceIndex: pair.w1 },
      updatedTo: true,
    })
    t.same(counted(counts), [0, 7])

    const [program, adopted] = [pinnedProgram(join(path, 'program')), pinnedLink(join(path, 'link'))]
    t.equal(program?.name, 'next', 'the pin was replaced')
    t.match(adopted, { kind: name })
    t.equal(adopted?.info().programId, program?.id)
    unpin(join(path, 'link'))
    program?.close()
    adopted?.close()
    t.equal(existsSync(join(path, 'link')), false)
    unpin(path)
    unpin(path)
    t.same(listPins(path), [])
  })

  t.test(`attaching, pinning and adopting leave no descriptor: ${name}`, { skip }, async (t) => {
    const pair = await makePair(t)
    const root = await bpffs(t)
    const program = load(t, { kind, instructions: returns(0) })
    const round = (): void => {
      const link = attach(program, { interfaceIndex: pair.w1, namespace: pair.namespace.path })
      pin(link, join(root, 'link'))
      pinnedLink(join(root, 'link'))?.close()
      t.throws(() => pinnedMap(join(root, 'link')), { code: 'EINVAL' })
      // Once it was pinned the last close lets go of it in the background: it is detached by name.
      link.detach()
      link.close()
      unpin(join(root, 'link'))
    }
    round()
    const before = openDescriptors()
    for (let count = 0; count < 20; count++) round()
    t.equal(openDescriptors(), before)
  })
}

t.test('pins that are not, or are something else, are told apart', { skip: lacking() }, async (t) => {
  const root = await bpffs(t)
  t.equal(isBpffs(root), true)
  t.equal(isBpffs(tmpdir()), false)
  t.equal(isBpffs('/nowhere'), false)
  await mountBpffs(root)
  const path = join(root, 'm')
  t.equal(pinnedMap(path), undefined)
  const map = makeMap(t)
  pin(map, path)
  pin(map, path)
  t.throws(() => pinnedProgram(path), { code: 'EINVAL', operation: 'program adopt', message: /bpf-map/ })
  t.throws(() => pinnedLink(path), { code: 'EINVAL', operation: 'link adopt' })
  pinnedMap(path)?.close()
  const elsewhere = mkdtempSync(join(tmpdir(), 'weft-pins-'))
  t.teardown(() => rmSync(elsewhere, { recursive: true }))
  t.throws(() => pin(map, join(elsewhere, 'm')), { name: 'BpfError', operation: 'pin', code: /EINVAL|EPERM/ })
  mkdirSync(join(root, 'd'))
  t.throws(() => pin(map, join(root, 'd', 'a.b')), { code: 'EPERM' })
})
