import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { runOnPackets } from '../run/run.ts'
import { graphOf } from './support/compare.ts'

const skip = missing('bpf')?.message ?? false

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const addresses = '020000000001 020000000002'
const ip = '4500001c00000000 4011 0000 0a000001 0a000002 0001000200080000'
const frames = {
  ip: hex(`${addresses} 0800 ${ip}`),
  tagged: hex(`${addresses} 81000005 0800 ${ip}`),
  twiceTagged: hex(`${addresses} 88a80007 81000005 0800 ${ip}`),
  arp: hex('ffffffffffff 020000000002 0806 0001 0800 06 04 0001 020000000002 0a000001 000000000000 0a000002'),
} as const

/** Sends frames in at one device; each that left, as `name: bytes`. */
const run = async (text: string, device: string, sent: readonly Buffer[], handlers: readonly string[] = []) => {
  const packets = sent.map((bytes, i) => ({ timestampNs: BigInt(i), bytes, originalBytes: bytes.length }))
  const result = await runOnPackets(graphOf(text), [{ device, packets }], handlers)
  const bytesOf = (list: readonly { readonly bytes: Uint8Array }[]) => list.map(({ bytes }) => Buffer.from(bytes))
  return {
    host: bytesOf(result.host),
    outputs: Object.fromEntries([...result.outputs].map(([name, list]) => [name, bytesOf(list)])),
    handlers: Object.fromEntries(result.handlers),
  }
}

t.test('the host gets frames as they were on the wire', { skip }, async (t) => {
  const sent = Object.values(frames)
  t.same((await run('FromDevice(in) -> ToHost', 'in', sent)).host, sent)
  const elsewhere = await run('FromDevice(in) -> h :: ToHost(other); FromDevice(other) -> d :: Discard', 'in', sent, [
    'h.count',
    'd.count',
  ])
  t.same(elsewhere.host, sent)
  t.same(elsewhere.handlers, { 'h.count': '4', 'd.count': '0' }, 'what goes to the host does not come in again')
})

t.test('the host gets what the configuration made of a frame', { skip }, async (t) => {
  const decapped = await run('FromDevice(in) -> VLANDecap -> ToHost', 'in', [frames.ip, frames.tagged])
  t.same(decapped.host, [frames.ip, frames.ip])
  const encapped = await run('FromDevice(in) -> VLANEncap(5) -> ToHost', 'in', [frames.ip])
  t.same(encapped.host, [frames.tagged])
  const rewritten = await run(
    'FromDevice(in) -> Strip(14) -> EtherEncap(0x86dd, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToHost',
    'in',
    [frames.ip],
  )
  t.same(rewritten.host, [hex(`020202020202 010101010101 86dd ${ip}`)])
  const packets = await run('FromDevice(in) -> Strip(14) -> ToHost(TYPE IP)', 'in', [frames.ip])
  t.same(packets.host, [hex(`000000000000 000000000000 0800 ${ip}`)])
})

t.test('copies for the host leave the packet as it was', { skip }, async (t) => {
  const { host, outputs } = await run(
    'FromDevice(in) -> t :: Tee; t[0] -> ToHost; t[1] -> Strip(14) -> ToHost(TYPE IP); t[2] -> ToDevice(out)',
    'in',
    [frames.ip],
  )
  t.same(host, [frames.ip, hex(`000000000000 000000000000 0800 ${ip}`)])
  t.same(outputs, { out: [frames.ip] })
})

t.test('what the host sends enters the configuration, and the answers go back to it', { skip }, async (t) => {
  const { host, outputs } = await run(
    `FromHost(fake, 192.0.0.1/8) -> c :: Classifier(12/0806, 12/0800);
     c[0] -> ARPResponder(0.0.0.0/0 1:1:1:1:1:1) -> ToHost(fake); c[1] -> ToDevice(out)`,
    'fake',
    [frames.arp, frames.ip],
  )
  t.same(host, [hex('020000000002 010101010101 0806 0001 0800 06 04 0002 010101010101 0a000002 020000000002 0a000001')])
  t.same(outputs, { out: [frames.ip] })
})

t.test('IP packets of the host are checked and annotated', { skip }, async (t) => {
  const bad = [
    `${addresses} 0800 4400${ip.slice(4)}`,
    `${addresses} 0800 7500${ip.slice(4)}`,
    `${addresses} 0800 4500`,
    `${addresses} 86dd 6000`,
  ]
  const { outputs, handlers } = await run(
    `f :: FromHost(fake, TYPE IP) [0,1] => r :: StaticIPLookup(10.0.0.2/32 0, 0/0 1), x :: Discard;
     r[0] -> EtherEncap(0x0800, 1:1:1:1:1:1, 2:2:2:2:2:2) -> ToDevice(out); r[1] -> Discard`,
    'fake',
    [frames.ip, ...bad.map(hex)],
    ['f.count', 'f.drops', 'x.count'],
  )
  t.same(outputs, { out: [hex(`020202020202 010101010101 0800 ${ip}`)] })
  t.same(handlers, { 'f.count': '5', 'f.drops': '4', 'x.count': '4' })
})
