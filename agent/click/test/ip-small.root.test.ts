/** Scenarios for ICMPPingResponder, FixIPSrc, StoreIPAddress and UDPIPEncap. */
import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { addressBytes, counting, frameOf, type IpPacket, ipPacket, sumOf } from './support/ip-packets.ts'
import { runFrames } from './support/run-frames.ts'

// On an emulated machine a run takes seconds.
t.setTimeout(1_200_000)
const reason = missing('bpf')?.message
const settings = { skip: reason ?? false, timeout: 300_000 } as const

const echo = (data: Uint8Array, type = 8, code = 0): Buffer => {
  const message = Buffer.concat([Buffer.from([type, code, 0, 0]), data])
  message.writeUInt16BE(0xffff - sumOf(message), 2)
  return message
}
const marked = 'FromDevice(in) -> Strip(14) -> CheckIPHeader'

t.test('echo requests are answered', settings, async (t) => {
  const text = `${marked} -> Paint(3) -> p :: ICMPPingResponder -> CheckPaint(0) -> r :: StaticIPLookup(10.0.0.9/32 0, 0/0 1)
    -> Unstrip(14) -> ToDevice(out); r[1] -> Discard; p[1] -> Unstrip(14) -> ToDevice(other)`
  const options = [1, 1, 1, 0]
  const requests: readonly IpPacket[] = [
    { payload: echo(counting(4)) },
    { payload: echo(counting(61)) },
    { payload: echo(counting(8900)), options },
    { payload: echo(counting(8), 8, 5), fragment: 0x6000, ttl: 1 },
    { payload: echo(Buffer.alloc(4)) },
    { payload: echo(Buffer.alloc(1001)) },
    { payload: echo(Buffer.alloc(8900)), options },
  ]
  const sent = requests.map((packet) => ipPacket({ ...packet, protocol: 1 }))
  const { packets } = await runFrames(
    text,
    sent.map((packet) => frameOf(packet)),
  )
  t.equal(packets('out').length, sent.length)
  sent.forEach((request, i) => {
    const reply = packets('out')[i] ?? Buffer.alloc(60)
    const header = ((request[0] ?? 0) & 15) * 4
    t.equal(sumOf(reply.subarray(0, header)), 0xffff, 'IP checksum')
    t.equal(sumOf(reply.subarray(header)), 0xffff, 'ICMP checksum')
    t.not(reply.readUInt16BE(header + 2), 0, 'a sum of zeros is not zero')
    const expected = Buffer.from(request)
    request.copy(expected, 12, 16, 20)
    request.copy(expected, 16, 12, 16)
    expected.writeUInt16BE(0, 6)
    expected[8] = 255
    expected.set([0, 0], header)
    reply.copy(expected, 10, 10, 12)
    reply.copy(expected, header + 2, header + 2, header + 4)
    t.same(reply, expected)
  })
})

t.test('what is no echo request is not answered', settings, async (t) => {
  const text = `${marked} -> p :: ICMPPingResponder -> ToDevice(out); p[1] -> Unstrip(14) -> ToDevice(other)`
  const sent = [
    ipPacket({ protocol: 1, payload: echo(counting(4), 0) }),
    ipPacket({ protocol: 1, payload: echo(counting(3)) }),
    ipPacket({ protocol: 1, payload: echo(counting(3)), options: [1, 1, 1, 0] }),
    ipPacket({ protocol: 17, payload: echo(counting(4)) }),
    ipPacket({ protocol: 1 }),
  ].map((packet) => frameOf(packet))
  const { frames } = await runFrames(text, sent)
  t.same(frames('other'), sent)
  t.same(frames('out'), [])
})

t.test('FixIPSrc sets the source where it is asked to, once', settings, async (t) => {
  const text = (paint: string): string =>
    `${marked} -> ${paint} -> FixIPSrc(1.2.3.4) -> CheckPaint(0, 19) -> FixIPSrc(9.9.9.9) -> Unstrip(14) -> ToDevice(out)`
  for (const options of [[], [1, 1, 1, 0], Array<number>(40).fill(1)]) {
    const packet = ipPacket({ payload: counting(77), options })
    const { frames, packets } = await runFrames(text('Null'), [frameOf(packet)])
    t.same(frames('out'), [frameOf(packet)])
    const asked = await runFrames(text('Paint(1, 19)'), [frameOf(packet)])
    t.same(asked.packets('out'), [ipPacket({ payload: counting(77), options, source: '1.2.3.4' })])
    t.equal(packets('out').length, 1)
  }
})

t.test('StoreIPAddress stores the annotation or an address at an offset', settings, async (t) => {
  const sent = frameOf(ipPacket({ payload: counting(10) }))
  const run = async (store: string, before = 'SetIPAddress(1.0.0.2)'): Promise<readonly (readonly Buffer[])[]> => {
    const text = `FromDevice(in) -> ${before} -> s :: StoreIPAddress(${store}) -> ToDevice(out); s[1] -> ToDevice(short)`
    const { frames } = await runFrames(text, [sent])
    return [frames('out'), frames('short')]
  }
  const stored = (offset: number, address: string): Buffer => {
    const frame = Buffer.from(sent)
    addressBytes(address).copy(frame, offset)
    return frame
  }
  t.same(await run('0'), [[stored(0, '1.0.0.2')], []])
  t.same(await run('1.0.0.3, 17'), [[stored(17, '1.0.0.3')], []])
  t.same(await run('0.0.0.0, 20'), [[stored(20, '0.0.0.0')], []])
  t.same(await run('20', 'Null'), [[sent], []], 'an annotation of 0 is none')
  t.same(await run('40'), [[stored(40, '1.0.0.2')], []], 'up to the end')
  t.same(await run('41'), [[], [sent]], 'not beyond it')
  t.same(await run('255.255.255.255, 9000'), [[], [sent]])
})

t.test('StoreIPAddress keeps checksums right in the fields of the IP header', settings, async (t) => {
  const run = async (store: string, sent: readonly Buffer[]): Promise<readonly Buffer[]> => {
    const text = `${marked}(CHECKSUM false) -> SetIPAddress(200.1.255.254) -> StoreIPAddress(${store}) -> Unstrip(14) -> ToDevice(out)`
    return (
      await runFrames(
        text,
        sent.map((packet) => frameOf(packet)),
      )
    ).packets('out')
  }
  const pseudo = (packet: Buffer): Buffer => {
    const payload = packet.subarray(((packet[0] ?? 0) & 15) * 4)
    const header = Buffer.concat([packet.subarray(12, 20), Buffer.from([0, packet[9] ?? 0, 0, 0])])
    header.writeUInt16BE(payload.length, 10)
    return Buffer.concat([header, payload])
  }
  const transport = (protocol: number, length: number, at: number, more: Partial<IpPacket> = {}): Buffer => {
    const payload = counting(length)
    payload.writeUInt16BE(0, at)
    payload.writeUInt16BE(0xffff - sumOf(pseudo(ipPacket({ ...more, protocol, payload }))), at)
    return ipPacket({ ...more, protocol, payload })
  }
  const summed = [
    transport(6, 20, 16),
    transport(6, 1463, 16, { options: [1, 1, 1, 0] }),
    transport(17, 8, 6),
    transport(17, 999, 6, { options: Array<number>(40).fill(1) }),
  ]
  for (const [store, at, address] of [
    ['src', 12, '200.1.255.254'],
    ['DST', 16, '200.1.255.254'],
    ['0.0.0.0, dst', 16, '0.0.0.0'],
  ] as const) {
    const received = await run(store, summed)
    t.equal(received.length, summed.length)
    received.forEach((packet, i) => {
      const header = ((packet[0] ?? 0) & 15) * 4
      t.same(packet.subarray(at, at + 4), addressBytes(address))
      t.equal(sumOf(packet.subarray(0, header)), 0xffff, 'IP checksum')
      t.equal(sumOf(pseudo(packet)), 0xffff, 'transport checksum')
      t.same(packet.subarray(header + 20), summed[i]?.subarray(header + 20))
    })
  }
  const without = counting(12)
  without.writeUInt16BE(0, 6)
  const unsummed = [
    ipPacket({ protocol: 17, payload: without }),
    ipPacket({ protocol: 17, payload: counting(7) }),
    ipPacket({ protocol: 17, payload: counting(30), fragment: 1 }),
    ipPacket({ protocol: 6, payload: counting(19) }),
    ipPacket({ protocol: 1, payload: counting(30) }),
  ]
  const received = await run('src', unsummed)
  t.same(
    received.map((packet) => packet.subarray(20)),
    unsummed.map((packet) => packet.subarray(20)),
  )
  for (const packet of received) t.equal(sumOf(packet.subarray(0, 20)), 0xffff)
})

t.test('UDPIPEncap puts both headers in front', settings, async (t) => {
  const payloads = [14, 15, 577, 1472, 8900].map((length) => counting(length))
  const run = (config: string): Promise<readonly Buffer[]> => {
    const text = `FromDevice(in) -> SetIPAddress(3.3.3.3) -> UDPIPEncap(${config}) -> c :: StaticIPLookup(2.0.0.2/32 0, 3.3.3.3/32 0)
      -> EtherEncap(0x0800, 2:0:0:0:0:1, 2:0:0:0:0:2) -> ToDevice(out)`
    return runFrames(text, payloads).then(({ packets }) => packets('out'))
  }
  const check = (packet: Buffer | undefined, i: number, destination: string, withSum: boolean): void => {
    const payload = payloads[i] ?? Buffer.alloc(0)
    const udp = Buffer.alloc(8)
    udp.writeUInt16BE(1234, 0)
    udp.writeUInt16BE(53, 2)
    udp.writeUInt16BE(8 + payload.length, 4)
    const ends = Buffer.concat([addressBytes('1.0.0.1'), addressBytes(destination), Buffer.from([0, 17])])
    if (withSum) udp.writeUInt16BE(0xffff - sumOf(Buffer.concat([ends, udp.subarray(4, 6), udp, payload])), 6)
    const addresses = { source: '1.0.0.1', destination, ttl: 250 }
    const expected = ipPacket({ ...addresses, payload: Buffer.concat([udp, payload]) })
    expected.writeUInt16BE(i, 4)
    expected.writeUInt16BE(0, 10)
    expected.writeUInt16BE(0xffff - sumOf(expected.subarray(0, 20)), 10)
    t.same(packet, expected)
  }
  for (const [config, destination, withSum] of [
    ['1.0.0.1, 1234, 2.0.0.2, dns', '2.0.0.2', true],
    ['1.0.0.1, 1234, DST_ANNO, 53', '3.3.3.3', true],
    ['1.0.0.1, 1234, 2.0.0.2, 53, false', '2.0.0.2', false],
  ] as const) {
    const packets = await run(config)
    t.equal(packets.length, payloads.length)
    packets.forEach((packet, i) => {
      check(packet, i, destination, withSum)
    })
  }
})
