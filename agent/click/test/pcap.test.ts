import t from 'tap'
import { ethernetLinkType, PcapError, readPcap, writePcap } from '../pcap.ts'

const packet = { timestampNs: 1_700_000_000_123_456_789n, bytes: Uint8Array.of(1, 2, 3), originalBytes: 60 }

t.test('what was written is read again, to the nanosecond', async (t) => {
  const read = readPcap(
    writePcap({ linkType: ethernetLinkType, packets: [packet, { ...packet, bytes: Uint8Array.of() }] }),
  )
  t.equal(read.linkType, 1)
  t.same(
    read.packets.map(({ timestampNs, bytes, originalBytes }) => [timestampNs, [...bytes], originalBytes]),
    [
      [packet.timestampNs, [1, 2, 3], 60],
      [packet.timestampNs, [], 60],
    ],
  )
})

t.test('a capture of the other byte order and of microseconds is read', async (t) => {
  const file = Buffer.from(
    [
      'a1b2c3d4', // magic, big-endian, microseconds
      '00020004', // version 2.4
      '0000000000000000', // zone, accuracy
      '00040000', // most bytes of a packet
      '00000001', // Ethernet
      '00000002', // seconds
      '00000003', // microseconds
      '00000002', // captured
      '00000040', // on the wire
      'beef',
    ].join(''),
    'hex',
  )
  const [read] = readPcap(file).packets
  t.equal(read?.timestampNs, 2_000_003_000n)
  t.same([...(read?.bytes ?? [])], [0xbe, 0xef])
  t.equal(read?.originalBytes, 64)
})

t.test('whatever is cut off or changed, a capture is read or refused', async (t) => {
  const file = writePcap({ linkType: ethernetLinkType, packets: [packet, packet] })
  let refusals = 0
  for (let length = 0; length < file.length; length++) {
    try {
      readPcap(file.subarray(0, length))
    } catch (error) {
      t.ok(error instanceof PcapError, `${length} bytes`)
      refusals++
    }
  }
  // Whole: the header alone, and with the first packet.
  t.equal(refusals, file.length - 2)
  for (let at = 0; at < file.length; at++) {
    const changed = Uint8Array.from(file)
    changed[at] = 0xff
    try {
      readPcap(changed)
    } catch (error) {
      t.ok(error instanceof PcapError, `byte ${at} changed`)
    }
  }
})
