import t from 'tap'
import { parent } from '../traffic/handle.ts'
import type { Netem } from '../traffic/netem.ts'
import { decodeQdisc, replaceQdisc } from '../traffic/qdisc.ts'
import { bytes, message, otherOrder } from './support/bytes.ts'

const options: Netem = {
  kind: 'netem',
  delayMicroseconds: 10_000,
  jitterMicroseconds: 1000,
  lossMillionths: 500_000,
  duplicateMillionths: 0,
  reorderMillionths: 250_000,
  limitPackets: 1000,
}

t.test('an emulated line is a struct with attributes behind it', { skip: otherOrder }, async (t) => {
  const request = replaceQdisc({ index: 5, handle: 0x7765_0000, parent: parent.root, options })
  t.same(
    request.body,
    bytes(`
      00 00 00 00 05 00 00 00 00 00 65 77 ff ff ff ff 00 00 00 00  // struct tcmsg: index 5, handle 7765:, root
      0a 00 01 00 6e 65 74 65 6d 00 00 00  // TCA_KIND netem
      40 00 02 00                          // TCA_OPTIONS
      5a 62 02 00 e8 03 00 00 00 00 00 80  //   latency 10 ms in ticks, limit 1000, loss 1/2
      01 00 00 00 00 00 00 00 09 3d 00 00  //   gap 1, no duplicates, jitter 1 ms in ticks
      0c 00 03 00 00 00 00 40 00 00 00 00  //   TCA_NETEM_REORDER 1/4, not correlated
      0c 00 0a 00 80 96 98 00 00 00 00 00  //   TCA_NETEM_LATENCY64 10000000
      0c 00 0b 00 40 42 0f 00 00 00 00 00  //   TCA_NETEM_JITTER64 1000000
    `),
  )
  t.same(decodeQdisc(message(request.body)), { index: 5, handle: 0x7765_0000, parent: parent.root, options })
})

t.test('every share and time comes back as it was', { skip: otherOrder }, async (t) => {
  for (const value of [1, 3, 999, 1001, 123_457, 999_999, 1_000_000]) {
    const given = { ...options, delayMicroseconds: value, lossMillionths: value, duplicateMillionths: value }
    t.match(decodeQdisc(message(replaceQdisc({ index: 1, parent: parent.root, options: given }).body)), {
      options: given,
    })
  }
})
