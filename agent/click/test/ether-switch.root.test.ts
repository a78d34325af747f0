/** EtherSwitch by scenario: learning, moving, forgetting, flooding. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { openSession } from './support/session.ts'

t.setTimeout(600_000)
const skip = missing('bpf')?.message ?? false

const port = (n: number): string => `d${n}`
const switchOf = (ports: number, argument = ''): string =>
  [
    `s :: EtherSwitch(${argument});`,
    ...Array.from(
      { length: ports },
      (_, n) => `FromDevice(${port(n)}) -> [${n}] s; s[${n}] -> Queue -> ToDevice(${port(n)});`,
    ),
  ].join('\n')

const [a, b, c] = ['020000000a0a', '020000000b0b', '020000000c0c'] as const
const all = 'ffffffffffff'
let count = 0
/** No two are alike. */
const frame = (to: string, from: string): string => `${to}${from}88b5${(++count).toString(16).padStart(32, '0')}`

const at = (ports: readonly number[], bytes: string): readonly string[] => ports.map((n) => `${port(n)}: ${bytes}`)

t.test('a switch of four ports learns where addresses are, and floods what it does not know', { skip }, async (t) => {
  const { send, read } = await openSession(t, switchOf(4))
  const unknown = frame(b, a)
  t.same(await send(port(0), unknown), at([3, 2, 1], unknown), "to all but the port where it came, in Click's order")
  const answer = frame(a, b)
  t.same(await send(port(2), answer), at([0], answer), 'the source has been learnt')
  const known = frame(b, a)
  t.same(await send(port(0), known), at([2], known))
  const here = frame(b, c)
  t.same(await send(port(2), here), [], 'a packet for where it came from is dropped')
  const broadcast = frame(all, b)
  t.same(await send(port(2), broadcast), at([3, 1, 0], broadcast))
  t.same(read('s.table').trimEnd().split('\n').sort(), [
    '02-00-00-00-0A-0A 0',
    '02-00-00-00-0B-0B 2',
    '02-00-00-00-0C-0C 2',
  ])
})

t.test('a host that moves is found at its new port from its first packet on', { skip }, async (t) => {
  const { send, read } = await openSession(t, switchOf(3))
  await send(port(0), frame(all, a))
  await send(port(1), frame(all, b))
  const before = frame(a, b)
  t.same(await send(port(1), before), at([0], before))
  await send(port(2), frame(all, a))
  const after = frame(a, b)
  t.same(await send(port(1), after), at([2], after))
  t.match(read('s.table'), /02-00-00-00-0A-0A 2\n/)
})

t.test('a group address is never a destination, whoever claims to have it', { skip }, async (t) => {
  const { send } = await openSession(t, switchOf(3))
  const group = '030000000000'
  await send(port(1), frame(all, group))
  const to = frame(group, a)
  t.same(await send(port(0), to), at([2, 1], to))
})

t.test('after TIMEOUT an address is forgotten; with 0 nothing is learnt', { skip }, async (t) => {
  const { send, read, write } = await openSession(t, switchOf(3, 'TIMEOUT 1'))
  t.equal(read('s.timeout'), '1')
  await send(port(0), frame(all, a))
  await sleep(1_200)
  const late = frame(a, b)
  t.same(await send(port(1), late), at([2, 0], late))
  t.equal(read('s.table'), '02-00-00-00-0B-0B 1\n')

  write('s.timeout', '0')
  await send(port(0), frame(all, a))
  const hub = frame(b, a)
  t.same(await send(port(0), hub), at([2, 1], hub))
  t.equal(read('s.table'), '02-00-00-00-0B-0B 1\n')
  t.throws(() => write('s.timeout', 'soon'), { code: 'config.invalid', message: /expected timeout \(integer\)/ })
})

t.test('a switch of eight ports with two of them in a VLAN of its own keeps its bytes apart', { skip }, async (t) => {
  const text = `${switchOf(8)}`
    .replace('s[6] -> Queue', 's[6] -> VLANEncap(5) -> Queue')
    .replace('s[3] -> Queue', 's[3] -> Truncate(24) -> Queue')
  const { send, programs } = await openSession(t, text)
  const flooded = frame(all, a)
  t.same(await send(port(0), flooded), [
    `d7: ${flooded}`,
    `d6: ${flooded.slice(0, 24)}81000005${flooded.slice(24)}`,
    `d5: ${flooded}`,
    `d4: ${flooded}`,
    `d3: ${flooded.slice(0, 48)}`,
    `d2: ${flooded}`,
    `d1: ${flooded}`,
  ])
  const most = Math.max(...programs.map(({ program }) => program.verifiedInstructions))
  t.comment(`${most} instructions are verified at most`)
  t.ok(most < 20_000)
})
