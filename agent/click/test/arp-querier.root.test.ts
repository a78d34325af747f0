/** ARPQuerier by scenario: queries, replies, packets that wait, what is forgotten and what is dropped. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { missing } from '../../ebpf/features.ts'
import { openSession, type Session } from './support/session.ts'

t.setTimeout(600_000)
const skip = missing('bpf')?.message ?? false

const own = { ip: '10.0.0.1', ether: '020000000001' }
const hex = (address: string): string => Buffer.from(address.split('.').map(Number)).toString('hex')
const etherOf = (address: string): string => `0200000000${hex(address).slice(6)}`

/** An IP packet of at least 24 bytes that says its number, as it comes in and as it leaves. */
const ip = (to: string, number: number, bytes = 28): string => {
  const length = bytes.toString(16).padStart(4, '0')
  const header = `4500${length}000000004063ffff${hex('10.9.9.9')}${hex(to)}`
  return `${header}${number.toString(16).padStart(8, '0')}${'ab'.repeat(bytes - 24)}`
}
const framed = (packet: string, ether: string): string => `${ether}${own.ether}0800${packet}`
const incoming = (packet: string): string => `${own.ether}0200000000990800${packet}`

const arp = (operation: number, sender: readonly [string, string], target: readonly [string, string]): string =>
  `000108000604000${operation}${sender[1]}${hex(sender[0])}${target[1]}${hex(target[0])}`
const query = (for_: string, to = 'ffffffffffff'): string =>
  `${to}${own.ether}0806${arp(1, [own.ip, own.ether], [for_, '000000000000'])}`
const reply = (of: string, ether = etherOf(of)): string =>
  `${own.ether}${ether}0806${arp(2, [of, ether], [own.ip, own.ether])}`

const configuration = (given = ''): string =>
  `FromDevice(in) -> Strip(14) -> GetIPAddress(16) -> [0] arp :: ARPQuerier(${own.ip}/24, 2:0:0:0:0:1, ${given});
   FromDevice(back) -> [1] arp; arp[0] -> ToDevice(out); arp[1] -> ToDevice(asked)`

const [b, c, d] = ['10.0.0.2', '10.0.0.3', '10.0.0.4'] as const
const outTo = (to: string, ...numbers: readonly number[]): readonly string[] =>
  numbers.map((number) => `out: ${framed(ip(to, number), etherOf(to))}`)
const sendTo = (session: Session, to: string, number: number): Promise<readonly string[]> =>
  session.send('in', incoming(ip(to, number)))

t.test('a packet for an unknown address waits for the reply to a query', { skip }, async (t) => {
  const session = await openSession(t, configuration())
  const { send, read } = session
  t.same(await sendTo(session, b, 1), [`asked: ${query(b)}`])
  t.match(read('arp.table'), /^10\.0\.0\.2 0 FF-FF-FF-FF-FF-FF 0\.\d{6}\n$/)
  t.equal(read('arp.length'), '1')
  t.same(await send('back', reply(b)), outTo(b, 1))
  t.match(read('arp.table'), /^10\.0\.0\.2 1 02-00-00-00-00-02 0\.\d{6}\n$/)
  t.equal(read('arp.length'), '0')
  t.same(await sendTo(session, b, 2), outTo(b, 2), 'the address is known')
  t.same(await send('back', reply(b, '020000000088')), [])
  t.same(await sendTo(session, b, 3), [`out: ${framed(ip(b, 3), '020000000088')}`], 'the host has another card now')
  t.equal(read('arp.stats'), '0 packets killed\n1 ARP queries sent\n')
  t.equal(read('arp.responses'), '2')
})

t.test('packets wait in their order, each for its own address, short and long', { skip }, async (t) => {
  const session = await openSession(t, configuration())
  const { send, read } = session
  const long = ip(b, 4, 9000)
  await sendTo(session, b, 1)
  await sendTo(session, c, 2)
  await sendTo(session, b, 3)
  await send('in', incoming(long))
  for (let number = 5; number < 105; number++) await sendTo(session, b, number)
  t.equal(read('arp.length'), '104')
  const numbers = Array.from({ length: 100 }, (_, i) => i + 5)
  const expected = [...outTo(b, 1, 3), `out: ${framed(long, etherOf(b))}`, ...outTo(b, ...numbers)]
  t.same(await send('back', reply(b)), expected)
  t.equal(read('arp.length'), '1')
  t.same(await send('back', reply(c)), outTo(c, 2))
  t.equal(read('arp.stats').split('\n')[0], '0 packets killed')
})

t.test('annotations wait with their packet, and elements behind may put bytes before it', { skip }, async (t) => {
  const session = await openSession(
    t,
    `FromDevice(in) -> Strip(14) -> GetIPAddress(16) -> SetVLANAnno(VLAN_ID 9) -> Paint(3) -> [0] arp :: ARPQuerier(${own.ip}, 2:0:0:0:0:1);
     FromDevice(back) -> [1] arp; arp[0] -> p :: PaintSwitch; p[0], p[1], p[2] -> Discard;
     p[3] -> Paint(0) -> VLANEncap(ANNO) -> ToDevice(out); arp[1] -> VLANEncap(ANNO) -> ToDevice(asked)`,
  )
  const tagged = (frame: string): string => `${frame.slice(0, 24)}81000009${frame.slice(24)}`
  t.same(await sendTo(session, b, 0), [`asked: ${tagged(query(b))}`], 'the query has the tag of its packet')
  for (let number = 1; number < 40; number++) await sendTo(session, b, number)
  const expected = Array.from({ length: 40 }, (_, number) => `out: ${tagged(framed(ip(b, number), etherOf(b)))}`)
  t.same(await session.send('back', reply(b)), expected)
})

t.test('with one output, queries leave by it', { skip }, async (t) => {
  const session = await openSession(
    t,
    `FromDevice(in) -> Strip(14) -> GetIPAddress(16) -> [0] arp :: ARPQuerier(${own.ip}, 2:0:0:0:0:1) -> ToDevice(out); FromDevice(back) -> [1] arp`,
  )
  t.same(await sendTo(session, b, 1), [`out: ${query(b)}`])
})

t.test('a packet whose own Ethernet header was not stripped becomes the load of the new one', { skip }, async (t) => {
  const session = await openSession(
    t,
    `FromDevice(in) -> GetIPAddress(30) -> [0] arp :: ARPQuerier(${own.ip}, 2:0:0:0:0:1) -> ToDevice(out); FromDevice(back) -> [1] arp`,
  )
  const whole = incoming(ip(b, 1))
  t.same(await session.send('in', whole), [`out: ${query(b)}`])
  t.same(await session.send('back', reply(b)), [`out: ${framed(whole, etherOf(b))}`])
  t.same(await session.send('in', whole), [`out: ${framed(whole, etherOf(b))}`])
})

t.test('the far end of a tunnel is asked for, and what is in it waits', { skip }, async (t) => {
  const session = await openSession(
    t,
    `FromDevice(in) -> Strip(14) -> IPEncap(4, ${own.ip}, ${b}) -> [0] arp :: ARPQuerier(${own.ip}, 2:0:0:0:0:1) -> ToDevice(out);
     FromDevice(back) -> [1] arp; arp[1] -> ToDevice(asked)`,
  )
  // Headers stay longer than a query: zeros may follow it.
  const [asked = '', ...more] = await sendTo(session, c, 1)
  t.same(more, [])
  t.match(asked, new RegExp(`^asked: ${query(b)}(00)*$`))
  t.match(await session.send('back', reply(b)), [new RegExp(`^out: ${etherOf(b)}${own.ether}0800450000.*${ip(c, 1)}$`)])
  t.match(await sendTo(session, c, 2), [new RegExp(`^out: ${etherOf(b)}${own.ether}0800450000.*${ip(c, 2)}$`)])
})

t.test('broadcast, multicast and no address', { skip }, async (t) => {
  const session = await openSession(t, configuration())
  const { read, write } = session
  const everyone = 'ffffffffffff'
  t.same(await sendTo(session, '10.0.0.255', 1), [`out: ${framed(ip('10.0.0.255', 1), everyone)}`])
  t.same(await sendTo(session, '255.255.255.255', 2), [`out: ${framed(ip('255.255.255.255', 2), everyone)}`])
  t.same(await sendTo(session, '239.129.2.3', 3), [`out: ${framed(ip('239.129.2.3', 3), '01005e010203')}`])
  t.same(await sendTo(session, '0.0.0.0', 4), [])
  t.equal(read('arp.drops'), '1')
  t.equal(read('arp.broadcast'), '10.0.0.255')
  write('arp.ipaddr', '0.0.0.0')
  t.same(await sendTo(session, '10.0.0.255', 5), [], 'without an address of its own it sends nothing')
  t.equal(read('arp.drops'), '2')
  write('arp.ipaddr', '10.0.0.9')
  t.same(await sendTo(session, b, 6), [`asked: ${query(b).replace(hex(own.ip), hex('10.0.0.9'))}`])
  t.equal(read('arp.ipaddr'), '10.0.0.9')
})

t.test('what is no reply teaches nothing', { skip }, async (t) => {
  const session = await openSession(t, configuration())
  const { send, read } = session
  const request = `ffffffffffff${etherOf(b)}0806${arp(1, [b, etherOf(b)], [own.ip, '000000000000'])}`
  const others = [
    request,
    reply(b, '030000000002'),
    reply(b, 'ffffffffffff'),
    reply(b).replace('08060001', '08060006'),
    reply(b).replace('08060001', '08000001'),
    reply(b).slice(0, 82),
  ]
  for (const frame of others) t.same(await send('back', frame), [])
  t.equal(read('arp.table'), '')
  t.equal(read('arp.responses'), '5', 'all but the one that is too short')
})

t.test('an address is asked for ten times a second at most', { skip }, async (t) => {
  const session = await openSession(t, configuration())
  const startMs = performance.now()
  for (let number = 0; performance.now() - startMs < 600; number++) await sendTo(session, b, number)
  const passedMs = performance.now() - startMs
  const queries = Number(session.read('arp.queries'))
  // The kernel's coarse clock moves by some milliseconds at once.
  t.ok(queries >= 2 && queries <= 1 + passedMs / 90, `${queries} queries in ${passedMs} ms`)
})

t.test(
  'after TIMEOUT an address is asked for again, and packets that waited that long are dropped',
  { skip },
  async (t) => {
    const session = await openSession(t, configuration('TIMEOUT 1.5s, POLL_TIMEOUT 0'))
    const { send, read } = session
    await send('back', reply(b))
    t.same(await sendTo(session, b, 1), outTo(b, 1))
    await sleep(1_700)
    t.match(read('arp.table'), /^10\.0\.0\.2 0 02-00-00-00-00-02 /, 'it is not known any more')
    t.same(await sendTo(session, b, 2), [`asked: ${query(b)}`])
    t.same(await send('back', reply(b)), outTo(b, 2))
    await sendTo(session, c, 3)
    await sleep(2_700)
    t.same(await send('back', reply(c)), [])
    t.equal(read('arp.length'), '0')
    t.match(read('arp.stats'), /^1 packets killed\n/)
  },
)

t.test('an address in use is asked for again before it is forgotten', { skip }, async (t) => {
  for (const broadcast of [false, true]) {
    const session = await openSession(t, configuration(`POLL_TIMEOUT 1s, BROADCAST_POLL ${broadcast}`))
    const { send } = session
    await send('back', reply(b))
    t.same(await sendTo(session, b, 1), outTo(b, 1))
    await sleep(1_200)
    const asked = `asked: ${query(b, broadcast ? 'ffffffffffff' : etherOf(b))}`
    t.same(await sendTo(session, b, 2), [asked, ...outTo(b, 2)], 'the query goes first')
    t.same(await sendTo(session, b, 3), outTo(b, 3), 'and not at once again')
    await send('back', reply(b))
    t.same(await sendTo(session, b, 4), outTo(b, 4))
  }
})

t.test('ENTRY_PACKET_CAPACITY keeps those that came first', { skip }, async (t) => {
  const session = await openSession(t, configuration('ENTRY_PACKET_CAPACITY 10'))
  for (let number = 0; number < 50; number++) {
    await sendTo(session, b, number)
    await sendTo(session, c, number)
  }
  t.equal(session.read('arp.length'), '20')
  t.match(session.read('arp.stats'), /^80 packets killed\n/)
  const first = Array.from({ length: 10 }, (_, i) => i)
  t.same(await session.send('back', reply(c)), outTo(c, ...first))
  t.same(await session.send('back', reply(b)), outTo(b, ...first))
})

t.test('beyond CAPACITY, those that came first are dropped, down to half of it', { skip }, async (t) => {
  const session = await openSession(t, configuration('CAPACITY 10'))
  for (let number = 0; number < 100; number++) await sendTo(session, b, number)
  t.equal(session.read('arp.length'), '10')
  t.match(session.read('arp.stats'), /^90 packets killed\n/)
  await sendTo(session, b, 100)
  t.equal(session.read('arp.length'), '5')
  t.same(await session.send('back', reply(b)), outTo(b, 96, 97, 98, 99, 100))
})

t.test('a ring that goes round drops what has waited longest, and no more waits than fits', { skip }, async (t) => {
  const session = await openSession(t, configuration())
  await sendTo(session, b, 1)
  for (let number = 0; number < 300; number++) {
    await sendTo(session, c, number)
    if (number % 20 === 19) await session.send('back', reply(c))
    if (number % 20 === 19) session.write('arp.delete', c)
  }
  t.equal(session.read('arp.length'), '0')
  t.match(session.read('arp.stats'), /^1 packets killed\n/)
  t.same(await session.send('back', reply(b)), [])
  for (let number = 0; number < 400; number++) await sendTo(session, d, number)
  const length = Number(session.read('arp.length'))
  t.ok(length > 100 && length <= 256, `${length} wait`)
  const last = Array.from({ length }, (_, i) => 400 - length + i)
  t.same(await session.send('back', reply(d)), outTo(d, ...last))
})

t.test('beyond ENTRY_CAPACITY the oldest address goes, with what waits for it', { skip }, async (t) => {
  const session = await openSession(t, configuration('ENTRY_CAPACITY 2'))
  await sendTo(session, b, 1)
  await sleep(20)
  await sendTo(session, c, 2)
  await sleep(20)
  await sendTo(session, d, 3)
  t.equal(session.read('arp.count'), '2')
  t.match(session.read('arp.table'), /^10\.0\.0\.3 .*\n10\.0\.0\.4 .*\n$/)
  t.equal(session.read('arp.length'), '2')
  t.match(session.read('arp.stats'), /^1 packets killed\n/)
  t.same(await session.send('back', reply(c)), outTo(c, 2))
  await sleep(20)
  t.same(await session.send('back', reply(b)), [], 'and now the one that nobody has answered for')
  t.match(session.read('arp.table'), /^10\.0\.0\.3 1 .*\n10\.0\.0\.2 1 .*\n$/)
})

t.test('handlers insert, delete and clear', { skip }, async (t) => {
  const session = await openSession(t, configuration())
  const { read, write } = session
  write('arp.insert', `${b} ${'02-00-00-00-00-02'}`)
  t.same(await sendTo(session, b, 1), outTo(b, 1))
  write('arp.delete', b)
  t.match(read('arp.table'), /^10\.0\.0\.2 0 FF-FF-FF-FF-FF-FF /)
  t.same(await sendTo(session, b, 2), [`asked: ${query(b)}`])
  await sendTo(session, c, 3)
  t.equal(read('arp.count'), '2')
  write('arp.clear', '')
  t.equal(read('arp.count'), '0')
  t.equal(read('arp.length'), '0')
  t.equal(read('arp.stats'), '2 packets killed\n0 ARP queries sent\n')
  t.same(await session.send('back', reply(b)), [])
  t.throws(() => write('arp.insert', b), { message: /missing mandatory ETH argument/ })
  t.throws(() => write('arp.insert', 'nobody 2:0:0:0:0:1'), { message: /invalid IP address/ })
  t.throws(() => write('arp.delete', ''), { message: /missing mandatory IP argument/ })
})
