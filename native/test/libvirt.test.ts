/** Over libvirt's test driver, which lives in this process: no daemon, no privilege. */
import t, { type Test } from 'tap'
import type { DomainEvent, LibvirtAddon, LibvirtConnection, LibvirtError } from '../libvirt.ts'
import { libvirt, libvirtProblem, lifecycle, state, testDomain } from './support/libvirt.ts'
import { callThreads, until } from './support/process.ts'

const skip = libvirtProblem()
t.setTimeout(300_000)

/** The declared surface: the compiler holds it against the interfaces, the test against the addon. */
const members: Record<keyof LibvirtConnection, 'value' | 'function'> = {
  uri: 'value',
  closed: 'value',
  version: 'function',
  capabilities: 'function',
  nodeInfo: 'function',
  list: 'function',
  define: 'function',
  lookupByName: 'function',
  start: 'function',
  destroy: 'function',
  shutdown: 'function',
  undefine: 'function',
  suspend: 'function',
  resume: 'function',
  info: 'function',
  xml: 'function',
  metadata: 'function',
  setMetadata: 'function',
  agentCommand: 'function',
  attachDevice: 'function',
  detachDevice: 'function',
  updateDevice: 'function',
  lxcNamespaces: 'function',
  onEvent: 'function',
  close: 'function',
}
const exported: Record<keyof LibvirtAddon, true> = { connect: true, rawTerminal: true }

/** Arguments of the right kinds, of calls that take others than a UUID. */
const argumentsOf: Partial<Record<keyof LibvirtConnection, readonly unknown[]>> = {
  metadata: ['uuid', 'uri'],
  setMetadata: ['uuid', '<a/>', 'key', 'uri'],
  agentCommand: ['uuid', '{}', 1],
  attachDevice: ['uuid', '<a/>', 1],
  detachDevice: ['uuid', '<a/>', 1],
  updateDevice: ['uuid', '<a/>', 1],
  onEvent: [() => {}],
}

const uri = 'test:///default'
const metadataUri = 'https://example.org/metadata/1'

const connect = async (t: Test): Promise<LibvirtConnection> => {
  const connection = await libvirt().connect(uri)
  t.teardown(() => connection.close())
  return connection
}

t.test('what is exported is what is declared', { skip }, async (t) => {
  t.same(Object.keys(libvirt()), Object.keys(exported))
  const connection = await connect(t)
  const found = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(connection)))
    .filter(([name]) => name !== 'constructor')
    .map(([name, { value }]) => [name, typeof value === 'function' ? 'function' : 'value'])
  t.same(Object.fromEntries(found), members)
  t.same(Object.keys(connection), [])
  t.match(connection, { uri, closed: false })
})

t.test('the host behind a connection describes itself', { skip }, async (t) => {
  const connection = await connect(t)
  const version = await connection.version()
  t.match(version, { type: 'TEST', hypervisor: Number })
  t.ok(version.library > 1_000_000)
  t.match(await connection.capabilities(), /^<capabilities>/)
  t.match(await connection.nodeInfo(), { cpus: 16, memoryKiB: 3_145_728, model: 'i686' })
})

t.test('a domain is defined, started, paused, resumed, destroyed and undefined', { skip }, async (t) => {
  const connection = await connect(t)
  const defined = await connection.define(testDomain('node'))
  t.match(defined, { name: 'node', id: -1, state: state.shutOff, persistent: true })
  t.match(defined.uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  await connection.start(defined.uuid)
  const running = await connection.lookupByName('node')
  t.match(running, { uuid: defined.uuid, state: state.running })
  t.ok(running.id > 0)
  await connection.suspend(defined.uuid)
  t.match(await connection.info(defined.uuid), { state: state.paused })
  await connection.resume(defined.uuid)
  t.match(await connection.info(defined.uuid), {
    state: state.running,
    reason: Number,
    memory: 8192,
    maxMemory: 8192,
    virtualCpus: 1,
    cpuTime: Number,
  })
  await connection.shutdown(defined.uuid)
  t.match(await connection.info(defined.uuid), { state: state.shutOff })
  await connection.start(defined.uuid)
  await connection.destroy(defined.uuid)
  await connection.undefine(defined.uuid)
  t.same(
    (await connection.list()).map(({ name }) => name),
    ['test'],
  )
})

t.test('metadata is written, read, listed and removed', { skip }, async (t) => {
  const connection = await connect(t)
  const { uuid } = await connection.define(testDomain('marked'))
  t.teardown(async () => {
    await connection.undefine(uuid).catch(() => {})
  })
  const none = { name: 'LibvirtError', code: 'NO_DOMAIN_METADATA', number: 80 }
  await t.rejects(connection.metadata(uuid, metadataUri), none)
  await connection.setMetadata(uuid, '<vnet name="a&amp;b"/>', 'weft', metadataUri, 2)
  t.equal(await connection.metadata(uuid, metadataUri, 2), '<vnet name="a&amp;b"/>')
  t.match(await connection.xml(uuid), /<weft:vnet xmlns:weft="https:\/\/example\.org\/metadata\/1" name="a&amp;b"\/>/)
  t.match(await connection.list(metadataUri), [
    { name: /./, metadata: /^(<vnet name="a&amp;b"\/>)?$/ },
    { name: /./, metadata: /^(<vnet name="a&amp;b"\/>)?$/ },
  ])
  t.equal((await connection.list(metadataUri)).find(({ name }) => name === 'test')?.metadata, '')
  t.equal((await connection.list()).find(({ name }) => name === 'marked')?.metadata, '')
  await connection.setMetadata(uuid, '', 'weft', metadataUri, 2)
  await t.rejects(connection.metadata(uuid, metadataUri), none)
  await connection.undefine(uuid)
})

t.test('what a driver cannot do is refused as such', { skip }, async (t) => {
  const connection = await connect(t)
  const { uuid } = await connection.lookupByName('test')
  const vif = "<interface type='ethernet'><target dev='vif1.0'/></interface>"
  const refused = { name: 'LibvirtError', code: 'NO_SUPPORT', number: 3 }
  await t.rejects(connection.attachDevice(uuid, vif, 1), { ...refused, operation: 'virDomainAttachDeviceFlags' })
  await t.rejects(connection.detachDevice(uuid, vif, 1), { ...refused, operation: 'virDomainDetachDeviceFlags' })
  await t.rejects(connection.updateDevice(uuid, vif, 1), { ...refused, operation: 'virDomainUpdateDeviceFlags' })
  await t.rejects(connection.agentCommand(uuid, '{}', 1), { ...refused, operation: 'virDomainQemuAgentCommand' })
  await t.rejects(connection.lxcNamespaces(uuid), { ...refused, operation: 'virDomainLxcOpenNamespace' })
})

t.test('events reach every listener until it is stopped', { skip }, async (t) => {
  const connection = await connect(t)
  const heard: DomainEvent[] = []
  const also: DomainEvent[] = []
  const stop = await connection.onEvent((event) => heard.push(event))
  const stopOther = await connection.onEvent((event) => also.push(event))
  const { uuid } = await connection.define(testDomain('watched'))
  await connection.start(uuid)
  await connection.destroy(uuid)
  t.ok(await until(() => heard.length >= 3 && also.length >= 3))
  t.match(heard, [
    { kind: 'lifecycle', name: 'watched', uuid, event: lifecycle.defined, detail: 0 },
    { kind: 'lifecycle', name: 'watched', uuid, event: lifecycle.started },
    { kind: 'lifecycle', name: 'watched', uuid, event: lifecycle.stopped },
  ])
  t.same(also, heard)
  await stop()
  await stop()
  await connection.undefine(uuid)
  t.ok(await until(() => also.length === 4))
  t.equal(heard.length, 3)
  await stopOther()
})

t.test('a listener that comes as the last one goes hears', { skip }, async (t) => {
  const connection = await connect(t)
  for (let round = 0; round < 20; round++) {
    const heard: DomainEvent[] = []
    const stop = await connection.onEvent(() => {})
    const [, stopNext] = await Promise.all([stop(), connection.onEvent((event) => heard.push(event))])
    const { uuid } = await connection.define(testDomain('handed-over'))
    await connection.undefine(uuid)
    t.ok(await until(() => heard.length === 2))
    await stopNext()
  }
})

t.test('no event comes once a listener is stopped, also one that is on its way', { skip }, async (t) => {
  const connection = await connect(t)
  let heard = 0
  const stop = await connection.onEvent(() => heard++)
  const defined = connection.define(testDomain('brief'))
  const stopped = stop()
  const before = heard
  await Promise.all([defined, stopped])
  await connection.undefine((await defined).uuid)
  await until(() => false, 100)
  t.equal(heard, before)
})

t.test('an error names its number, its code, its part, the call and the reason', { skip }, async (t) => {
  const connection = await connect(t)
  const error = (await connection.lookupByName('nobody').catch((reason) => reason)) as LibvirtError
  t.ok(error instanceof Error)
  t.match(error, {
    name: 'LibvirtError',
    number: 42,
    code: 'NO_DOMAIN',
    domain: 12,
    operation: 'virDomainLookupByName',
    message: 'Domain not found',
  })
  t.equal(String(error), 'LibvirtError: Domain not found')
  t.same(Object.keys(error).sort(), ['code', 'domain', 'number', 'operation'])
  await t.rejects(connection.start('6695eb01-0000-0000-0000-000000000000'), {
    code: 'NO_DOMAIN',
    operation: 'virDomainLookupByUUIDString',
  })
  await t.rejects(connection.start('no uuid'), { code: 'INVALID_ARG' })
  await t.rejects(connection.define('<domain'), { code: 'XML_DETAIL', number: 35 })
  await t.rejects(libvirt().connect('no-such-driver:///'), { name: 'LibvirtError', operation: 'virConnectOpen' })
})

t.test('each error is of its own call, with many in flight on several threads', { skip }, async (t) => {
  const connection = await libvirt().connect(uri, { threads: 16 })
  t.teardown(() => connection.close())
  const answers = await Promise.allSettled(
    Array.from({ length: 1000 }, (_, index) =>
      index % 2 === 0 ? connection.lookupByName('test') : connection.define(`<domain type='test'><a${index}>`),
    ),
  )
  for (const [index, answer] of answers.entries()) {
    if (index % 2 === 0) t.match(answer, { status: 'fulfilled', value: { name: 'test' } })
    else t.match(answer, { status: 'rejected', reason: { message: new RegExp(`a${index}\\b`) } })
  }
})

t.test('arguments of the wrong kind reject by name', { skip }, async (t) => {
  const connection = await connect(t)
  const wrong = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
  const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }
  // As a caller without types would.
  // biome-ignore lint/suspicious/noExplicitAny: arguments that the types forbid
  const untyped = connection as any
  await t.rejects(untyped.define(), { ...wrong, message: /'xml'/ })
  await t.rejects(untyped.define('a\0b'), range)
  await t.rejects(untyped.start(1), { ...wrong, message: /'uuid'/ })
  await t.rejects(untyped.start('x', -1), { ...range, message: /'flags'/ })
  await t.rejects(untyped.attachDevice('x', null, 1), { ...wrong, message: /'xml'/ })
  await t.rejects(untyped.agentCommand('x', '{}', 0), { ...range, message: /'timeoutSeconds'/ })
  await t.rejects(untyped.setMetadata('x', '<a/>', 'k', 1), { ...wrong, message: /'uri'/ })
  await t.rejects(untyped.onEvent(), { ...wrong, message: /'listener'/ })
  await t.rejects(untyped.list(1), wrong)
  // biome-ignore lint/suspicious/noExplicitAny: arguments that the types forbid
  const addon = libvirt() as any
  await t.rejects(addon.connect(), { ...wrong, message: /'uri'/ })
  await t.rejects(addon.connect(uri, { threads: 0 }), { ...range, message: /'options.threads'/ })
  await t.rejects(addon.connect(uri, { threads: 65 }), range)
  await t.rejects(addon.connect(uri, { keepaliveSeconds: 'x' }), { ...wrong, message: /'options.keepaliveSeconds'/ })
  await t.rejects(addon.connect(uri, { onClose: 1 }), { ...wrong, message: /'options.onClose'/ })
  t.throws(() => Reflect.apply(connection.list, {}, []), TypeError)
})

t.test(
  'a closed connection has settled what was asked before, and rejects what is asked after',
  { skip },
  async (t) => {
    const connection = await libvirt().connect(uri)
    await connection.onEvent(() => {})
    const before = Array.from({ length: 50 }, () => connection.capabilities())
    const closing = connection.close()
    t.equal(connection.closed, true)
    const closed = { name: 'LibvirtError', code: 'CLOSED', number: 0 }
    await t.rejects(connection.list(), { ...closed, operation: 'virConnectListAllDomains' })
    const again = connection.close()
    const settled = await Promise.race([closing.then(() => 'closed'), Promise.all(before).then(() => 'answered')])
    t.equal(settled, 'answered')
    await Promise.all([closing, again])
    await connection.close()
    for (const name of Object.keys(members) as (keyof LibvirtConnection)[]) {
      if (members[name] === 'value' || name === 'close') continue
      const call = connection[name] as (...args: readonly unknown[]) => Promise<unknown>
      await t.rejects(Reflect.apply(call, connection, argumentsOf[name] ?? ['uuid']), closed, name)
    }
  },
)

t.test('threads start as they are needed, and end with the connection', { skip }, async (t) => {
  t.ok(await until(() => callThreads() === 0))
  const connection = await libvirt().connect(uri, { threads: 8 })
  t.equal(callThreads(), 1)
  await Promise.all(Array.from({ length: 200 }, () => connection.capabilities()))
  t.ok(callThreads() > 1)
  t.ok(callThreads() <= 8)
  await connection.close()
  t.ok(await until(() => callThreads() === 0))
})
