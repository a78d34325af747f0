/** Containers of a libvirtd of its own, on a virtual host; and what becomes of a connection whose daemon hangs or dies. */
import { closeSync, readFileSync, readlinkSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { VirtualHost } from '../../lab/host/host.ts'
import { childrenOf } from '../../lab/processes.ts'
import { labProblem, withVirtualHost } from '../../lab/testing.ts'
import type { ConnectOptions, DomainEvent, DomainSummary, LibvirtConnection, LibvirtError } from '../libvirt.ts'
import { libvirt, libvirtProblem, lifecycle, state } from './support/libvirt.ts'
import { dumpLinks, linkName, RTM_NEWLINK } from './support/messages.ts'
import { openTestSocket } from './support/network.ts'
import { openDescriptors, runFixture, until } from './support/process.ts'

const skip = labProblem() || libvirtProblem()
const qemuProblem = labProblem(['qemu']) || libvirtProblem()
t.setTimeout(600_000)

const metadataUri = 'https://example.org/metadata/1'
const live = 1

const container = (name: string): string => `<domain type='lxc'>
  <name>${name}</name>
  <metadata><test:mark xmlns:test='${metadataUri}'>${name}</test:mark></metadata>
  <memory unit='MiB'>64</memory>
  <os><type>exe</type><init>/bin/sleep</init><initarg>infinity</initarg></os>
  <devices><console type='pty'/></devices>
</domain>`

/** No disk and no kernel: it runs its firmware, and a USB device needs no guest to be unplugged. */
const virtualMachine = (name: string): string => `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory>
  <os><type machine='pc'>hvm</type></os>
  <devices><controller type='usb' model='qemu-xhci'/><memballoon model='none'/></devices>
</domain>`

const connect = async (t: Test, host: VirtualHost, options?: ConnectOptions): Promise<LibvirtConnection> => {
  const connection = await libvirt().connect(host.libvirtUri('lxc'), options)
  t.teardown(() => connection.close())
  return connection
}

/** Whether libvirt comes to know the init process of a container that was started just now: as a rule in some 20 ms. */
const initIsKnown = async (connection: LibvirtConnection, uuid: string): Promise<boolean> => {
  for (let attempt = 0; attempt < 40; attempt++) {
    try {
      for (const descriptor of await connection.lxcNamespaces(uuid)) closeSync(descriptor)
      return true
    } catch (error) {
      if ((error as LibvirtError).code !== 'OPERATION_INVALID') throw error
      await until(() => false, 50)
    }
  }
  return false
}

/**
 * Defines and starts a container that ends before the host does. Started again where libvirt missed the word of its controller about the
 * init process, which libvirt 9.0 does now and then: it then knows no namespaces of the container and plugs nothing into it.
 */
const start = async (t: Test, connection: LibvirtConnection, name: string): Promise<DomainSummary> => {
  const { uuid } = await connection.define(container(name))
  t.teardown(async () => {
    if (!connection.closed) await connection.destroy(uuid).catch(() => {})
  })
  await connection.start(uuid)
  for (let attempt = 0; attempt < 10 && !(await initIsKnown(connection, uuid)); attempt++) {
    await connection.destroy(uuid)
    await connection.start(uuid)
  }
  return connection.lookupByName(name)
}

/** The libvirtd of a host, as the machine numbers it. */
const daemonOf = (host: VirtualHost): number => {
  const daemon = childrenOf(host.holder.identity.pid).find(
    ({ pid }) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'libvirtd\n',
  )
  if (!daemon) throw new Error('the host has no libvirtd')
  return daemon.pid
}

t.test('a container lives its life, told by events', { skip }, async (t) => {
  const host = await withVirtualHost(t)
  const connection = await connect(t, host)
  t.match(await connection.version(), { type: 'LXC' })
  t.match(await connection.capabilities(), /<os_type>exe<\/os_type>/)

  const events: DomainEvent[] = []
  const stop = await connection.onEvent((event) => events.push(event))
  const { uuid } = await connection.define(container('one'))
  await connection.start(uuid)
  const { id, state: running } = await connection.lookupByName('one')
  t.equal(running, state.running)
  t.ok(id > 1)
  t.equal(await connection.metadata(uuid, metadataUri), '<mark>one</mark>')
  t.same(
    (await connection.list(metadataUri)).map(({ name, metadata }) => ({ name, metadata })),
    [{ name: 'one', metadata: '<mark>one</mark>' }],
  )
  t.match(await connection.info(uuid), { state: state.running, maxMemory: 65_536 })
  await connection.suspend(uuid)
  await connection.resume(uuid)
  await connection.destroy(uuid)
  await connection.undefine(uuid)
  t.ok(await until(() => events.some((event) => event.kind === 'lifecycle' && event.event === lifecycle.undefined)))
  // The end of a container may be told twice: of the call, and of its controller's end.
  const told = events.map((event) => event.kind === 'lifecycle' && event.event)
  t.same(
    told.filter((event, index) => event !== told[index - 1]),
    [
      lifecycle.defined,
      lifecycle.started,
      lifecycle.suspended,
      lifecycle.resumed,
      lifecycle.stopped,
      lifecycle.undefined,
    ],
  )
  t.ok(events.every((event) => event.name === 'one' && event.uuid === uuid))
  await stop()
})

t.test('the namespaces of a container are open descriptors of the caller', { skip }, async (t) => {
  const host = await withVirtualHost(t)
  const connection = await connect(t, host)
  const { uuid } = await start(t, connection, 'one')
  await t.rejects(connection.lxcNamespaces('6695eb01-0000-0000-0000-000000000000'), { code: 'NO_DOMAIN' })
  const before = openDescriptors()
  const descriptors = await connection.lxcNamespaces(uuid)
  t.equal(openDescriptors(), before + descriptors.length)
  const names = descriptors.map((descriptor) => readlinkSync(`/proc/self/fd/${descriptor}`))
  t.ok(['mnt', 'net', 'pid', 'uts', 'ipc'].every((kind) => names.some((name) => name.startsWith(`${kind}:[`))))

  const index = names.findIndex((name) => name.startsWith('net:['))
  const { socket, request } = openTestSocket({ namespace: `/proc/self/fd/${descriptors[index]}` })
  const links = (await request(1, dumpLinks(1))).filter(({ type }) => type === RTM_NEWLINK)
  t.same(links.map(linkName), ['lo'])
  socket.close()
  for (const descriptor of descriptors) closeSync(descriptor)
  t.equal(openDescriptors(), before)
})

t.test('an interface is attached and detached while the container runs', { skip }, async (t) => {
  const host = await withVirtualHost(t)
  const connection = await connect(t, host)
  const events: DomainEvent[] = []
  await connection.onEvent((event) => events.push(event))
  const { uuid } = await start(t, connection, 'one')
  const vif = "<interface type='ethernet'><mac address='52:54:00:00:00:01'/><target dev='vif1.0'/></interface>"
  await connection.attachDevice(uuid, vif, live)
  t.match(await connection.xml(uuid), /<target dev='vif1\.0'\/>/)
  t.match(await host.exec(['ip', 'link', 'show', 'vif1.0']), { status: 0 })
  await connection.detachDevice(uuid, vif, live)
  t.notMatch(await connection.xml(uuid), /vif1\.0/)
  await t.rejects(connection.attachDevice(uuid, '<interface/>', live), { name: 'LibvirtError', number: Number })
  // The driver of containers tells none: there the device is gone when the call settles.
  t.ok(events.every(({ kind }) => kind === 'lifecycle'))
})

t.test('devices of a virtual machine come and go, told by events', { skip: qemuProblem }, async (t) => {
  const host = await withVirtualHost(t, { drivers: ['qemu'] })
  const connection = await libvirt().connect(host.libvirtUri('qemu'))
  t.teardown(() => connection.close())
  const events: DomainEvent[] = []
  await connection.onEvent((event) => {
    if (event.kind !== 'lifecycle') events.push(event)
  })
  const { uuid } = await connection.define(virtualMachine('vm'))
  await connection.start(uuid)
  const tablet = "<input type='tablet' bus='usb'><alias name='ua-tablet'/></input>"
  await connection.attachDevice(uuid, tablet, live)
  await connection.detachDevice(uuid, tablet, live)
  t.ok(await until(() => events.length === 2))
  t.same(events, [
    { kind: 'device-added', name: 'vm', uuid, alias: 'ua-tablet' },
    { kind: 'device-removed', name: 'vm', uuid, alias: 'ua-tablet' },
  ])
  await connection.destroy(uuid)
})

t.test(
  'a daemon that dies: calls are rejected, the closing is told once, a new connection serves',
  { skip },
  async (t) => {
    const host = await withVirtualHost(t)
    const reasons: string[] = []
    const connection = await connect(t, host, { onClose: (reason) => reasons.push(reason) })
    const { uuid } = await start(t, connection, 'one')
    await connection.onEvent(() => {})
    const calls = Array.from({ length: 20 }, () => connection.capabilities())
    process.kill(daemonOf(host), 'SIGKILL')
    await Promise.allSettled(calls)
    t.ok(await until(() => reasons.length > 0))
    t.match(reasons, [/^(eof|error)$/])
    await t.rejects(connection.list(), { name: 'LibvirtError' })
    t.equal(connection.closed, false)
    await connection.close()
    t.equal(connection.closed, true)
    t.equal(reasons.length, 1)

    let again: LibvirtConnection | undefined
    await until(() => false, 1000)
    for (let attempt = 0; attempt < 60 && !again; attempt++) {
      again = await connect(t, host).catch(() => undefined)
      if (!again) await until(() => false, 500)
    }
    t.match(await again?.info(uuid), { state: state.running }, 'the container went on')
    await again?.destroy(uuid)
  },
)

t.test('a daemon that hangs is found out by keepalive', { skip }, async (t) => {
  const host = await withVirtualHost(t)
  const reasons: string[] = []
  const connection = await connect(t, host, {
    keepaliveSeconds: 1,
    keepaliveCount: 1,
    onClose: (reason) => reasons.push(reason),
  })
  const daemon = daemonOf(host)
  process.kill(daemon, 'SIGSTOP')
  t.teardown(() => {
    process.kill(daemon, 'SIGCONT')
  })
  await t.rejects(connection.list(), { name: 'LibvirtError' })
  t.ok(await until(() => reasons.length > 0))
  t.match(reasons, [/^(keepalive|error)$/])
  await connection.close()
})

t.test(
  'a daemon that hangs is lost to all calls at once, and what it answers later harms nobody',
  { skip },
  async (t) => {
    const host = await withVirtualHost(t)
    const daemon = daemonOf(host)
    t.teardown(() => {
      process.kill(daemon, 'SIGCONT')
    })
    const outcome = await runFixture('libvirt-lost', [host.libvirtUri('lxc'), String(daemon)])
    t.match(outcome, { status: 0, stdout: 'keepalive 64\n', stderr: '' })
  },
)

t.test('a process ends though the daemon hangs', { skip }, async (t) => {
  const host = await withVirtualHost(t)
  const daemon = daemonOf(host)
  t.teardown(() => {
    process.kill(daemon, 'SIGCONT')
  })
  for (const way of ['idle', 'exit']) {
    const started = performance.now()
    t.match(await runFixture('libvirt-hung', [way, host.libvirtUri('lxc'), String(daemon)]), { status: 0, stderr: '' })
    t.ok(performance.now() - started < 60_000)
    process.kill(daemon, 'SIGCONT')
  }
})
