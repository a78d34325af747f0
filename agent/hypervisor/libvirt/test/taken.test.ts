import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { domainName } from '../../domain-name.ts'
import { nodeDirectories } from '../directories.ts'
import { isUntold, type Taken, takenNodes } from '../taken.ts'

const from = { vnet: 'pool-small', node: 'n1' }
const mark = { vnet: 'alice.shop', node: 'r1', slot: 7, digest: 'abc', interfaces: [] }
const taken: Taken = { domain: domainName('pool-small', 'n1'), bootId: 'b', domainId: 3, from, mark, isTold: false }

t.test('a node that was taken keeps its domain, also for whoever reads it later', async (t) => {
  const top = t.testdir({ 'pool-small': { n1: { disk: 'x' } } })
  const nodes = takenNodes(nodeDirectories(top))
  t.equal(await nodes.domainOf('alice.shop', 'r1'), domainName('alice.shop', 'r1'))
  await nodes.take(taken)
  t.ok(existsSync(join(top, 'alice.shop/r1/disk')))
  t.notOk(existsSync(join(top, 'pool-small')), 'with the last one goes the directory of the pool')
  for (const one of [nodes, takenNodes(nodeDirectories(top))]) {
    t.equal(await one.domainOf('alice.shop', 'r1'), taken.domain)
    t.same(await one.by(taken.domain), taken)
    t.equal(await one.domainOf('alice.shop', 'r2'), domainName('alice.shop', 'r2'))
  }
  await nodes.told('alice.shop', 'r1')
  t.match(await takenNodes(nodeDirectories(top)).of('alice.shop', 'r1'), { isTold: true })
  nodes.forget('alice.shop', 'r1')
  t.equal(await nodes.by(taken.domain), undefined)
})

t.test('a take that was cut short before the node had its place was none', async (t) => {
  const text = JSON.stringify(taken)
  const top = t.testdir({ 'pool-small': { n1: { taken: text }, n2: { taken: text.slice(0, 9) } } })
  const nodes = takenNodes(nodeDirectories(top))
  t.equal(await nodes.of('alice.shop', 'r1'), undefined)
  t.equal(await nodes.by(taken.domain), undefined)
  t.equal(await nodes.domainOf('pool-small', 'n1'), taken.domain)
})

t.test('the place of another node is left alone', async (t) => {
  const top = t.testdir({ 'pool-small': { n1: {} } })
  mkdirSync(join(top, 'alice.shop/r1'), { recursive: true })
  writeFileSync(join(top, 'alice.shop/r1/disk'), '')
  const nodes = takenNodes(nodeDirectories(top))
  await t.rejects(nodes.take(taken))
  t.equal(await nodes.of('alice.shop', 'r1'), undefined)
  t.same(readdirSync(join(top, 'alice.shop/r1')), ['disk'])
})

t.test('it waits to be told until it was told or is started again', async (t) => {
  t.equal(isUntold(taken, 'b', 3), true)
  t.equal(isUntold(taken, 'b', 4), false, 'started again')
  t.equal(isUntold(taken, 'c', 3), false, 'on another boot of the host')
  t.equal(isUntold({ ...taken, isTold: true }, 'b', 3), false)
  t.equal(isUntold(undefined, 'b', 3), false)
})
