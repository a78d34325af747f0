/** What every driver keeps of a node that is taken from a pool: the same running domain, under another name. */
import type { Test } from 'tap'
import type { Init } from '../../../proto/codec.ts'
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import { configurationDigest, nodeDigest } from '../digest.ts'
import type { HypervisorDriver, NodeSpec, ObservedNode } from '../driver.ts'
import type { Subject } from './contract.ts'
import { until } from './until.ts'

const pool = 'pool-small'

export interface TakeSubject extends Subject {
  /** A spec of the contract's VNet, whose slots and memory suit the driver. */
  readonly nodeOf: (id: string, slot: number, change?: Init<SliceNode>) => NodeSpec
}

const keyOf = ({ vnet, id }: Pick<ObservedNode, 'vnet' | 'id'>): string => `${vnet}/${id}`

/** Words that a command in the node prints. */
const said = async (driver: HypervisorDriver, { vnet, node }: NodeSpec, script: string): Promise<string> => {
  const { stdout } = await driver.inside.exec(vnet, node.id, ['sh', '-c', script], 60_000)
  return Buffer.from(stdout).toString().trim()
}

export const takeContract = async (t: Test, driver: HypervisorDriver, subject: TakeSubject): Promise<void> => {
  const { nodeOf, startsUp = false, runs } = subject
  const before = await subject.traces()
  const idle: NodeSpec = { ...nodeOf('n1', 20, { interfaces: [] }), vnet: pool }
  const startUp = {
    files: [
      { path: '/etc/weft/a', content: 'one\n', mode: 0o600 },
      { path: '/root/b', content: 'two\n', mode: 0o644 },
    ],
    command: 'hostname >>/root/runs',
  }
  const taker = nodeOf('r4', 21, startsUp ? { startUp } : {})
  const from = { vnet: pool, id: 'n1' }
  const found = async (by: HypervisorDriver): Promise<readonly ObservedNode[]> =>
    (await by.observe()).filter((node) => [keyOf(from), `${taker.vnet}/r4`].includes(keyOf(node)))
  let domain = ''

  await t.test('a node of a pool is made, where there is none to take, as any other', async (t) => {
    const began = performance.now()
    t.equal(await driver.start(idle, { vnet: pool, id: 'n0' }), false)
    await driver.configure(idle)
    t.comment(`started and configured in ${Math.round(performance.now() - began)} ms`)
    const [seen, ...others] = await found(driver)
    t.match(seen, { vnet: pool, id: 'n1', running: true, vifs: [], configuration: configurationDigest(idle) })
    t.same(others, [])
    domain = seen?.domain ?? ''
    if (startsUp) await said(driver, idle, 'echo it >/tmp/was-here')
  })

  await t.test('it becomes the node that takes it, as it runs', async (t) => {
    const began = performance.now()
    t.equal(await driver.start(taker, from), true)
    const [seen, ...others] = await found(driver)
    t.same(others, [], 'and is there no more')
    t.match(seen, {
      vnet: taker.vnet,
      id: 'r4',
      domain,
      slot: taker.slot,
      running: true,
      configuration: '',
      digest: nodeDigest(taker),
      ended: undefined,
    })
    await driver.remove(pool, 'n1')
    t.same(await found(driver), [seen], 'to remove what it was does nothing to it')
    t.comment(`taken in ${Math.round(performance.now() - began)} ms`)
  })

  await t.test('an agent that starts in between goes on with it', async (t) => {
    const next = subject.open()
    t.teardown(() => next.close())
    t.match(await found(next), [{ id: 'r4', running: true, configuration: '' }])
    const began = performance.now()
    await next.configure(taker)
    t.comment(`configured in ${Math.round(performance.now() - began)} ms`)
    const [seen] = await found(next)
    t.match(seen, { domain, configuration: configurationDigest(taker), digest: nodeDigest(taker) })
    t.equal(seen?.vifs.length, 2)
    await next.configure(taker)
    t.same(await found(next), [seen], 'to configure it again changes nothing')
    if (runs) t.match(await said(next, taker, 'ip -o -4 addr show dev eth0'), /10\.0\.0\.1\/30/)
  })

  await t.test('it is told its name, its files and its command', { skip: !startsUp }, async (t) => {
    t.ok(await until(async () => (await said(driver, taker, 'cat /root/runs')) === 'r4'))
    const words = 'hostname; cat /etc/hostname /tmp/was-here /etc/weft/a /root/b; stat -c %a /etc/weft/a /root/b'
    t.equal(await said(driver, taker, words), 'r4\nr4\nit\none\ntwo\n600\n644')
    t.equal(await said(driver, taker, 'grep -c n1 /etc/hosts'), '0')
    const reread = subject.open()
    t.teardown(() => reread.close())
    t.equal(await reread.start(taker, from), false, 'it is there: nothing is taken twice')
    await reread.configure(taker)
    t.equal(await said(driver, taker, 'cat /root/runs'), 'r4', 'its command ran once')
  })

  await t.test('it is started again as what it has become', async (t) => {
    const other = subject.open()
    t.teardown(() => other.close())
    await subject.stop(domain, taker)
    t.ok(await until(async () => (await found(other))[0]?.running === false))
    t.match(await found(other), [{ id: 'r4', ended: { how: /./ } }])
    t.equal(await other.start(taker, from), false)
    await other.configure(taker)
    t.match(await found(other), [{ id: 'r4', running: true, configuration: configurationDigest(taker) }])
    if (startsUp) t.equal(await said(other, taker, 'hostname'), 'r4')
    await other.remove(taker.vnet, 'r4')
    // A driver that has seen it keeps what it read where nobody else writes.
    await driver.remove(taker.vnet, 'r4')
    t.same(await found(other), [])
    t.same(await subject.traces(), before, 'and nothing is left of it')
  })
}
