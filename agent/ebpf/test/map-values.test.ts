/** What maps are made of and what their values mean, without a kernel. */
import { endianness } from 'node:os'
import t from 'tap'
import { countCpus } from '../cpus.ts'
import { type MapSpec, mapFlags, mapTypes, specOf, strideOf } from '../map-spec.ts'
import { onFirstCpu, sameOnEachCpu, splitByCpu, sumCounters } from '../per-cpu.ts'

const otherOrder = endianness() === 'LE' ? false : 'the bytes are those of a little-endian machine'
const spec: MapSpec = { name: 'c', kind: 'percpu-array', keyBytes: 4, valueBytes: 16, entries: 1 }

t.test('what the kernel says of a map is the spec again', async (t) => {
  const specs: readonly MapSpec[] = [
    { ...spec, kind: 'array', mappable: true, readOnlyProgram: true },
    { ...spec, kind: 'hash', sparse: true },
    { ...spec, kind: 'ringbuf', keyBytes: 0, valueBytes: 0, entries: 1 << 20 },
  ]
  for (const each of specs) t.same(specOf({ ...each, type: mapTypes[each.kind], flags: mapFlags(each) }), each)
  t.equal(specOf({ ...spec, type: 7, flags: 0 }), undefined)
})

t.test('values are apart by multiples of eight bytes', async (t) => {
  t.same(
    [1, 8, 9, 0].map((valueBytes) => strideOf({ ...spec, valueBytes })),
    [8, 8, 16, 0],
  )
})

t.test('values of CPUs are told apart and added up, and wrap', { skip: otherOrder }, async (t) => {
  const whole = Buffer.from(
    `0100000000000000 0200000000000000
     ffffffffffffffff 0300000000000000
     0500000000000000 0000000000000080`.replaceAll(/\s/g, ''),
    'hex',
  )
  t.same(
    splitByCpu({ spec }, whole).map((value) => value.length),
    [16, 16, 16],
  )
  t.same(sumCounters({ spec }, whole), [5n, 0x8000_0000_0000_0005n])
  t.same(
    splitByCpu({ spec: { ...spec, valueBytes: 12 } }, whole).map((value) => value.length),
    [12, 12, 12],
  )
})

t.test('a value is written for each CPU, or for one', async (t) => {
  const map = { spec: { ...spec, valueBytes: 4 }, valueBytes: 24 }
  const value = Uint8Array.of(1, 2, 3, 4)
  t.equal(sameOnEachCpu(map, value).toString('hex'), '0102030400000000'.repeat(3))
  t.equal(onFirstCpu(map, value).toString('hex'), `0102030400000000${'00'.repeat(16)}`)
})

t.test('CPUs are counted as the kernel lists them', async (t) => {
  t.equal(countCpus('0-3\n'), 4)
  t.equal(countCpus('0\n'), 1)
  t.equal(countCpus('0,2-5,7\n'), 8)
  t.throws(() => countCpus('\n'), { message: /no list of CPUs/ })
})
