import t from 'tap'
import { decodeMessages } from '../codec/message.ts'
import { errnoName } from '../socket/errno.ts'
import { decodeAcknowledgement, NetlinkError } from '../socket/error.ts'
import { bytes, otherOrder } from './support/bytes.ts'

t.test('the explanation of a refusal is read: message and offset', { skip: otherOrder }, async (t) => {
  const [message] = decodeMessages(
    bytes(`
      58 00 00 00              // length
      02 00 00 03              // NLMSG_ERROR, capped, with attributes
      09 00 00 00 92 2b 00 00  // sequence, port id
      de ff ff ff              // -ERANGE
      4c 00 00 00 10 00 05 06  // the header of the request: length, RTM_NEWLINK, flags
      09 00 00 00 00 00 00 00  // its sequence and port id
      29 00 01 00              // NLMSGERR_ATTR_MSG
      56 58 4c 41 4e 20 49 44 20 6d 75 73 74 20 62 65 20 6c 6f 77
      65 72 20 74 68 61 6e 20 31 36 37 37 37 32 31 36 00 00 00 00
      08 00 02 00 3c 00 00 00  // NLMSGERR_ATTR_OFFS: 60
    `),
  )
  if (message === undefined) throw new Error('no message')
  const { errno, extendedAck } = decodeAcknowledgement(message)
  t.same(
    { errno, extendedAck },
    { errno: 34, extendedAck: { message: 'VXLAN ID must be lower than 16777216', offset: 60 } },
  )
  const error = new NetlinkError({ errno, operation: 'link add', subject: 'v9 type vxlan', extendedAck })
  t.match(error, { code: 'ERANGE', errno: 34, operation: 'link add', subject: 'v9 type vxlan' })
  t.equal(error.message, 'link add v9 type vxlan: ERANGE (VXLAN ID must be lower than 16777216, at offset 60)')
})

t.test(
  'a request that is repeated whole, a missing attribute and the end of a dump are read, too',
  { skip: otherOrder },
  async (t) => {
    const body = bytes(`
    ea ff ff ff                                      // -EINVAL
    14 00 00 00 12 00 05 00 01 00 00 00 00 00 00 00  // the request: header of 16 bytes
    aa bb cc dd                                      // and a body of 4
    08 00 05 00 03 00 00 00                          // NLMSGERR_ATTR_MISS_TYPE: 3
    08 00 06 00 14 00 00 00                          // NLMSGERR_ATTR_MISS_NEST: 20
  `)
    const whole = decodeAcknowledgement({ type: 2, flags: 0x200, sequence: 1, portId: 1, body })
    t.same(whole, { errno: 22, extendedAck: { message: '', missingType: 3, missingNest: 20 } })
    const plain = decodeAcknowledgement({ type: 2, flags: 0, sequence: 1, portId: 1, body: bytes('00 00 00 00') })
    t.same(plain, { errno: 0, extendedAck: undefined })
    const done = bytes('fb ff ff ff 08 00 01 00 62 61 64 00')
    t.same(decodeAcknowledgement({ type: 3, flags: 0x202, sequence: 1, portId: 1, body: done }), {
      errno: 5,
      extendedAck: { message: 'bad' },
    })
  },
)

t.test('an explanation that cannot be read does not hide the error', { skip: otherOrder }, async (t) => {
  const body = Buffer.concat([bytes('ea ff ff ff'), Buffer.alloc(16), bytes('ff 00 01 00')])
  t.match(decodeAcknowledgement({ type: 2, flags: 0x300, sequence: 1, portId: 1, body }), { errno: 22 })
})

t.test('errors have names', async (t) => {
  t.equal(errnoName(19), 'ENODEV')
  t.equal(errnoName(95), 'EOPNOTSUPP')
  t.equal(errnoName(11), 'EAGAIN')
  t.equal(errnoName(524), 'ENOTSUPP')
  t.equal(errnoName(9999), 'E9999')
})
