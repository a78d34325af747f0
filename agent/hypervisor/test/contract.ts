/** What every hypervisor driver keeps (driver.ts), as tests that run over each of them. */
import type { Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { openRoute } from '../../netlink/route.ts'
import { configurationDigest, nodeDigest } from '../digest.ts'
import type { HypervisorDriver, NodeEnd, NodeSpec, ObservedNode } from '../driver.ts'
import { takeContract } from './take-contract.ts'
import { until } from './until.ts'

export interface Subject {
  /** A driver of a host that has no node of ours; the same host each time. */
  readonly open: () => HypervisorDriver
  /** Ends a node behind the driver's back. */
  readonly stop: (domain: string, spec: NodeSpec) => Promise<void>
  /** Ways that a node ends, and how the driver has to tell each. */
  readonly ends?: readonly {
    readonly how: NodeEnd['how']
    readonly end: (domain: string, spec: NodeSpec, driver: HypervisorDriver) => Promise<void>
  }[]
  /** Everything of a node that can be found on the host without the driver. */
  readonly traces: () => Promise<readonly string[]>
  /** What `ip -o addr show dev ethY` prints inside; undefined where nothing runs inside. */
  readonly runs: boolean
  /** Nodes have a name and files of their own, and run a command as they start. */
  readonly startsUp?: boolean
  /** Of each node; 64 MiB without it. */
  readonly memoryBytes?: number
  /** The least slot that the agent hands out for it; 0 without it. */
  readonly firstSlot?: number
  /** Whether its interfaces in Dom0 are devices of the network namespace that the test runs in, which anybody can delete. */
  readonly losesVifs?: boolean
}

const vnet = 'alice.contract'

export const specOf = (
  id: string,
  slot: number,
  change: Partial<Parameters<typeof create<'SliceNode'>>[1]> = {},
): NodeSpec => ({
  vnet,
  slot,
  node: create('SliceNode', {
    id,
    hypervisor: 'any',
    memoryBytes: 64 * 1024 * 1024,
    interfaces: [
      { index: 0, mac: `02:00:00:00:${slot.toString(16).padStart(2, '0')}:00`, addresses: ['10.0.0.1/30'], mtu: 1400 },
      { index: 1, mac: `02:00:00:00:${slot.toString(16).padStart(2, '0')}:01`, addresses: [], mtu: 1500 },
    ],
    ...change,
  }),
})

const find = async (driver: HypervisorDriver, id: string): Promise<ObservedNode | undefined> =>
  (await driver.observe()).find((node) => node.id === id && node.vnet === vnet)

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof WeftError ? error.code : `not coded: ${error}`),
  )

export const hypervisorContract = async (t: Test, subject: Subject): Promise<void> => {
  const { firstSlot = 0, memoryBytes = 64 * 1024 * 1024 } = subject
  const nodeOf = (id: string, slot: number, change: Parameters<typeof specOf>[2] = {}): NodeSpec => ({
    ...specOf(id, slot, { memoryBytes, ...change }),
    slot: firstSlot + slot,
  })
  const vif = (slot: number, index: number): string => `vif${firstSlot + slot}.${index}`
  const driver = subject.open()
  t.teardown(() => driver.close())
  const addresses = async (id: string, index: number): Promise<string> => {
    const { stdout } = await driver.inside.exec(
      vnet,
      id,
      ['ip', '-o', '-4', 'addr', 'show', 'dev', `eth${index}`],
      60_000,
    )
    return [
      ...Buffer.from(stdout)
        .toString()
        .matchAll(/inet (\S+)/g),
    ]
      .map(([, address]) => address)
      .join(' ')
  }

  await t.test('it can be used here, and shows nothing at first', async (t) => {
    t.match(await driver.probe(), { name: driver.name, unavailable: '' })
    t.same(await driver.observe(), [])
    t.same(await subject.traces(), [])
  })

  await t.test('a node is started once, then configured', async (t) => {
    const spec = nodeOf('r1', 7)
    await driver.start(spec)
    const started = await find(driver, 'r1')
    t.match(started, {
      hypervisor: driver.name,
      slot: firstSlot + 7,
      running: true,
      configuration: '',
      digest: nodeDigest(spec),
      vifs: [
        { index: 0, name: vif(7, 0) },
        { index: 1, name: vif(7, 1) },
      ],
    })
    await driver.start(spec)
    t.same(await find(driver, 'r1'), started, 'starting it again changes nothing')
    await driver.configure(spec)
    await driver.configure(spec)
    t.equal((await find(driver, 'r1'))?.configuration, configurationDigest(spec))
    if (subject.runs) t.equal(await addresses('r1', 0), '10.0.0.1/30')
  })

  await t.test('addresses change while it runs, and are exactly what was asked for', async (t) => {
    const spec = nodeOf('r1', 7, {
      interfaces: [
        { index: 0, addresses: ['10.0.0.2/30', '10.0.0.1/30', '10.9.0.1/24'], mtu: 1300 },
        { index: 1, addresses: ['10.0.1.1/24'], mtu: 1500 },
      ],
    })
    await driver.configure(spec)
    t.equal((await find(driver, 'r1'))?.configuration, configurationDigest(spec))
    if (subject.runs) {
      t.same((await addresses('r1', 0)).split(' ').sort(), ['10.0.0.1/30', '10.0.0.2/30', '10.9.0.1/24'])
      t.equal(await addresses('r1', 1), '10.0.1.1/24')
    }
    // The one that stays was the second of its subnet: the kernel drops it with the first.
    await driver.configure(
      nodeOf('r1', 7, {
        interfaces: [
          { index: 0, addresses: ['10.0.0.2/30'], mtu: 1300 },
          { index: 1, mtu: 1500 },
        ],
      }),
    )
    if (subject.runs) t.equal(await addresses('r1', 0), '10.0.0.2/30')
  })

  await t.test('interfaces are attached to it and detached from it while it runs', async (t) => {
    const kept = { index: 0, mac: '02:00:00:00:07:00', addresses: ['10.0.0.1/30'], mtu: 1300 }
    const added = { index: 3, mac: '02:00:00:00:07:03', addresses: ['10.0.3.1/24'], mtu: 1400 }
    const spec = nodeOf('r1', 7, { interfaces: [kept, added] })
    const vifs = [
      { index: 0, name: vif(7, 0) },
      { index: 3, name: vif(7, 3) },
    ]
    await driver.configure(spec)
    const found = await find(driver, 'r1')
    t.match(found, { running: true, digest: nodeDigest(spec), configuration: configurationDigest(spec), vifs })
    t.same(found?.vifs, vifs, 'and the other is gone')
    t.notOk((await subject.traces()).includes(vif(7, 1)))
    if (subject.runs) {
      t.equal(await addresses('r1', 3), '10.0.3.1/24')
      const { stdout } = await driver.inside.exec(vnet, 'r1', ['ip', '-o', 'link', 'show', 'dev', 'eth3'], 60_000)
      t.match(Buffer.from(stdout).toString(), /<[^>]*\bUP\b.* mtu 1400 .*link\/ether 02:00:00:00:07:03/s)
      const { exitStatus } = await driver.inside.exec(vnet, 'r1', ['ip', 'link', 'show', 'dev', 'eth1'], 60_000)
      t.not(exitStatus, 0, 'nothing is left of the other inside')
    }
    await driver.configure(spec)
    t.same(await find(driver, 'r1'), found, 'configuring it again changes nothing')

    await subject.stop(found?.domain ?? '', spec)
    t.ok(await until(async () => (await find(driver, 'r1'))?.running === false))
    await driver.start(spec)
    await driver.configure(spec)
    t.same((await find(driver, 'r1'))?.vifs, vifs, 'it comes back with those that it had')
    if (subject.runs) t.equal(await addresses('r1', 3), '10.0.3.1/24')

    await subject.stop(found?.domain ?? '', spec)
    t.ok(await until(async () => (await find(driver, 'r1'))?.running === false))
    const both = nodeOf('r1', 7)
    await driver.start(both)
    await driver.configure(both)
    t.same(
      (await find(driver, 'r1'))?.vifs.map(({ name }) => name),
      [vif(7, 0), vif(7, 1)],
      'and with others that it was given meanwhile',
    )
  })

  await t.test('an interface that somebody deleted in Dom0 is attached again, and the node runs on', async (t) => {
    if (!subject.losesVifs) return t.comment('nobody can delete its interfaces in Dom0')
    const spec = nodeOf('r1', 7)
    const before = await find(driver, 'r1')
    const route = openRoute()
    await route.deleteLink(vif(7, 0))
    route.close()
    t.same(
      (await find(driver, 'r1'))?.vifs.map(({ name }) => name),
      [vif(7, 1)],
    )
    await driver.configure(spec)
    t.same(await find(driver, 'r1'), before)
    if (subject.runs) t.equal(await addresses('r1', 0), '10.0.0.1/30')
  })

  await t.test('another driver on the same host finds it as it is', async (t) => {
    const before = await find(driver, 'r1')
    const other = subject.open()
    t.teardown(() => other.close())
    t.same(await find(other, 'r1'), before)
    await other.start(nodeOf('r1', 7))
    t.same(await find(other, 'r1'), before, 'and leaves it alone')
  })

  await t.test('a node that ended is shown so and is started again', async (t) => {
    const spec = nodeOf('r2', 8)
    const seen: string[] = []
    await driver.watch((changedVNet, node) => seen.push(`${changedVNet}/${node}`))
    await driver.start(spec)
    await driver.configure(spec)
    const domain = (await find(driver, 'r2'))?.domain ?? ''
    seen.length = 0
    await subject.stop(domain, spec)
    t.ok(await until(async () => (await find(driver, 'r2'))?.running === false))
    t.ok(await until(async () => (await find(driver, 'r2'))?.vifs.length === 0))
    t.match(await codeOf(driver.configure(spec)), /^node\.not-running$/)
    await driver.start(spec)
    t.match(await find(driver, 'r2'), { running: true, configuration: '', slot: firstSlot + 8 })
    await driver.configure(spec)
    if (subject.runs) t.equal(await addresses('r2', 0), '10.0.0.1/30')
  })

  for (const { how, end } of subject.ends ?? []) {
    await t.test(`a node that has ${how} is told as that, until it is configured again`, async (t) => {
      const spec = nodeOf('r2', 8)
      const before = await find(driver, 'r2')
      t.same([before?.running, before?.ended], [true, undefined])
      let isTold = false
      await driver.watch((changedVNet, node) => {
        isTold ||= changedVNet === vnet && node === 'r2'
      })
      await end(before?.domain ?? '', spec, driver)
      t.ok(await until(async () => (await find(driver, 'r2'))?.ended !== undefined))
      t.match(await find(driver, 'r2'), { ended: { how, reason: /./ } })
      t.ok(await until(() => isTold), 'whoever watches is told')
      // A reboot may have brought it up again by itself.
      if (!(await find(driver, 'r2'))?.running) await driver.start(spec)
      await driver.configure(spec)
      t.match(await find(driver, 'r2'), { running: true, ended: undefined })
    })
  }

  await t.test('what runs inside is told apart from what cannot', async (t) => {
    t.equal(await codeOf(driver.inside.exec(vnet, 'nobody', ['true'], 60_000)), 'node.unknown')
    t.equal(await codeOf(driver.inside.console(vnet, 'nobody')), 'node.unknown')
    if (!subject.runs)
      return t.equal(await codeOf(driver.inside.exec(vnet, 'r1', ['true'], 60_000)), 'verb.unsupported')
    const shell = (script: string, timeoutMs = 60_000) =>
      driver.inside.exec(vnet, 'r1', ['sh', '-c', script], timeoutMs)
    t.match(await shell('echo out; echo err >&2; exit 3'), {
      exitStatus: 3,
      stdout: Buffer.from('out\n'),
      stderr: Buffer.from('err\n'),
      truncated: false,
    })
    t.equal(
      Buffer.from((await driver.inside.exec(vnet, 'r1', ['echo', '$HOME;`id`'], 60_000)).stdout).toString(),
      '$HOME;`id`\n',
    )
    const flood = await shell('head -c 200000 /dev/zero')
    t.match([flood.stdout.length, flood.truncated, flood.exitStatus], [48 * 1024, true, 0])
    t.equal(await codeOf(shell('sleep 600 & sleep 600', 500)), 'call.timeout')
  })

  await t.test('its console is read and typed on, and can be opened again', async (t) => {
    const code = await codeOf(driver.inside.console(vnet, 'r1').then((console) => console.close()))
    if (code === 'verb.unsupported') return t.equal(driver.name, 'fake', 'there is nothing to talk to')
    t.equal(code, 'none')
    const console = await driver.inside.console(vnet, 'r1')
    let text = ''
    console.onData((bytes) => {
      text += Buffer.from(bytes).toString()
    })
    const type = async (): Promise<boolean> => {
      await console.write(Buffer.from('\r'))
      return text !== ''
    }
    t.ok(await until(type, 300_000), 'whatever is there answers')
    await console.close()
    t.equal(await console.closed, undefined, 'the node goes on')
    t.equal(await codeOf(console.write(Buffer.from('x'))), 'node.not-running')
  })

  await t.test('what cannot be started leaves nothing', async (t) => {
    const before = await subject.traces()
    const taken = nodeOf('r3', 7)
    t.match(await codeOf(driver.start(taken)), /^object\.foreign$/, 'its vifs are another’s')
    t.notOk(await find(driver, 'r3'))
    t.same(await subject.traces(), before)
    t.match(await find(driver, 'r1'), { running: true }, 'whose they are is untouched')
  })

  await t.test('a node is taken from a pool', (t) => takeContract(t, driver, { ...subject, nodeOf }))

  await t.test('removed nodes leave nothing, and removing again is no error', async (t) => {
    await driver.remove(vnet, 'r1')
    t.notOk(await find(driver, 'r1'))
    t.match(await find(driver, 'r2'), { running: true }, 'others stay')
    await driver.remove(vnet, 'r1')
    await driver.remove(vnet, 'r2')
    await driver.remove(vnet, 'nobody')
    t.same(await driver.observe(), [])
    t.same(await subject.traces(), [])
  })
}
