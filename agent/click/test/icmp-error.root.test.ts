import t, { type Test } from 'tap'
import { missing } from '../../ebpf/features.ts'
import { addressBytes, counting, frameOf, type IpPacket, ipPacket, macs, sumOf } from './support/ip-packets.ts'
import { runFrames } from './support/run-frames.ts'

// On an emulated machine a run takes seconds.
t.setTimeout(1_200_000)
const reason = missing('bpf')?.message
const options = { skip: reason ?? false, timeout: 300_000 } as const

const encap = 'EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice'
/** Errors of one kind about packets with a right header. */
const errors = (config: string, before = ''): string =>
  `FromDevice(in) -> Strip(14) -> CheckIPHeader(CHECKSUM false) ${before} -> e :: ICMPError(${config}) -> ${encap}(out)`

/** What is the same in all errors: headers, lengths, sums; the offending packet's beginning. */
const checkError = (t: Test, packet: Buffer | undefined, offending: Buffer, length: number): Buffer => {
  if (!packet) throw new Error('there is no error')
  const header = ((packet[0] ?? 0) & 15) * 4
  t.equal((packet[0] ?? 0) >> 4, 4)
  t.equal(packet.length, length)
  t.equal(packet.readUInt16BE(2), length)
  t.equal(packet.readUInt16BE(6), 0, 'not fragmented')
  t.equal(packet[8], 200, 'time to live')
  t.equal(packet[9], 1, 'ICMP')
  t.equal(sumOf(packet.subarray(0, header)), 0xffff, 'IP checksum')
  t.equal(sumOf(packet.subarray(header)), 0xffff, 'ICMP checksum')
  t.same(packet.subarray(16, 20), offending.subarray(12, 16), 'it goes to the source')
  t.same(packet.subarray(header + 8), offending.subarray(0, length - header - 8), 'the offending packet')
  return packet.subarray(header, header + 8)
}

t.test('an error has the beginning of the packet, up to 576 bytes in all', options, async (t) => {
  const lengths = [0, 1, 8, 25, 26, 519, 520, 528, 529, 1480, 8966]
  const sent = lengths.map((length) => ipPacket({ payload: counting(length) }))
  const { packets } = await runFrames(
    errors('10.0.0.1, timeexceeded'),
    sent.map((packet) => frameOf(packet)),
  )
  const received = packets('out')
  t.equal(received.length, sent.length)
  sent.forEach((packet, i) => {
    const icmp = checkError(t, received[i], packet, Math.min(576, 28 + packet.length))
    t.same([...icmp.subarray(0, 2)], [11, 0])
    t.equal(icmp.readUInt32BE(4), 0)
    t.same(received[i]?.subarray(12, 16), addressBytes('10.0.0.1'))
    t.equal(received[i]?.readUInt16BE(4), i + 1, 'identifications are counted from 1')
  })
})

t.test('MTU bounds the error', options, async (t) => {
  for (const mtu of [68, 101, 1500, 9000]) {
    const packet = ipPacket({ payload: counting(8900) })
    const { packets } = await runFrames(errors(`10.0.0.1, unreachable, host, MTU ${mtu}`), [frameOf(packet)])
    const icmp = checkError(t, packets('out')[0], packet, Math.min(mtu, 28 + packet.length))
    t.same([...icmp.subarray(0, 2)], [3, 1])
  }
})

t.test('no error is sent about what must have none', options, async (t) => {
  const icmp = (type: number): IpPacket => ({ protocol: 1, payload: Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]) })
  const cases: readonly (readonly [string, IpPacket, string?])[] = [
    ...[3, 4, 5, 11, 12].map((type) => [`ICMP error ${type}`, icmp(type)] as const),
    ['ICMP without a type', { protocol: 1 }],
    ['ICMP error behind options', { ...icmp(3), options: [1, 1, 1, 0] }],
    ['another fragment', { fragment: 0x2001 }],
    ['to the limited broadcast', { destination: '255.255.255.255' }],
    ['to a multicast address', { destination: '239.1.2.3' }],
    ['to a bad address', { destination: '10.0.1.255' }],
    ['from a bad address', { source: '10.0.1.255' }],
    ['from the limited broadcast', { source: '255.255.255.255' }],
    ['from a multicast address', { source: '224.0.0.1' }],
    ['from network 0', { source: '0.1.2.3' }],
    ['from the host itself', { source: '127.0.0.1' }],
    ['from class E', { source: '240.0.0.1' }],
    ['a link-level broadcast', {}, macs.broadcast],
    ['a link-level multicast', {}, macs.group],
  ]
  const text = errors('10.0.0.1, unreachable, net, 10.0.1.255 10.0.2.255')
  for (const [name, packet, mac] of cases) {
    const { packets } = await runFrames(text, [frameOf(ipPacket(packet), mac)])
    t.same(packets('out'), [], name)
  }
  const fine: readonly (readonly [string, IpPacket])[] = [
    ['an echo request', icmp(8)],
    ['an echo reply behind options', { ...icmp(0), options: [1, 1, 1, 0] }],
    ['the first fragment', { fragment: 0x2000 }],
    ['a packet that must not be fragmented', { fragment: 0x4000 }],
    ['from class A', { source: '126.0.0.1' }],
  ]
  for (const [name, packet] of fine) {
    const { packets } = await runFrames(text, [frameOf(ipPacket(packet))])
    t.equal(packets('out').length, 1, name)
  }
})

t.test('the rest of the header says what the kind of error says', options, async (t) => {
  const packet = ipPacket({ payload: counting(30) })
  const rest = async (config: string, before?: string): Promise<string> => {
    const { packets } = await runFrames(errors(config, before), [frameOf(packet)])
    return checkError(t, packets('out')[0], packet, 28 + packet.length)
      .toString('hex')
      .replace(/(....)..../, '$1 ')
  }
  t.equal(await rest('10.0.0.1, redirect, host', '-> SetIPAddress(10.9.8.7)'), '0501 0a090807')
  t.equal(await rest('10.0.0.1, unreachable, needfrag, PMTU 1400'), '0304 00000578')
  t.equal(await rest('10.0.0.1, unreachable, port, PMTU 1400'), '0303 00000000')
  t.equal(await rest('10.0.0.1, parameterproblem', '-> Paint(22, 17)'), '0c00 16000000')
  t.equal(await rest('10.0.0.1, parameterproblem, missingopt', '-> Paint(22, 17)'), '0c01 00000000')
  t.equal(await rest('10.0.0.1, 4, 9'), '0409 00000000')
})

t.test('an error is a new packet: it has two annotations, and one of them may be left out', options, async (t) => {
  const text = (config: string): string =>
    `FromDevice(in) -> Strip(14) -> CheckIPHeader -> Paint(3) -> Paint(5, 20) -> Paint(6, 17) -> SetIPAddress(9.9.9.9)
      -> ICMPError(10.0.0.1, timeexceeded${config}) -> p :: CheckPaint(0) -> CheckPaint(0, 20) -> CheckPaint(0, 17)
      -> r :: StaticIPLookup(10.0.0.9/32 0, 0/0 1) -> FixIPSrc(10.0.0.254) -> ${encap}(out); r[1] -> Discard`
  const packet = ipPacket({ payload: counting(30) })
  const asked = await runFrames(text(''), [frameOf(packet)])
  checkError(t, asked.packets('out')[0], packet, 28 + packet.length)
  t.same(asked.packets('out')[0]?.subarray(12, 16), addressBytes('10.0.0.254'), 'FixIPSrc was asked')
  const unasked = await runFrames(text(', SET_FIX_ANNO false'), [frameOf(packet)])
  t.same(unasked.packets('out')[0]?.subarray(12, 16), addressBytes('10.0.0.1'))
})

const route = (type: number, pointer: number, ...addresses: readonly string[]): readonly number[] => {
  const bytes = [type, 3 + 4 * addresses.length, pointer, ...addresses.flatMap((each) => [...addressBytes(each)])]
  return [1, ...bytes]
}

t.test('an error goes back by the source route of the packet', options, async (t) => {
  const addresses = [
    '128.4.45.60',
    '128.4.49.61',
    '1.2.3.4',
    '5.6.7.8',
    '9.10.11.12',
    '13.14.15.16',
    '17.18.19.20',
    '21.22.23.24',
    '25.26.27.28',
  ]
  for (const [type, count, visited] of [
    [137, 4, 2],
    [131, 9, 9],
    [131, 1, 0],
    [137, 9, 1],
  ] as const) {
    const sent = ipPacket({
      options: route(type, 4 + 4 * visited, ...addresses.slice(0, count)),
      payload: counting(700),
    })
    const { packets } = await runFrames(errors('19.19.19.19, timeexceeded'), [frameOf(sent)])
    const [error] = packets('out')
    checkError(t, error, sent, 576)
    const back = addresses.slice(0, visited).reverse()
    const expected = [type, 3 + 4 * visited, 4, ...back.flatMap((each) => [...addressBytes(each)]), 0]
    t.same([...(error?.subarray(20, 24 + 4 * visited) ?? [])], expected, `${visited} of ${count}`)
    t.equal(error?.[0], 0x46 + visited)
  }
})

t.test('a source route is gone back by where it is cut off the packet itself', options, async (t) => {
  const sent = ipPacket({ options: route(131, 12, '1.1.1.1', '2.2.2.2', '3.3.3.3'), payload: counting(700) })
  const { packets } = await runFrames(errors('10.0.0.1, timeexceeded, MTU 68'), [frameOf(sent)])
  const [error] = packets('out')
  checkError(t, error, sent, 68)
  t.same([...(error?.subarray(20, 32) ?? [])], [131, 11, 4, 2, 2, 2, 2, 1, 1, 1, 1, 0])
})

t.test('a source route that is wrong, or what the error is about, is not gone back by', options, async (t) => {
  const right = route(131, 8, '1.1.1.1', '2.2.2.2')
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ['a pointer that is odd', route(131, 7, '1.1.1.1', '2.2.2.2')],
    ['a pointer behind the option', route(131, 16, '1.1.1.1', '2.2.2.2')],
    ['a pointer into the header', route(131, 0, '1.1.1.1', '2.2.2.2')],
    ['a length behind the header', [131, 40, 8, 1, 1, 1, 1, 0]],
    ['a length that is none', [131, 1, 8, 1, 1, 1, 1, 0]],
    ['behind the end of options', [0, 131, 7, 4, 1, 1, 1, 1]],
    ['behind a wrong option', [7, 0, ...right.slice(1), 0, 0, 0]],
  ]
  for (const [name, bytes] of cases) {
    const sent = ipPacket({ options: bytes.concat(Array(-bytes.length & 3).fill(0)), payload: counting(10) })
    const { packets } = await runFrames(errors('10.0.0.1, timeexceeded'), [frameOf(sent)])
    checkError(t, packets('out')[0], sent, 28 + sent.length)
    t.equal(packets('out')[0]?.[0], 0x45, name)
  }
  const sent = ipPacket({ options: right, payload: counting(10) })
  for (const [pointer, words] of [
    [20, 7],
    [21, 5],
    [31, 5],
    [32, 7],
  ] as const) {
    const { packets } = await runFrames(errors('10.0.0.1, parameterproblem', `-> Paint(${pointer}, 17)`), [
      frameOf(sent),
    ])
    t.equal(packets('out')[0]?.[0], 0x40 + words, `about byte ${pointer}`)
  }
  const { packets } = await runFrames(errors('10.0.0.1, redirect, host'), [frameOf(sent)])
  t.same(packets('out'), [], 'no redirect of what says its own way')
})

t.test('what an error was made of is not changed where it goes on as a copy', options, async (t) => {
  const text = `FromDevice(in) -> Paint(1) -> Strip(14) -> CheckIPHeader -> p :: PaintTee(1) -> Unstrip(14) -> ToDevice(on);
    p[1] -> ICMPError(10.0.0.1, redirect, host) -> ${encap}(out)`
  const lengths = [8, 30, 1480, 8900]
  const sent = lengths.map((length) =>
    frameOf(ipPacket({ payload: counting(length), options: [...route(131, 8, '1.1.1.1'), ...Array(12).fill(1)] })),
  )
  const plain = lengths.map((length) => frameOf(ipPacket({ payload: counting(length) })))
  const { frames, packets } = await runFrames(text, [...sent, ...plain])
  t.same(frames('on'), [...sent, ...plain])
  t.equal(packets('out').length, plain.length)
  packets('out').forEach((error, i) => {
    const offending = plain[i]?.subarray(14) ?? Buffer.alloc(0)
    checkError(t, error, offending, Math.min(576, 28 + offending.length))
  })
})

t.test('where the header lies deep in the packet there is room already', options, async (t) => {
  const inner = ipPacket({ payload: counting(33), source: '10.7.0.1' })
  const outer = ipPacket({ payload: inner, protocol: 4 })
  const text = `FromDevice(in) -> Strip(14) -> CheckIPHeader -> StripIPHeader -> CheckIPHeader -> ICMPError(10.0.0.1, timeexceeded) -> ${encap}(out)`
  const { packets } = await runFrames(text, [frameOf(outer)])
  checkError(t, packets('out')[0], inner, 28 + inner.length)
})
