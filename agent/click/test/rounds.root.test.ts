/** Packets that come to an element again, and copies of copies. */
import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { runFrames } from './support/run-frames.ts'

const skip = missing('bpf')?.message ?? false

const frame = (payload: string): Buffer =>
  Buffer.concat([Buffer.from('020000000001020000000002 88b5'.replaceAll(' ', ''), 'hex'), Buffer.from(payload, 'hex')])
const plain = frame('00'.repeat(60))

t.test('a packet goes round four times, then it is given up and counted', { skip }, async (t) => {
  const { handler, frames } = await runFrames(
    'from :: FromDevice(in) -> c :: Counter -> s :: Switch(0); s[0] -> c; s[1] -> ToDevice(out)',
    [plain, plain],
    ['c.count', 'from.lost'],
  )
  t.equal(handler('c.count'), '10')
  t.equal(handler('from.lost'), '2')
  t.same(frames('out'), [])
})

t.test('each round has its own knowledge of the packet', { skip }, async (t) => {
  const tagged = [0, 1, 3, 4, 5].map((count) => frame(`${'ff000000'.repeat(count)}${'11'.repeat(50)}`))
  const { frames, handler } = await runFrames(
    `from :: FromDevice(in) -> Strip(14) -> c :: Classifier(0/ff, -);
     c[0] -> Strip(4) -> c; c[1] -> EtherEncap(0x88b5, 2:0:0:0:0:2, 2:0:0:0:0:1) -> ToDevice(out)`,
    tagged,
    ['from.lost'],
  )
  t.same(
    frames('out').map((sent) => sent.toString('hex')),
    Array.from({ length: 4 }, () => frame('11'.repeat(50)).toString('hex')),
  )
  t.equal(handler('from.lost'), '1')
})

t.test('copies of packets that go round are as they were at each round', { skip }, async (t) => {
  const { frames, handler } = await runFrames(
    'from :: FromDevice(in) -> t :: Tee; t[0] -> Strip(20) -> ToDevice(a); t[1] -> Paint(1) -> t; t[2] -> ToDevice(b)',
    [plain],
    ['from.lost'],
  )
  // The first copy, a round by the second, and the packet itself: at each of five rounds.
  t.same(
    frames('a').map(({ length }) => length),
    Array.from({ length: 5 }, () => plain.length - 20),
  )
  t.same(
    frames('b').map((sent) => sent.equals(plain)),
    Array.from({ length: 5 }, () => true),
  )
  t.equal(handler('from.lost'), '1')
})

t.test('copies nest eight deep; deeper ones are not made, and counted', { skip }, async (t) => {
  const tees = Array.from({ length: 10 }, (_, i) => `t${i} :: Tee; t${i}[1] -> Paint(${i}) -> out;`).join('\n')
  const nested = Array.from({ length: 9 }, (_, i) => `t${i}[0] -> t${i + 1};`).join('\n')
  const { frames, handler } = await runFrames(
    `out :: Queue -> ToDevice(out); ${tees} ${nested} t9[0] -> out; from :: FromDevice(in) -> t0`,
    [plain],
    ['from.lost'],
  )
  // The ninth Tee goes on with its packet alone, by its last output.
  t.equal(frames('out').length, 9)
  t.equal(handler('from.lost'), '1')
})

t.test('a short packet is not lost behind a copy that bytes were put before', { skip }, async (t) => {
  const short = frame('00'.repeat(46))
  const encap = 'UDPIPEncap(1.2.3.4, 1, 5.6.7.8, 2) -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2)'
  const { frames } = await runFrames(
    `FromDevice(in) -> t :: Tee; t[0] -> ${encap} -> ${encap} -> ToDevice(a); t[1] -> ToDevice(b)`,
    [short],
  )
  const [sent] = frames('b')
  t.same(sent?.subarray(0, short.length), short)
  t.ok(
    sent?.subarray(short.length).every((byte) => byte === 0),
    'zeros behind it',
  )
})
