import t from 'tap'
import { overheadBytes } from '../../../proto/technologies.ts'
import { formatNote, parseNote } from '../bridge/note.ts'
import { bucketOf, classOf, queueBytes, sameBucket, sameClass, wireRate } from '../rates.ts'

t.test('a technology takes so many bytes of the underlay', async (t) => {
  t.equal(overheadBytes('vxlan'), 50)
  t.equal(overheadBytes('vxlan', 'fd00::1'), 70)
  t.equal(overheadBytes('gre'), 42)
  t.equal(overheadBytes('etherip'), 36)
  t.equal(overheadBytes('ipip'), 20)
  t.equal(overheadBytes('vlan'), 0)
  t.equal(overheadBytes('qinq'), 4)
  t.equal(overheadBytes('mpls'), 18)
  t.equal(overheadBytes('pigeon'), undefined)
})

t.test('bursts and queues fit the rate and always hold what must pass at once', async (t) => {
  t.same(bucketOf(100e6, 1450), { kind: 'tbf', bytesPerSecond: 12.5e6, burstBytes: 125_000, limitBytes: 625_000 })
  t.equal(bucketOf(1000, 1450).burstBytes, 2 * 1464, 'two frames')
  t.equal(queueBytes(125), 262_144, 'four segments')
  t.equal(queueBytes(1e12), 16 * 1024 * 1024)
  t.equal(wireRate(40e6, 1450, 50), Math.round((40e6 * 1514) / 1464))
  t.match(classOf(10e6, 1e6, 3), { bytesPerSecond: 1.25e6, ceilingBytesPerSecond: 1.25e6 }, 'no ceiling below the rate')
})

t.test('what the kernel rounds counts as the same, what somebody changed does not', async (t) => {
  const bucket = bucketOf(100e6, 1450)
  t.ok(sameBucket({ ...bucket, burstBytes: bucket.burstBytes - 60 }, bucket))
  t.notOk(sameBucket({ ...bucket, burstBytes: bucket.burstBytes * 2 }, bucket))
  t.notOk(sameBucket({ ...bucket, limitBytes: bucket.limitBytes + 1 }, bucket))
  const wanted = classOf(50e6, 1e9, 3)
  t.ok(sameClass({ ...wanted, burstBytes: wanted.burstBytes - 1 }, wanted))
  t.notOk(sameClass({ ...wanted, quantumBytes: 1 }, wanted))
})

t.test('the note of a NIC is read back', async (t) => {
  const note = { nic: 'enp3s0', index: 3, up: true, mtu: 9000, addressGeneration: 0 }
  t.same(parseNote(formatNote(note)), note)
  const without = { nic: 'eth1', index: undefined, up: false, mtu: 1500, addressGeneration: undefined }
  t.same(parseNote(formatNote(without)), without)
  const all = { ...note, promiscuous: false }
  t.same(parseNote(formatNote(all)), all)
  t.equal(parseNote(''), undefined)
})
