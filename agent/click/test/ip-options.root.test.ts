import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { addressBytes, counting, frameOf, ipPacket, sumOf } from './support/ip-packets.ts'
import { runFrames } from './support/run-frames.ts'

// On an emulated machine a run takes seconds.
t.setTimeout(1_200_000)
const reason = missing('bpf')?.message
const settings = { skip: reason ?? false, timeout: 300_000 } as const

const own = [...addressBytes('18.26.4.24')]
const other = [...addressBytes('18.26.7.1')]
const foreign = [...addressBytes('18.26.9.9')]

const text = `FromDevice(in) -> Strip(14) -> CheckIPHeader(CHECKSUM false) -> g :: IPGWOptions(18.26.4.24, 18.26.7.1 18.26.7.2)
  -> Unstrip(14) -> ToDevice(out);
  g[1] -> ICMPError(18.26.4.24, parameterproblem, erroratptr, MTU 1500) -> EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice(bad)`

const padded = (bytes: readonly number[]): number[] => [...bytes, ...Array<number>(-bytes.length & 3).fill(0)]
const withOptions = (bytes: readonly number[]): Buffer => ipPacket({ options: padded(bytes), payload: counting(31) })

/** The options that come out, or by which byte of the header they are wrong. */
const result = async (bytes: readonly number[]): Promise<readonly number[] | string> => {
  const { packets, handler } = await runFrames(text, [frameOf(withOptions(bytes))], ['g.drops'])
  const [good, ...more] = packets('out')
  const [error] = packets('bad')
  if (good && !error && more.length === 0 && handler('g.drops') === '0') {
    const end = ((good[0] ?? 0) & 15) * 4
    if (sumOf(good.subarray(0, end)) !== 0xffff) return 'wrong checksum'
    return good.subarray(end).equals(counting(31)) ? [...good.subarray(20, end)] : 'wrong payload'
  }
  return error && !good && handler('g.drops') === '1' ? `wrong at ${error[24]}` : 'neither'
}

t.test('a route is recorded where there is room', settings, async (t) => {
  const empty = [0, 0, 0, 0]
  t.same(await result([7, 7, 4, ...empty]), [7, 7, 8, ...own, 0])
  t.same(await result([1, 7, 11, 8, ...foreign, ...empty]), [1, 7, 11, 12, ...foreign, ...own])
  t.same(await result([7, 39, 36, ...Array(36).fill(9)]), [7, 39, 40, ...Array(32).fill(9), ...own, 0])
  t.same(await result([7, 7, 8, ...foreign]), [7, 7, 8, ...foreign, 0], 'a full one stays as it is')
  t.same(await result([7, 3, 4]), [7, 3, 4, 0], 'also one that never had room')
  t.same(await result([7, 7, 4, ...empty, 7, 7, 4, ...empty]), [7, 7, 8, ...own, 7, 7, 8, ...own, 0, 0], 'twice')
})

t.test('a pointer that is wrong is what is wrong with a route', settings, async (t) => {
  for (const pointer of [0, 1, 3, 5, 7, 9, 255]) {
    t.equal(await result([1, 7, 7, pointer, 0, 0, 0, 0]), 'wrong at 23', `pointer ${pointer}`)
  }
  t.equal(await result([7, 6, 4, 0, 0, 0]), 'wrong at 22', 'a length that no route has')
})

t.test('a length that is wrong is what is wrong with any option', settings, async (t) => {
  t.equal(await result([1, 130, 0, 0]), 'wrong at 22')
  t.equal(await result([130, 1, 0, 0]), 'wrong at 21')
  t.equal(await result([130, 5, 0, 0]), 'wrong at 21')
  t.equal(await result([1, 1, 1, 7]), 'wrong at 24', 'a type without a length')
  t.equal(await result([130, 4, 0, 0, 7, 40, 4, 0]), 'wrong at 25', 'the second one')
})

t.test('what is not for every router passes as it is', settings, async (t) => {
  const cases = [
    [1, 1, 1, 1],
    [0, 7, 0, 0],
    [131, 7, 4, ...foreign, 0],
    [137, 7, 1, ...foreign, 1],
    [130, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1],
    [148, 4, 0, 0],
    [...Array(40).fill(1)],
  ]
  for (const bytes of cases) t.same(await result(bytes), bytes)
  const plain = frameOf(ipPacket({ payload: counting(100) }))
  const wrong = Buffer.from(frameOf(withOptions([148, 4, 0, 0])))
  wrong[24] = 0
  const { frames } = await runFrames(text, [plain, wrong])
  t.same(frames('out'), [plain, wrong], 'and keeps the checksum that it has')
})

/** Milliseconds since midnight in what came out, near to now. */
const isNow = (bytes: readonly number[]): boolean => {
  const passed = (Date.now() % 86_400_000) - Buffer.from(bytes).readUInt32BE()
  return passed > -2_000 && passed < 60_000
}

t.test('times are noted where there is room', settings, async (t) => {
  const times = (await result([68, 12, 5, 0, 0, 0, 0, 0, 9, 9, 9, 9])) as readonly number[]
  t.same([...times.slice(0, 4), ...times.slice(8)], [68, 12, 9, 0, 9, 9, 9, 9])
  t.ok(isNow(times.slice(4, 8)), 'times alone')

  const pairs = (await result([68, 20, 13, 1, ...foreign, 1, 2, 3, 4, ...Array(8).fill(0)])) as readonly number[]
  t.same(pairs.slice(0, 16), [68, 20, 21, 1, ...foreign, 1, 2, 3, 4, ...own])
  t.ok(isNow(pairs.slice(16)), 'times and addresses')

  for (const address of [own, other]) {
    const asked = (await result([68, 20, 5, 3, ...address, 0, 0, 0, 0, ...Array(8).fill(7)])) as readonly number[]
    t.same([...asked.slice(0, 8), ...asked.slice(12)], [68, 20, 13, 3, ...address, ...Array(8).fill(7)])
    t.ok(isNow(asked.slice(8, 12)), 'times at addresses that the sender has chosen')
  }
  const others = [68, 12, 5, 3, ...foreign, 0, 0, 0, 0]
  t.same(await result(others), others, 'another router is asked')
})

t.test('routers without room are counted', settings, async (t) => {
  t.same(await result([68, 8, 9, 0, 1, 2, 3, 4]), [68, 8, 9, 0x10, 1, 2, 3, 4])
  t.same(await result([68, 8, 5, 0x41, 1, 2, 3, 4]), [68, 8, 5, 0x51, 1, 2, 3, 4])
  t.equal(await result([68, 8, 9, 0xf0, 1, 2, 3, 4]), 'wrong at 23', 'up to fifteen')
})

t.test('a time option may be wrong in its pointer and in its flags', settings, async (t) => {
  t.equal(await result([68, 8, 4, 0, 0, 0, 0, 0]), 'wrong at 22')
  t.equal(await result([68, 8, 0, 0, 0, 0, 0, 0]), 'wrong at 22')
  t.equal(await result([68, 8, 5, 2, 0, 0, 0, 0]), 'wrong at 23')
  t.equal(await result([68, 8, 5, 3, 0, 0, 0, 0]), 'wrong at 23', 'no room for an address and a time')
})

t.test('a packet that ends within its options is dropped', settings, async (t) => {
  const cut = ipPacket({ options: [7, 7, 4, 0, 0, 0, 0, 0] }).subarray(0, 24)
  const marked =
    'FromDevice(in) -> MarkIPHeader(14) -> g :: IPGWOptions(18.26.4.24) -> ToDevice(out); g[1] -> ToDevice(bad)'
  const { frames } = await runFrames(marked, [frameOf(cut)])
  t.same([...frames('out'), ...frames('bad')], [])
})
