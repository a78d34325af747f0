import t from 'tap'
import { ret } from '../traffic/bpf.ts'
import { addClass, decodeClass } from '../traffic/class.ts'
import { addFilter, decodeFilter, replaceFilter } from '../traffic/filter.ts'
import { formatHandle, handle, parent } from '../traffic/handle.ts'
import { decodeQdisc, replaceQdisc } from '../traffic/qdisc.ts'
import { burstBytes, burstTicks } from '../traffic/rate.ts'
import { u32Handle, u32Match } from '../traffic/u32.ts'
import { bytes, message, otherOrder } from './support/bytes.ts'

t.test('handles read as tc writes them', async (t) => {
  t.equal(formatHandle(handle(0x7766, 0x107)), '7766:107')
  t.equal(formatHandle(handle(1)), '1:')
  t.equal(formatHandle(parent.root), 'root')
  t.equal(formatHandle(parent.ingress), 'ingress')
  t.equal(u32Handle(1, 7, 0x800), 0x107800)
})

t.test('a burst in ticks of 64 ns is the burst again, but for one tick', async (t) => {
  for (const [burst, rate] of [
    [50_000, 5e6],
    [131_072, 1.25e9],
    [3000, 125],
  ] as const) {
    t.ok(Math.abs(burstBytes(burstTicks(burst, rate), rate) - burst) <= (rate * 64) / 1e9 + 1, `${burst} at ${rate}`)
  }
})

t.test('a token bucket is written with its burst in bytes and read from ticks', { skip: otherOrder }, async (t) => {
  const options = { kind: 'tbf', bytesPerSecond: 5e6, burstBytes: 50_000, limitBytes: 262_144 } as const
  const request = replaceQdisc({ index: 5, parent: parent.root, options })
  t.match(request, { type: 36, flags: 0x500, operation: 'qdisc replace', subject: 'dev 5 parent root tbf' })
  t.same(
    request.body,
    bytes(`
      00 00 00 00 05 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00  // struct tcmsg: index 5, no handle, root
      08 00 01 00 74 62 66 00              // TCA_KIND tbf
      34 00 02 80                          // TCA_OPTIONS
      28 00 01 00                          //   TCA_TBF_PARMS
      00 01 00 00 00 00 00 00 40 4b 4c 00  //     rate: Ethernet, 5000000 bytes/s
      00 00 00 00 00 00 00 00 00 00 00 00  //     peak rate: none
      00 00 04 00                          //     limit 262144
      5a 62 02 00 00 00 00 00              //     buffer: 10 ms in ticks; mtu
      08 00 06 00 50 c3 00 00              //   TCA_TBF_BURST 50000
    `),
  )
  const read = decodeQdisc(
    message(
      bytes(`
        00 00 00 00 05 00 00 00 00 00 ad 83 ff ff ff ff 02 00 00 00  // index 5, handle 83ad:, root
        08 00 01 00 74 62 66 00              // TCA_KIND tbf
        2c 00 02 00 28 00 01 00              // TCA_OPTIONS, TCA_TBF_PARMS
        00 01 00 00 00 00 00 00 40 4b 4c 00  //     rate
        00 00 00 00 00 00 00 00 00 00 00 00  //     peak rate
        00 00 04 00 5a 62 02 00 00 00 00 00  //     limit, buffer, mtu
        1c 00 07 00 18 00 03 00              // TCA_STATS2, TCA_STATS_QUEUE
        02 00 00 00 80 00 00 00              //     2 packets wait, 128 bytes
        07 00 00 00 00 00 00 00 09 00 00 00  //     7 dropped, none requeued, 9 over the limit
      `),
    ),
  )
  t.same(read, { index: 5, handle: 0x83ad0000, parent: parent.root, options, drops: 7 })
})

t.test('disciplines of other kinds and blocks of filters are read', { skip: otherOrder }, async (t) => {
  const clsact = bytes(`
    00 00 00 00 04 00 00 00 00 00 ff ff f1 ff ff ff 01 00 00 00  // index 4, handle ffff:, parent clsact
    0b 00 01 00 63 6c 73 61 63 74 00 00  // TCA_KIND clsact
    08 00 0d 00 4d 00 00 00              // TCA_INGRESS_BLOCK 77
    08 00 0e 00 4e 00 00 00              // TCA_EGRESS_BLOCK 78
    04 00 02 00                          // TCA_OPTIONS, empty
  `)
  t.match(decodeQdisc(message(clsact)), {
    parent: parent.clsact,
    options: { kind: 'clsact', ingressBlock: 77, egressBlock: 78 },
  })
  const htb = bytes(`
    00 00 00 00 03 00 00 00 00 00 66 77 ff ff ff ff 03 00 00 00  // index 3, handle 7766:, root
    08 00 01 00 68 74 62 00                          // TCA_KIND htb
    24 00 02 00 18 00 02 00                          // TCA_OPTIONS, TCA_HTB_INIT
    11 00 03 00 0a 00 00 00 02 00 00 00              //   version, rate2quantum 10, default 2
    00 00 00 00 00 00 00 00 08 00 05 00 e8 03 00 00  //   debug, direct packets; TCA_HTB_DIRECT_QLEN
  `)
  t.match(decodeQdisc(message(htb)), { handle: 0x77660000, options: { kind: 'htb', defaultClass: 2 } })
  const noqueue = bytes(`
    00 00 00 00 02 00 00 00 00 00 00 00 ff ff ff ff 02 00 00 00  // index 2, no handle, root
    0c 00 01 00 6e 6f 71 75 65 75 65 00                          // TCA_KIND noqueue
  `)
  t.match(decodeQdisc(message(noqueue)), { handle: 0, options: { kind: 'other', name: 'noqueue' } })
})

t.test(
  'a class beyond 32 bits of bytes per second has its rate in the attribute beside',
  { skip: otherOrder },
  async (t) => {
    const options = {
      kind: 'htb',
      bytesPerSecond: 5e6,
      ceilingBytesPerSecond: 5e9,
      burstBytes: 131_072,
      ceilingBurstBytes: 1_048_576,
      quantumBytes: 5000,
      priority: 3,
    } as const
    const { body } = addClass({ index: 3, classId: 0x77660107, parent: 0x77660001, options })
    t.same(
      body,
      bytes(`
      00 00 00 00 03 00 00 00 07 01 66 77 01 00 66 77 00 00 00 00  // index 3, class 7766:107, parent 7766:1
      08 00 01 00 68 74 62 00              // TCA_KIND htb
      40 00 02 80 30 00 01 00              // TCA_OPTIONS, TCA_HTB_PARMS
      00 01 00 00 00 00 00 00 40 4b 4c 00  //   rate 5000000 bytes/s
      00 01 00 00 00 00 00 00 ff ff ff ff  //   ceiling: more than fits here
      00 40 06 00 cd 0c 00 00              //   buffer and cbuffer in ticks
      88 13 00 00 00 00 00 00 03 00 00 00  //   quantum 5000, level, priority 3
      0c 00 07 00 00 f2 05 2a 01 00 00 00  // TCA_HTB_CEIL64 5000000000
    `),
    )
    const read = decodeClass(message(body))
    t.match(read, {
      index: 3,
      classId: 0x77660107,
      parent: 0x77660001,
      options: { ...options, ceilingBurstBytes: Number },
    })
  },
)

t.test('filters: a word of the packet, a table, a program', { skip: otherOrder }, async (t) => {
  const match = u32Match([{ offset: 32, mask: 0xffffff00, value: 0x700 }], 0x77660107, u32Handle(1, 7))
  const place = { index: 3, parent: 0x77660000 }
  const { body, flags } = addFilter({ place, handle: 0, priority: 1, protocol: 0x0800, options: match })
  t.equal(flags, 0x608, 'create, exclusive, echo')
  t.same(
    body,
    bytes(`
      00 00 00 00 03 00 00 00 00 00 00 00 00 00 66 77  // index 3, no handle, parent 7766:
      08 00 01 00                                      // protocol IPv4 in network order, priority 1
      08 00 01 00 75 33 32 00                          // TCA_KIND u32
      38 00 02 80                                      // TCA_OPTIONS
      08 00 01 00 07 01 66 77                          //   TCA_U32_CLASSID 7766:107
      08 00 02 00 00 70 10 00                          //   TCA_U32_HASH 1:7
      24 00 05 00                                      //   TCA_U32_SEL
      01 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00  //     terminal, one key, no hash
      ff ff ff 00 00 00 07 00 20 00 00 00 00 00 00 00  //     mask and value big-endian, offset 32
    `),
  )
  t.same(decodeFilter(message(body)), { place, handle: 0, priority: 1, protocol: 0x0800, options: match })

  const link = bytes(`
    00 00 00 00 03 00 00 00 00 08 00 80 00 00 66 77 08 00 01 00  // handle 800::800
    08 00 01 00 75 33 32 00                          // TCA_KIND u32
    50 00 02 00 34 00 05 00                          // TCA_OPTIONS, TCA_U32_SEL
    00 00 02 00 00 00 00 00 00 00 20 00 00 00 ff 00  //   two keys, hash of offset 32 under 0000ff00
    00 ff 00 00 00 11 00 00 08 00 00 00 00 00 00 00  //   UDP
    00 00 ff ff 00 00 12 b5 14 00 00 00 00 00 00 00  //   port 4789
    08 00 02 00 00 00 00 80 08 00 03 00 00 00 10 00  // TCA_U32_HASH 800:, TCA_U32_LINK 1:
    08 00 0b 00 08 00 00 00                          // TCA_U32_FLAGS
  `)
  t.match(decodeFilter(message(link)), {
    handle: 0x80000800,
    options: {
      kind: 'u32',
      link: 0x100000,
      hash: { offset: 32, mask: 0xff00 },
      keys: [
        { offset: 8, mask: 0x00ff0000, value: 0x00110000 },
        { offset: 20, mask: 0xffff, value: 4789 },
      ],
    },
  })

  const program = bytes(`
    00 00 00 00 ff ff ff ff 01 00 00 00 4d 00 00 00 00 03 01 00  // block 77, handle 1, any protocol, priority 1
    08 00 01 00 62 70 66 00              // TCA_KIND bpf
    28 00 02 00                          // TCA_OPTIONS
    06 00 04 00 01 00 00 00              //   TCA_BPF_OPS_LEN 1
    0c 00 05 00 06 00 00 00 02 00 00 00  //   TCA_BPF_OPS: ret #2
    08 00 08 00 01 00 00 00              //   TCA_BPF_FLAGS: direct action
    08 00 09 00 08 00 00 00              //   TCA_BPF_FLAGS_GEN
  `)
  const options = { kind: 'bpf', instructions: [ret(2)], directAction: true, name: '' } as const
  const read = decodeFilter(message(program))
  t.same(read, { place: { block: 77 }, handle: 1, priority: 1, protocol: 3, options })
  t.same(decodeFilter(message(addFilter({ ...read, options }).body)), read)
})

t.test(
  'a filter that is an eBPF program names its descriptor, and is read with the number of the program',
  {
    skip: otherOrder,
  },
  async (t) => {
    const place = { index: 5, parent: parent.ingress }
    const options = { kind: 'bpf-program', descriptor: 23, name: 'vif1' } as const
    const request = replaceFilter({ place, handle: 1, priority: 2, protocol: 3, options })
    t.same(
      request.body,
      bytes(`
      00 00 00 00 05 00 00 00 01 00 00 00 f2 ff ff ff 00 03 02 00  // interface 5, handle 1, ingress, any protocol, priority 2
      08 00 01 00 62 70 66 00                                      // TCA_KIND bpf
      20 00 02 80                                                  // TCA_OPTIONS, nested
      08 00 06 00 17 00 00 00                                      //   TCA_BPF_FD 23
      09 00 07 00 76 69 66 31 00 00 00 00                          //   TCA_BPF_NAME vif1
      08 00 08 00 01 00 00 00                                      //   TCA_BPF_FLAGS: direct action
    `),
    )
    const found = bytes(`
    00 00 00 00 05 00 00 00 01 00 00 00 f2 ff ff ff 00 03 02 00
    08 00 01 00 62 70 66 00                // TCA_KIND bpf
    20 00 02 00                            // TCA_OPTIONS
    09 00 07 00 76 69 66 31 00 00 00 00    //   TCA_BPF_NAME vif1
    08 00 0b 00 2a 00 00 00                //   TCA_BPF_ID 42
    08 00 08 00 01 00 00 00                //   TCA_BPF_FLAGS: direct action
  `)
    const read = { kind: 'bpf', instructions: [], directAction: true, name: 'vif1', programId: 42 }
    t.same(decodeFilter(message(found)), { place, handle: 1, priority: 2, protocol: 3, options: read })
  },
)
