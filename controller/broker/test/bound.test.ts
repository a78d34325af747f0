import { PassThrough } from 'node:stream'
import t from 'tap'
import { boundedConnection, packetBound } from '../bound.ts'

/** PUBLISH, remaining length 321 (0xc1 0x02: 65 + 2 * 128, the example of MQTT 3.1.1, 2.2.3), and that many bytes. */
const packet = Buffer.concat([Buffer.from([0x30, 0xc1, 0x02]), Buffer.alloc(321, 0xff)])

t.test('packets up to the bound pass, in chunks of any size', async (t) => {
  for (const size of [1, 2, 3, 7, 324, 1000]) {
    const fits = packetBound(321)
    const stream = Buffer.concat([packet, Buffer.from([0xc0, 0x00]), packet])
    for (let at = 0; at < stream.length; at += size) t.ok(fits(stream.subarray(at, at + size)))
  }
})

t.test('one byte more fails at its header', async (t) => {
  t.notOk(packetBound(320)(packet.subarray(0, 3)))
  const fits = packetBound(320)
  t.ok(fits(packet.subarray(0, 2)))
  t.notOk(fits(packet.subarray(2, 3)))
})

t.test('a length of more than four bytes is malformed', async (t) => {
  t.notOk(packetBound(2 ** 40)(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01])))
})

t.test('a connection fails at a packet that is too large, and passes what came before', async (t) => {
  const socket = new PassThrough()
  const connection = boundedConnection(socket, 100)
  const seen: Buffer[] = []
  connection.on('data', (chunk: Buffer) => seen.push(chunk))
  const failed = new Promise<Error>((resolve) => connection.once('error', resolve))
  socket.write(Buffer.from([0xc0, 0x00]))
  await new Promise(setImmediate)
  socket.write(packet)
  t.match((await failed).message, /more than 100 bytes/)
  t.same(Buffer.concat(seen), Buffer.from([0xc0, 0x00]))
})
