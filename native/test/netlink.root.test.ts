/** What needs a network namespace of its own: links made and watched, large dumps, lost messages, taps. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { loadNetlink, type NetlinkSocket } from '../netlink.ts'
import {
  acknowledgement,
  addLink,
  deleteLink,
  dumpLinks,
  linkName,
  type Message,
  RTM_DELLINK,
  RTM_NEWLINK,
} from './support/messages.ts'
import { makeNamespace, openTestSocket } from './support/network.ts'
import { openDescriptors, until } from './support/process.ts'

const skip = process.getuid?.() === 0 ? false : 'needs root'
t.setTimeout(300_000)

const run = promisify(execFile)
const netlink = loadNetlink()
const RTNLGRP_LINK = 1

const namesOf = (messages: readonly Message[]): readonly string[] =>
  messages.filter(({ type }) => type === RTM_NEWLINK).map(linkName)

const fresh = async (t: Test, groups: readonly number[] = []) => {
  const { path, release } = await makeNamespace()
  t.teardown(release)
  const opened = openTestSocket({ namespace: path, groups })
  t.teardown(() => opened.socket.close())
  return { ...opened, path }
}

t.test('a socket lives in the namespace that it was opened in, and this process in its own', { skip }, async (t) => {
  const { request } = await fresh(t)
  const own = openTestSocket()
  t.teardown(() => own.socket.close())
  const [made] = await request(1, addLink(1, 'weft-there', 'bridge'))
  t.match(made && acknowledgement(made), { errno: 0 })
  t.ok(namesOf(await request(2, dumpLinks(2))).includes('weft-there'))
  t.notOk(namesOf(await own.request(3, dumpLinks(3))).includes('weft-there'))
})

t.test(
  '200 bridges are made with all requests in flight, and a dump has them all in large datagrams',
  { skip },
  async (t) => {
    const { request, sizes, errors } = await fresh(t)
    const names = Array.from({ length: 200 }, (_, index) => `br${index}`)
    const made = await Promise.all(names.map((name, index) => request(index + 1, addLink(index + 1, name, 'bridge'))))
    t.ok(made.every(([answer]) => answer && acknowledgement(answer).errno === 0))
    sizes.length = 0
    const found = namesOf(await request(1000, dumpLinks(1000)))
    t.same([...found].filter((name) => name.startsWith('br')).sort(), [...names].sort())
    t.ok(Math.max(...sizes) > 16_384, `the largest datagram has ${Math.max(...sizes)} bytes`)
    t.same(errors, [])
  },
)

t.test('one datagram of many messages is answered message by message', { skip }, async (t) => {
  const { request } = await fresh(t)
  const messages = Array.from({ length: 100 }, (_, index) => addLink(index + 1, `br${index}`, 'bridge'))
  // The last request carries all: its own answer comes after those of the others, which are events to the helper.
  const [last] = await request(100, Buffer.concat(messages))
  t.match(last && acknowledgement(last), { errno: 0 })
  t.equal(namesOf(await request(200, dumpLinks(200))).filter((name) => name.startsWith('br')).length, 100)
})

t.test('the kernel says in words what it refuses', { skip }, async (t) => {
  const { request } = await fresh(t)
  const [unknown] = await request(1, addLink(1, 'x', 'no-such-kind'))
  t.match(unknown && acknowledgement(unknown), { errno: 95 /* EOPNOTSUPP */, text: 'Unknown device type' })
})

t.test('groups are joined at once or later, and left', { skip }, async (t) => {
  const { socket, request, events, path } = await fresh(t)
  const listener = openTestSocket({ namespace: path, groups: [RTNLGRP_LINK] })
  t.teardown(() => listener.socket.close())

  await request(1, addLink(1, 'first', 'bridge'))
  t.ok(await until(() => namesOf(listener.events).includes('first')))
  t.same(events, [], 'who did not join hears nothing')

  socket.join(RTNLGRP_LINK)
  await request(2, addLink(2, 'second', 'bridge'))
  t.ok(await until(() => namesOf(events).includes('second')))
  t.ok(await until(() => namesOf(listener.events).includes('second')))

  socket.leave(RTNLGRP_LINK)
  await request(3, deleteLink(3, 'first'))
  t.ok(await until(() => listener.events.some((event) => event.type === RTM_DELLINK && linkName(event) === 'first')))
  t.notOk(events.some(({ type }) => type === RTM_DELLINK))
})

t.test('lost messages are told as ENOBUFS, and the socket goes on', { skip }, async (t) => {
  const { request, path } = await fresh(t)
  const errors: (string | undefined)[] = []
  const heard: Buffer[] = []
  const slow: NetlinkSocket = netlink.open(0, {
    namespace: path,
    groups: [RTNLGRP_LINK],
    receiveBufferBytes: 4096,
    onDatagram: (datagram) => heard.push(datagram),
    onError: (error) => errors.push(error.code),
  })
  t.teardown(() => slow.close())
  // Sent in one turn of the loop: the events pile up unread.
  await Promise.all(
    Array.from({ length: 50 }, (_, index) => request(index + 1, addLink(index + 1, `br${index}`, 'bridge'))),
  )
  t.ok(await until(() => errors.length > 0))
  t.ok(errors.every((code) => code === 'ENOBUFS'))
  t.equal(slow.closed, false)

  await until(() => false, 100)
  const before = heard.length
  await request(100, addLink(100, 'after', 'bridge'))
  t.ok(await until(() => heard.length > before), 'it hears again')
})

t.test('what is no message of the kernel is not delivered', { skip }, async (t) => {
  const heard: Buffer[] = []
  const socket = netlink.open(0, { onDatagram: (datagram) => heard.push(datagram), onError: () => {} })
  t.teardown(() => socket.close())
  // A process of root may write to any port id.
  const forge = `import socket, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.sendto(b"\\x14\\0\\0\\0\\x02\\0\\0\\0" + b"\\0" * 12, (${socket.portId}, 0))`
  await run('python3', ['-c', forge])
  socket.send(dumpLinks(1))
  t.ok(await until(() => heard.length > 0))
  t.ok(
    heard.every((datagram) => datagram.readUInt32LE(8) === 1),
    'only what was asked for',
  )
})

t.test('a tap is made in the namespace, stays, and is deleted as a link', { skip }, async (t) => {
  const { request, path } = await fresh(t)
  const before = openDescriptors()
  netlink.createTap('vif1.0', { namespace: path })
  netlink.createTap('vif1.1', { namespace: path, vnetHeader: true })
  t.equal(openDescriptors(), before)
  const names = namesOf(await request(1, dumpLinks(1)))
  t.ok(names.includes('vif1.0') && names.includes('vif1.1'))
  netlink.createTap('vif1.0', { namespace: path })
  const [deleted] = await request(2, deleteLink(2, 'vif1.0'))
  t.match(deleted && acknowledgement(deleted), { errno: 0 })
  t.notOk(namesOf(await request(3, dumpLinks(3))).includes('vif1.0'))
})

t.test('a name that is taken is refused', { skip }, async (t) => {
  const { request, path } = await fresh(t)
  await request(1, addLink(1, 'br0', 'bridge'))
  t.throws(() => netlink.createTap('br0', { namespace: path }), { code: 'EINVAL', syscall: 'ioctl', subject: 'br0' })

  const hold = `import fcntl, os, struct, sys, time
f = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(f, 0x400454ca, struct.pack("16sH22x", b"tap0", 0x1002))
print("held", flush=True)
time.sleep(600)`
  const holder = spawn('nsenter', [`--net=${path}`, 'python3', '-c', hold], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(holder, 'exit')
  t.teardown(async () => {
    holder.kill('SIGKILL')
    await ended
  })
  await once(holder.stdout, 'data')
  t.throws(() => netlink.createTap('tap0', { namespace: path }), { code: 'EBUSY', syscall: 'ioctl', subject: 'tap0' })
})

t.test('a namespace is also named by a descriptor', { skip }, async (t) => {
  const { path } = await fresh(t)
  const descriptor = openSync(path, 'r')
  const { socket, request } = openTestSocket({ namespace: `/proc/self/fd/${descriptor}` })
  t.teardown(() => socket.close())
  closeSync(descriptor)
  t.same(namesOf(await request(1, dumpLinks(1))), ['lo'])
})
