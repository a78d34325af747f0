import t from 'tap'
import { loadNetlink, type NetlinkAddon, type NetlinkOptions, type NetlinkSocket } from '../netlink.ts'
import { acknowledgement, addLink, dumpLinks, getLink, linkName, RTM_NEWLINK } from './support/messages.ts'
import { openTestSocket } from './support/network.ts'
import { openDescriptors, until } from './support/process.ts'

const netlink = loadNetlink()
const ignore: NetlinkOptions = { onDatagram: () => {}, onError: () => {} }

/** The declared surface: the compiler holds it against the interfaces, the test against the addon. */
const members: Record<keyof NetlinkSocket, 'value' | 'function'> = {
  portId: 'value',
  closed: 'value',
  send: 'function',
  sendLater: 'function',
  join: 'function',
  leave: 'function',
  ref: 'function',
  unref: 'function',
  close: 'function',
}
const exported: Record<keyof NetlinkAddon, true> = { open: true, createTap: true }

t.test('what is exported is what is declared', async (t) => {
  t.same(Object.keys(netlink).sort(), Object.keys(exported).sort())
  const socket = netlink.open(0, ignore)
  const prototype = Object.getPrototypeOf(socket)
  const found = Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name]) => name !== 'constructor')
    .map(([name, { value }]) => [name, typeof value === 'function' ? 'function' : 'value'])
  t.same(Object.fromEntries(found), members)
  t.same(Object.keys(socket), [])
  t.type(socket.portId, 'number')
  t.equal(socket.closed, false)
  socket.close()
})

t.test('a dump of links answers with the loopback interface', async (t) => {
  const { socket, request } = openTestSocket()
  t.teardown(() => socket.close())
  const links = (await request(1, dumpLinks(1))).filter(({ type }) => type === RTM_NEWLINK)
  t.ok(links.map(linkName).includes('lo'))
})

t.test('answers to many requests in flight find their way by sequence number', async (t) => {
  const { socket, request } = openTestSocket()
  t.teardown(() => socket.close())
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, index) => request(index + 1, getLink(index + 1, 1_000_000 + index))),
  )
  t.ok(answers.every((messages, index) => messages.every(({ sequence }) => sequence === index + 1)))
  t.ok(answers.every(([message]) => message && acknowledgement(message).errno === 19 /* ENODEV */))
})

t.test('two sockets of a process have port ids of their own', async (t) => {
  const sockets = Array.from({ length: 5 }, () => netlink.open(0, ignore))
  t.equal(new Set(sockets.map(({ portId }) => portId)).size, 5)
  for (const socket of sockets) socket.close()
})

t.test('a closed socket says so, closes again without complaint, and gives its descriptor back', async (t) => {
  const before = openDescriptors()
  const sockets = Array.from({ length: 50 }, () => netlink.open(0, ignore))
  t.equal(openDescriptors(), before + 50)
  for (const socket of sockets) socket.close()
  t.equal(openDescriptors(), before)

  const [socket] = sockets
  if (!socket) throw new Error('no socket')
  t.equal(socket.closed, true)
  socket.close()
  socket.ref()
  socket.unref()
  const closed = { code: 'EBADF', errno: -9, message: /closed socket/ }
  t.throws(() => socket.send(dumpLinks(1)), { ...closed, syscall: 'sendto' })
  t.throws(() => socket.sendLater(dumpLinks(1)), { ...closed, syscall: 'sendto' })
  t.throws(() => socket.join(1), { ...closed, syscall: 'setsockopt' })
  t.throws(() => socket.leave(1), { ...closed, syscall: 'setsockopt' })
})

t.test('nothing is called back after close, also where more has arrived', async (t) => {
  let calls = 0
  const socket = netlink.open(0, {
    ...ignore,
    onDatagram: () => {
      calls++
      socket.close()
    },
  })
  for (let sequence = 1; sequence <= 20; sequence++) socket.send(getLink(sequence, 1))
  t.ok(await until(() => calls > 0))
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(calls, 1)

  const silent = netlink.open(0, { ...ignore, onDatagram: () => calls++ })
  silent.send(getLink(1, 1))
  silent.close()
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(calls, 1)
})

t.test('what is sent on another thread is answered, one datagram after the other', async (t) => {
  const sequences: number[] = []
  const socket = netlink.open(0, { ...ignore, onDatagram: (datagram) => sequences.push(datagram.readUInt32LE(8)) })
  t.teardown(() => socket.close())
  for (let sequence = 1; sequence <= 20; sequence++) await socket.sendLater(getLink(sequence, 1))
  t.ok(await until(() => sequences.length === 20))
  t.same(
    sequences,
    Array.from({ length: 20 }, (_, position) => position + 1),
  )
})

t.test(
  'what is being sent when its socket is closed goes to no other file, and holds nothing afterwards',
  async (t) => {
    const before = openDescriptors()
    let calls = 0
    const sent: Promise<void>[] = []
    for (let count = 0; count < 50; count++) {
      const socket = netlink.open(0, { ...ignore, onDatagram: () => calls++ })
      sent.push(socket.sendLater(dumpLinks(1)))
      socket.close()
    }
    await Promise.all(sent)
    t.equal(calls, 0)
    t.equal(openDescriptors(), before)
  },
)

t.test('a datagram is the buffer of who gets it: later ones do not change it', async (t) => {
  const datagrams: Buffer[] = []
  const socket = netlink.open(0, { ...ignore, onDatagram: (datagram) => datagrams.push(datagram) })
  t.teardown(() => socket.close())
  socket.send(getLink(1, 1))
  t.ok(await until(() => datagrams.length === 1))
  const copy = Buffer.from(datagrams[0] ?? [])
  socket.send(getLink(2, 1))
  t.ok(await until(() => datagrams.length === 2))
  t.same(datagrams[0], copy)
  t.not(datagrams[0]?.buffer, datagrams[1]?.buffer)
})

t.test('a refused system call names itself, the errno and what it was about', async (t) => {
  t.throws(() => netlink.open(31, ignore), { code: 'EPROTONOSUPPORT', errno: -93, syscall: 'socket' })
  t.throws(() => netlink.open(0, { ...ignore, groups: [9999] }), {
    code: 'EINVAL',
    syscall: 'setsockopt',
    subject: 'group 9999',
  })
  t.throws(() => netlink.open(0, { ...ignore, namespace: '/nowhere' }), {
    code: 'ENOENT',
    syscall: 'open',
    subject: '/nowhere',
    message: "ENOENT: no such file or directory, open '/nowhere'",
  })
  t.throws(() => netlink.open(0, { ...ignore, namespace: '/dev/null' }), {
    code: 'EINVAL',
    syscall: 'setns',
    subject: '/dev/null',
  })
  const socket = netlink.open(0, ignore)
  t.throws(() => socket.send(Buffer.alloc(64 << 20)), { code: 'EMSGSIZE', syscall: 'sendto' })
  await t.rejects(socket.sendLater(Buffer.alloc(64 << 20)), { code: 'EMSGSIZE', errno: -90, syscall: 'sendto' })
  socket.close()
  t.throws(() => netlink.createTap(''), { code: 'EINVAL', syscall: 'ioctl' })
  t.throws(() => netlink.createTap('sixteen-letters-'), { code: 'EINVAL', subject: 'sixteen-letters-' })
  t.throws(() => netlink.createTap('tap%d'), { code: 'EINVAL' }, 'the kernel would take it as a pattern')
})

t.test('what a refused call opened is closed', async (t) => {
  const before = openDescriptors()
  for (let count = 0; count < 50; count++) {
    t.throws(() => netlink.open(0, { ...ignore, groups: [1, 9999] }))
    t.throws(() => netlink.open(0, { ...ignore, namespace: '/dev/null' }))
  }
  t.equal(openDescriptors(), before)
})

t.test('arguments of the wrong kind are refused by name', async (t) => {
  const wrong = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }
  const open = netlink.open as (protocol: unknown, options?: unknown) => NetlinkSocket
  t.throws(() => open(0), { ...wrong, message: /'options'/ })
  t.throws(() => open(0, {}), { ...wrong, message: /'options.onDatagram'/ })
  t.throws(() => open(0, { onDatagram: () => {} }), { ...wrong, message: /'options.onError'/ })
  t.throws(() => open('route', ignore), { ...wrong, message: /'protocol'/ })
  t.throws(() => open(-1, ignore), range)
  t.throws(() => open(0.5, ignore), range)
  t.throws(() => open(Number.NaN, ignore), range)
  t.throws(() => open(0, { ...ignore, groups: 1 }), { ...wrong, message: /'options.groups'/ })
  t.throws(() => open(0, { ...ignore, groups: [1, 'x'] }), { ...wrong, message: /'options.groups\[1\]'/ })
  t.throws(() => open(0, { ...ignore, receiveBufferBytes: 2 ** 31 }), range)
  t.throws(() => open(0, { ...ignore, namespace: 'a\0b' }), { ...range, message: /'options.namespace'/ })
  t.throws(() => netlink.createTap(1 as unknown as string), { ...wrong, message: /'name'/ })
  t.throws(() => netlink.createTap('t', { vnetHeader: 1 as unknown as boolean }), wrong)

  const socket = netlink.open(0, ignore)
  t.teardown(() => socket.close())
  t.throws(() => socket.send('text' as unknown as Buffer), { ...wrong, message: /'datagram'/ })
  t.throws(() => socket.send(new Uint16Array(8) as unknown as Buffer), wrong)
  t.throws(() => socket.sendLater('text' as unknown as Buffer), { ...wrong, message: /'datagram'/ })
  t.throws(() => socket.join(-1), range)
})

t.test('a getter that throws is the error of the call', async (t) => {
  const options = {
    ...ignore,
    get groups(): number[] {
      throw new Error('from the getter')
    },
  }
  t.throws(() => netlink.open(0, options), { message: 'from the getter' })
})

t.test('methods refuse what is not a socket', async (t) => {
  const socket = netlink.open(0, ignore)
  t.teardown(() => socket.close())
  const { send } = socket
  for (const receiver of [undefined, null, {}, 1, Object.create(socket)]) {
    t.throws(() => Reflect.apply(send, receiver, [dumpLinks(1)]), TypeError)
  }
  t.throws(() => Reflect.get(Object.getPrototypeOf(socket), 'portId'), Error)
  const Socket = socket.constructor as { new (): NetlinkSocket; (): NetlinkSocket }
  t.throws(() => Socket(), TypeError)
  t.throws(() => new Socket(), { code: 'ERR_INVALID_ARG_TYPE' })
})

t.test('a view of a larger buffer is sent as the view is', async (t) => {
  const { socket, request } = openTestSocket()
  t.teardown(() => socket.close())
  const bytes = dumpLinks(7)
  const larger = Buffer.alloc(bytes.length + 20, 0xff)
  bytes.copy(larger, 10)
  const answers = await request(7, larger.subarray(10, 10 + bytes.length))
  t.ok(answers.some(({ type }) => type === RTM_NEWLINK))
})

t.test(
  'a link cannot be made without the right to',
  { skip: process.getuid?.() === 0 && 'runs as root' },
  async (t) => {
    const { socket, request } = openTestSocket()
    t.teardown(() => socket.close())
    const [answer] = await request(1, addLink(1, 'weft-none', 'bridge'))
    t.match(answer && acknowledgement(answer), { errno: 1 /* EPERM */ })
  },
)
