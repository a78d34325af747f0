/** Requests and answers with the real kernel, each test in a namespace of its own. */
import { execFile, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { loadNetlink } from '../../../native/netlink.ts'
import { messageFlag } from '../codec/message.ts'
import { openEthtool } from '../ethtool.ts'
import { decodeLink } from '../link/link.ts'
import { addLink, deleteLink, dumpLinks, getLink, setLink } from '../link/requests.ts'
import { openRoute, type RouteSocket } from '../route.ts'
import { NetlinkError } from '../socket/error.ts'
import { openMonitor, routeGroup } from '../socket/monitor.ts'

t.setTimeout(300_000)
const problem = process.getuid?.() === 0 ? false : 'needs root'
const run = promisify(execFile)
let count = 0

const namespace = async (t: Test): Promise<{ readonly name: string; readonly path: string }> => {
  count += 1
  const name = `weft-nl-${process.pid}-${count}`
  await run('ip', ['netns', 'add', name])
  t.teardown(() => run('ip', ['netns', 'del', name]))
  return { name, path: `/run/netns/${name}` }
}

const open = (t: Test, path: string): RouteSocket => {
  const route = openRoute({ namespace: path })
  t.teardown(() => route.close())
  return route
}

/** Whether a process has entered a namespace yet. */
const inNamespace = async (pid: number, path: string): Promise<boolean> =>
  (await stat(`/proc/${pid}/ns/net`)).ino === (await stat(path)).ino

const bridge = (name: string) => addLink({ name, info: { kind: 'bridge' } })

t.test(
  'a batch is done in order, each request has its own outcome, a failure stops nothing',
  { skip: problem },
  async (t) => {
    const route = open(t, (await namespace(t)).path)
    const [made, again, other, found] = await route.batch([bridge('b1'), bridge('b1'), bridge('b2'), getLink('b2')])
    t.notOk(made instanceof NetlinkError)
    t.match(again, {
      name: 'NetlinkError',
      code: 'EEXIST',
      errno: 17,
      operation: 'link add',
      subject: 'b1 type bridge',
    })
    t.notOk(other instanceof NetlinkError)
    if (found === undefined || found instanceof NetlinkError || found.messages[0] === undefined)
      throw new Error('not found')
    t.equal(decodeLink(found.messages[0]).name, 'b2')
  },
)

t.test('thousands of requests and dumps in flight at once all get their own answer', { skip: problem }, async (t) => {
  const route = open(t, (await namespace(t)).path)
  const before = (await route.links()).length
  const names = Array.from({ length: 300 }, (_, number) => `b${number}`)
  const makes = route.batch(names.map(bridge))
  const singles = names.map((name) => route.request(getLink(name)))
  const dumps = [route.links(), route.links(), route.links()]
  t.equal((await makes).filter((outcome) => outcome instanceof NetlinkError).length, 0)
  const read = (await Promise.all(singles)).map(({ messages }) => messages[0] && decodeLink(messages[0]).name)
  t.same(read, names)
  for (const links of await Promise.all(dumps)) t.ok(links.length >= 1)
  t.equal((await route.links()).length, names.length + before)
})

t.test('short dumps that follow one another, between requests, leave the socket open', { skip: problem }, async (t) => {
  const { path } = await namespace(t)
  const ask = async (): Promise<void> => {
    for (let round = 0; round < 1500; round++) {
      const route = openRoute({ namespace: path })
      await route.links()
      await route.qdiscs()
      await Promise.all([route.link('lo'), route.qdiscs(), route.link('lo'), route.links()])
      route.close()
    }
  }
  await t.resolves(Promise.all([ask(), ask(), ask()]))
})

t.test('a dump that is interrupted by changes is repeated until it is whole', { skip: problem }, async (t) => {
  const { path } = await namespace(t)
  const [reader, writer] = [open(t, path), open(t, path)]
  const many = Array.from({ length: 100 }, (_, number) => `b${number}`)
  await writer.batch(many.map(bridge))
  for (let round = 0; round < 20; round++) {
    const reading = reader.dump(dumpLinks(false))
    // A link goes and comes between the parts of the dump, which the kernel then marks as inconsistent.
    for (let change = 0; change < 3; change++) await writer.batch([deleteLink('b0'), bridge('b0')])
    const messages = await reading
    t.notOk(messages.some(({ flags }) => (flags & messageFlag.dumpInterrupted) !== 0))
    const names = new Set(messages.map((message) => decodeLink(message).name))
    t.ok(many.slice(1).every((name) => names.has(name)))
  }
})

t.test('the kernel explains what it refuses', { skip: problem }, async (t) => {
  const route = open(t, (await namespace(t)).path)
  const wrong = { kind: 'vxlan', identifier: 0x100_0000, remote: '192.0.2.1' } as const
  await t.rejects(route.addLink({ name: 'v', info: wrong }), {
    code: 'ERANGE',
    operation: 'link add',
    subject: 'v type vxlan',
    extendedAck: { message: /VXLAN ID/, offset: Number },
    message: /^link add v type vxlan: ERANGE \(VXLAN ID .*at offset/,
  })
  await t.rejects(route.setLink('nobody', { mtu: 1400 }), { code: 'ENODEV', operation: 'link set', subject: 'nobody' })
  await t.rejects(route.deleteLink(99), { code: 'ENODEV', operation: 'link del' })
  t.equal(await route.link('nobody'), undefined)
  t.throws(() => openRoute({ namespace: '/run/netns/nobody' }), { name: 'NetlinkError', code: 'ENOENT' })
})

t.test('links of every kind that is typed are made, changed, moved and read back', { skip: problem }, async (t) => {
  const [here, there] = [await namespace(t), await namespace(t)]
  const route = open(t, here.path)
  const far = open(t, there.path)
  await route.addLink({ name: 'br', mac: '02:00:00:00:00:01', info: { kind: 'bridge', multicastSnooping: false } })
  const info = {
    kind: 'vxlan',
    identifier: 7,
    remote: '192.0.2.2',
    local: '192.0.2.1',
    port: 4789,
    learning: false,
  } as const
  await route.addLink({ name: 'vx', mtu: 1400, info })
  const fd = openSync(there.path, 'r')
  await route.addLink({ name: 've', info: { kind: 'veth', peer: { name: 'far', mtu: 1300, namespace: { fd } } } })
  closeSync(fd)
  const index = (await route.link('br'))?.index ?? 0
  await route.setLink('vx', { master: index, alias: 'an alias', addressGeneration: 1, up: true })
  await route.setLink('vx', { port: { learning: false, isolated: true, groupForwardMask: 0xfffd } })
  await route.setLink('vx', { info: { kind: 'vxlan', remote: '192.0.2.3' } })
  await route.setLink('br', { info: { kind: 'bridge', ageingTicks: 1000 } })

  t.match(await route.link('br'), {
    mac: '02:00:00:00:00:01',
    info: { kind: 'bridge', multicastSnooping: false, ageingTicks: 1000 },
  })
  t.match(await route.link('vx'), {
    up: true,
    mtu: 1400,
    alias: 'an alias',
    master: index,
    addressGeneration: 1,
    info: { ...info, remote: '192.0.2.3' },
    port: { kind: 'bridge', learning: false, isolated: true, groupForwardMask: 0xfffd },
  })
  t.match(await far.link('far'), { mtu: 1300, info: { kind: 'veth' } })
  t.match(await route.link('ve'), { info: { kind: 'veth' }, lowerNamespace: Number })

  await route.setLink('vx', { alias: '', master: 0 })
  t.match(await route.link('vx'), { alias: '', master: 0, port: undefined })
  await far.setLink('far', { up: true })
  await far.setLink('far', { up: false })
  // Down first: before Linux 6.2 no interface that is up is renamed.
  await far.setLink((await far.link('far'))?.index ?? 0, { name: 'renamed' })
  const holder = spawn('ip', ['netns', 'exec', here.name, 'sleep', '600'], { stdio: 'ignore' })
  t.teardown(() => holder.kill('SIGKILL'))
  const pid = holder.pid ?? 0
  while (!(await inNamespace(pid, here.path))) await new Promise((resolve) => setTimeout(resolve, 10))
  await far.setLink('renamed', { namespace: { pid } })
  t.equal(await far.link('renamed'), undefined)
  t.match(await route.link('renamed'), { mtu: 1300, up: false })
  await route.deleteLink('ve')
})

t.test('a tap that the addon made is read and deleted as a link', { skip: problem }, async (t) => {
  const { path } = await namespace(t)
  const route = open(t, path)
  loadNetlink().createTap('tap0', { namespace: path, vnetHeader: true })
  t.match(await route.link('tap0'), { hardware: 1, info: { kind: 'tun', type: 2, vnetHeader: true, persistent: true } })
  await route.deleteLink('tap0')
  t.equal(await route.link('tap0'), undefined)
})

t.test('addresses, routes and neighbours come and go', { skip: problem }, async (t) => {
  const route = open(t, (await namespace(t)).path)
  await route.addLink({ name: 'br', info: { kind: 'bridge' } })
  await route.setLink('br', { up: true, addressGeneration: 1 })
  const index = (await route.link('br'))?.index ?? 0
  for (const prefix of ['10.0.0.1/24', 'fd00::1/64']) {
    await route.addAddress(index, prefix)
    await route.addAddress(index, prefix)
  }
  await route.addRoute({ destination: '10.9.0.0/16', gateway: '10.0.0.2', index, metric: 7 })
  await route.addRoute({ destination: '::/0', gateway: 'fd00::2' })
  await route.addRoute({ destination: '10.8.0.0/16', index })
  await route.addNeighbour(index, '10.0.0.9', '02:00:00:00:00:09')
  const own = (await route.addresses()).filter((address) => address.index === index)
  t.same(
    own.filter(({ scope }) => scope === 0).map(({ address }) => address),
    ['10.0.0.1/24', 'fd00::1/64'],
  )
  const routes = await route.routes()
  t.match(
    routes.find(({ destination }) => destination === '10.9.0.0/16'),
    { gateway: '10.0.0.2', index, metric: 7, protocol: 4 },
  )
  t.match(
    routes.find(({ destination, kind }) => destination === '::/0' && kind === 1),
    { gateway: 'fd00::2', index },
  )
  t.ok((await route.routesOf(index)).some(({ destination }) => destination === '10.8.0.0/16'))
  t.same(await route.routesOf(9999), [])
  t.match(
    (await route.neighbours()).find(({ address }) => address === '10.0.0.9'),
    { mac: '02:00:00:00:00:09', index },
  )
  t.ok((await route.forwarding()).length > 0)

  await route.deleteNeighbour(index, '10.0.0.9')
  await route.deleteRoute({ destination: '10.9.0.0/16', gateway: '10.0.0.2' })
  await route.deleteAddress(index, '10.0.0.1/24')
  t.notOk((await route.routes()).some(({ destination }) => destination === '10.9.0.0/16'))
  await t.rejects(route.deleteAddress(index, '10.0.0.1/24'), { code: 'EADDRNOTAVAIL' })
  await t.rejects(route.deleteRoute({ destination: '10.9.0.0/16' }), { code: 'ESRCH' })
})

t.test('a monitor hears what changes and is silent after it was closed', { skip: problem }, async (t) => {
  const { path } = await namespace(t)
  const route = open(t, path)
  const heard: string[] = []
  const monitor = openMonitor(0, {
    namespace: path,
    groups: [routeGroup.link],
    onMessage: (message) => heard.push(`${message.type === 16 ? 'new' : 'del'} ${decodeLink(message).name}`),
    onLost: (error) => t.fail(error.message),
  })
  await route.addLink({ name: 'b1', info: { kind: 'bridge' } })
  await route.deleteLink('b1')
  while (!heard.includes('del b1')) await new Promise((resolve) => setTimeout(resolve, 10))
  t.equal(heard[0], 'new b1')
  monitor.close()
  const before = heard.length
  await route.addLink({ name: 'b2', info: { kind: 'bridge' } })
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.equal(heard.length, before)
})

t.test('a closed connection rejects what is in flight and what comes', { skip: problem }, async (t) => {
  const route = openRoute({ namespace: (await namespace(t)).path })
  const pending = route.links()
  route.close()
  route.close()
  t.ok(route.closed)
  await t.rejects(pending, { code: 'ECANCELED' })
  await t.rejects(route.request(getLink('lo')), { code: 'ECANCELED', operation: 'link show', subject: 'lo' })
  t.match(await route.batch([setLink('lo', { up: true })]), [{ code: 'ECANCELED' }])
  await t.rejects(route.dump(dumpLinks(false)), { code: 'ECANCELED' })
})

t.test('the speed of an interface', { skip: problem }, async (t) => {
  const { path } = await namespace(t)
  const route = open(t, path)
  await route.addLink({ name: 've', info: { kind: 'veth', peer: { name: 'peer' } } })
  await route.addLink({ name: 'br', info: { kind: 'bridge' } })
  const ethtool = await openEthtool({ namespace: path })
  t.equal(await ethtool.speed('ve'), 10e9)
  t.equal(await ethtool.speed('br'), 0)
  t.equal(await ethtool.speed('nobody'), 0)
  ethtool.close()
})
