/** ARPResponder by scenario: many entries, changes while it runs. */
import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { Full } from '../handlers.ts'
import { openSession } from './support/session.ts'

t.setTimeout(600_000)
const skip = missing('bpf')?.message ?? false

const asker = '020000000005'
const hex = (address: string): string => Buffer.from(address.split('.').map(Number)).toString('hex')
const request = (address: string): string =>
  `ffffffffffff${asker}0806000108000604${'0001'}${asker}${hex('10.0.0.5')}000000000000${hex(address)}`
const reply = (address: string, ether: string): string =>
  `${asker}${ether}0806000108000604${'0002'}${ether}${hex(address)}${asker}${hex('10.0.0.5')}`

const configuration = (entries: string): string =>
  `FromDevice(in) -> r :: ARPResponder(${entries}) -> ToDevice(out); r[1] -> ToDevice(other)`

t.test('thousands of addresses and networks are answered for, the longest prefix first', { skip }, async (t) => {
  const addresses = Array.from({ length: 5_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
  const entries = [
    '10.1.0.0/16 2:0:0:0:1:0',
    ...addresses.map((address, i) => `${address} 2:0:0:1:${(i >> 8).toString(16)}:${(i & 255).toString(16)}`),
    '10.0.0.0/8 2:0:0:0:0:8',
  ]
  const { send, read } = await openSession(t, configuration(entries.join(', ')))
  t.same(await send('in', request('10.1.19.135')), [`out: ${reply('10.1.19.135', '020000011387')}`], 'the last address')
  t.same(await send('in', request('10.1.19.136')), [`out: ${reply('10.1.19.136', '020000000100')}`], 'its network')
  t.same(await send('in', request('10.2.0.1')), [`out: ${reply('10.2.0.1', '020000000008')}`], 'the network around it')
  const foreign = request('11.0.0.1')
  t.same(await send('in', foreign), [`other: ${foreign}`])
  t.equal(read('r.lookup 10.1.0.7'), '02-00-00-01-00-07')
  t.equal(read('r.lookup 11.0.0.1'), '')
})

t.test('entries come and go while it runs', { skip }, async (t) => {
  const { send, read, write } = await openSession(t, configuration('10.0.0.0/24 2:0:0:0:0:1, 10.0.0.2 2:0:0:0:0:2'))
  t.equal(read('r.table'), '10.0.0.2/32 02-00-00-00-00-02\n10.0.0.0/24 02-00-00-00-00-01\n')
  t.same(await send('in', request('10.0.0.2')), [`out: ${reply('10.0.0.2', '020000000002')}`])
  write('r.remove', '10.0.0.2')
  t.same(await send('in', request('10.0.0.2')), [`out: ${reply('10.0.0.2', '020000000001')}`])
  write('r.add', '10.0.0.2 10.0.0.128/25 2:0:0:0:0:3')
  t.same(await send('in', request('10.0.0.2')), [`out: ${reply('10.0.0.2', '020000000003')}`])
  t.same(await send('in', request('10.0.0.200')), [`out: ${reply('10.0.0.200', '020000000003')}`])
  write('r.add', '10.0.0.200/25 2:0:0:0:0:4')
  t.same(
    await send('in', request('10.0.0.200')),
    [`out: ${reply('10.0.0.200', '020000000004')}`],
    'the later one counts',
  )
  t.equal(
    read('r.table'),
    '10.0.0.2/32 02-00-00-00-00-03\n10.0.0.128/25 02-00-00-00-00-04\n10.0.0.0/24 02-00-00-00-00-01\n',
  )
  write('r.remove', '10.0.0.0/24')
  const gone = request('10.0.0.7')
  t.same(await send('in', gone), [`other: ${gone}`])
  t.throws(() => write('r.remove', '10.0.0.0/24'), { message: /10\.0\.0\.0\/24 not found/ })
  t.throws(() => write('r.remove', 'nobody'), { message: /expected IP\/MASK/ })
  t.throws(() => write('r.add', '10.0.0.1'), { message: /missing ETH/ })
  t.throws(() => write('r.add', '2:0:0:0:0:1'), { message: /missing IP\/MASK/ })
  t.throws(() => read('r.lookup'), { message: /expected IP address/ })
})

t.test('masks that are no prefixes, the one of all addresses, and none at all', { skip }, async (t) => {
  const { send, read, write } = await openSession(t, configuration(''))
  const unknown = request('10.9.8.7')
  t.same(await send('in', unknown), [`other: ${unknown}`])
  t.equal(read('r.table'), '')
  write('r.add', '0.0.0.0/0 2:0:0:0:0:1')
  write('r.add', '10.0.8.0/255.0.255.0 2:0:0:0:0:2')
  t.same(await send('in', unknown), [`out: ${reply('10.9.8.7', '020000000002')}`])
  t.same(await send('in', request('10.9.9.7')), [`out: ${reply('10.9.9.7', '020000000001')}`])
  t.match(read('r.table'), '10.0.8.0/255.0.255.0 02-00-00-00-00-02\n')
})

t.test('what there is no room for is said to be so, and changes nothing', { skip }, async (t) => {
  const { read, write } = await openSession(t, configuration('10.0.0.1 2:0:0:0:0:1'))
  const many = Array.from({ length: 256 }, (_, i) => `10.1.0.${i}`).join(' ')
  const full = t.throws(() => write('r.add', `${many} 2:0:0:0:0:2`), { code: 'config.invalid' }) as Error
  t.ok(full.cause instanceof Full)
  t.equal(read('r.table'), '10.0.0.1/32 02-00-00-00-00-01\n')
})
