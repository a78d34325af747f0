/** What every driver keeps of a node that is taken from a pool: the same running domain, under another name. */
import type { Test } from 'tap'
import { create, type Init } from '../../../proto/codec.ts'
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import { nodeMark } from '../../datapath/mark.ts'
import type { Link } from '../../netlink/link/link.ts'
import { openRoute } from '../../netlink/route.ts'
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
  // The first of its interfaces is wanted by who takes it, the other is not.
  const idle: NodeSpec = { ...nodeOf('n1', 20, { interfaces: [{ index: 0 }, { index: 2 }] }), vnet: pool }
  const startUp = {
    files: [
      { path: '/etc/weft/a', content: 'one\n', mode: 0o600 },
      { path: '/root/b', content: 'two\n', mode: 0o644 },
    ],
    command: 'hostname >>/root/runs',
  }
  const asked = nodeOf('r4', 21, startsUp ? { startUp } : {})
  const from = { vnet: pool, id: 'n1', slot: idle.slot }
  /** As it is once it was taken. */
  const taker = { ...asked, slot: from.slot }
  const vif = (index: number) => ({ index, name: `vif${from.slot}.${index}` })
  const macOf = (index: number) => asked.node.interfaces.find((one) => one.index === index)?.mac ?? ''
  /** Its ends in Dom0 that are there, where the test can see them. */
  const links = async (...indexes: readonly number[]): Promise<readonly Link[]> => {
    if (!subject.losesVifs) return []
    const route = openRoute()
    const found = await Promise.all(indexes.map((index) => route.link(vif(index).name)))
    route.close()
    return found.flatMap((link) => link ?? [])
  }
  /** Whose they are, and that nothing comes out of them. */
  const silent = ({ vnet, node }: NodeSpec) => ({ alias: nodeMark(vnet, node.id), up: false, master: 0 })
  const found = async (by: HypervisorDriver): Promise<readonly ObservedNode[]> =>
    (await by.observe()).filter((node) => [keyOf(from), `${taker.vnet}/r4`].includes(keyOf(node)))
  let domain = ''

  await t.test('a node of a pool is made, where there is none to take, as any other', async (t) => {
    const began = performance.now()
    t.equal(await driver.start(idle, { vnet: pool, id: 'n0', slot: 19 }), false)
    await driver.configure(idle)
    t.comment(`started and configured in ${Math.round(performance.now() - began)} ms`)
    const [seen, ...others] = await found(driver)
    t.match(seen, {
      vnet: pool,
      id: 'n1',
      running: true,
      vifs: [vif(0), vif(2)],
      configuration: configurationDigest(idle),
    })
    t.same(others, [])
    domain = seen?.domain ?? ''
    t.match(await links(0, 2), subject.losesVifs ? [silent(idle), silent(idle)] : [])
    if (startsUp) await said(driver, idle, 'echo it >/tmp/was-here')
  })

  await t.test('it becomes the node that takes it, as it runs', async (t) => {
    const began = performance.now()
    t.equal(await driver.start(asked, from), true)
    const [seen, ...others] = await found(driver)
    t.same(others, [], 'and is there no more')
    t.match(seen, {
      vnet: taker.vnet,
      id: 'r4',
      domain,
      slot: from.slot,
      vifs: [vif(0), vif(2)],
      running: true,
      configuration: '',
      digest: nodeDigest(taker),
      ended: undefined,
    })
    await driver.remove(pool, 'n1')
    t.same(await found(driver), [seen], 'to remove what it was does nothing to it')
    t.match(await links(0, 2), subject.losesVifs ? [silent(taker), silent(taker)] : [], 'with its interfaces')
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
    t.same(seen?.vifs, [vif(0), vif(1)])
    t.ok(
      (await links(2)).every((link) => !link.up && link.master === 0),
      'what is left over leads nowhere',
    )
    await next.configure(taker)
    t.same(await found(next), [seen], 'to configure it again changes nothing')
    if (!runs) return
    t.match(await said(next, taker, 'ip -o -4 addr show dev eth0'), /10\.0\.0\.1\/30/)
    for (const { index, mtu } of taker.node.interfaces) {
      const shown = await said(next, taker, `ip -o link show dev eth${index}`)
      t.match(shown, new RegExp(`<[^>]*\\bUP\\b.* mtu ${mtu} .*link/ether ${macOf(index)}`, 's'))
    }
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

  await t.test('an interface that it had and did not want can be asked for later, and be given back', async (t) => {
    const other = subject.open()
    t.teardown(() => other.close())
    const one = { index: 2, mac: '02:00:00:00:00:22', mtu: 1400, addresses: ['10.0.2.1/24'] }
    const more = {
      ...taker,
      node: { ...taker.node, interfaces: [...taker.node.interfaces, create('SliceInterface', one)] },
    }
    await other.configure(more)
    t.same((await found(other))[0]?.vifs, [vif(0), vif(1), vif(2)])
    if (runs) t.match(await said(other, taker, 'ip -o addr show dev eth2'), /10\.0\.2\.1\/24/)
    if (runs) t.match(await said(other, taker, 'ip -o link show dev eth2'), one.mac)
    await other.configure(taker)
    t.same((await found(other))[0]?.vifs, [vif(0), vif(1)])
    t.same(await links(2), [])
    if (runs) t.equal(await said(other, taker, '[ -e /sys/class/net/eth2 ] || echo gone'), 'gone')
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
    if (runs) t.match(await said(other, taker, 'ip -o link show dev eth0'), macOf(0))
    t.match(await links(0, 1, 2), subject.losesVifs ? [{ name: vif(0).name }, { name: vif(1).name }] : [])
    await other.remove(taker.vnet, 'r4')
    // A driver that has seen it keeps what it read where nobody else writes.
    await driver.remove(taker.vnet, 'r4')
    t.same(await found(other), [])
    t.same(await subject.traces(), before, 'and nothing is left of it')
  })
}
