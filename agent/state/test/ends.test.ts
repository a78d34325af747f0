import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { NodeEnd } from '../../hypervisor/driver.ts'
import { type EndStore, openEnds } from '../ends.ts'

const crashed: NodeEnd = { how: 'crashed', reason: 'its process 1 was killed' }
const rebooted: NodeEnd = { how: 'rebooted', reason: 'it rebooted' }

const open = (path: string, now = () => 1000): Promise<EndStore> =>
  openEnds({
    path,
    now,
    onError: (error) => {
      throw error
    },
  })

t.test('an end is counted once, and the node that comes back too', async (t) => {
  const ends = await open(join(t.testdir(), 'ends.json'))
  t.notOk(ends.started('shop', 'a'), 'a first start is no restart')
  ends.seen('shop', 'a', { running: true })
  t.equal(ends.get('shop', 'a'), undefined)
  const down = { running: false, ended: crashed }
  ends.seen('shop', 'a', down)
  ends.seen('shop', 'a', down)
  t.same(ends.get('shop', 'a'), { restarts: 0, lastEnd: { ...crashed, unixMs: 1000 }, isOpen: true })
  ends.seen('shop', 'a', { running: false })
  t.ok(ends.started('shop', 'a'), 'a start after one that failed counts too')
  t.notOk(ends.started('shop', 'a'))
  t.match(ends.get('shop', 'a'), { restarts: 1, lastEnd: crashed })
  ends.seen('shop', 'a', down)
  t.ok(ends.started('shop', 'a'))
  t.match(ends.get('shop', 'a'), { restarts: 2 })
  t.equal(ends.get('shop', 'b'), undefined)
  await ends.settled()
})

t.test('a node that is up again by itself came back', async (t) => {
  const ends = await open(join(t.testdir(), 'ends.json'))
  for (let i = 0; i < 3; i++) ends.seen('shop', 'a', { running: true, ended: rebooted })
  t.match(ends.get('shop', 'a'), { restarts: 1, lastEnd: rebooted })
  ends.seen('shop', 'a', { running: true })
  ends.seen('shop', 'a', { running: true, ended: rebooted })
  t.match(ends.get('shop', 'a'), { restarts: 2 })
  await ends.settled()
})

t.test('all of it is known after a restart, and forgotten with the node', async (t) => {
  const path = join(t.testdir(), 'ends.json')
  const before = await open(path)
  before.seen('shop', 'a', { running: false, ended: crashed })
  before.started('shop', 'a')
  before.seen('shop', 'a', { running: false, ended: crashed })
  before.seen('other', 'a', { running: false, ended: crashed })
  await before.settled()

  const after = await open(path, () => 2000)
  after.seen('shop', 'a', { running: false, ended: crashed })
  t.same(after.get('shop', 'a'), { restarts: 1, lastEnd: { ...crashed, unixMs: 1000 }, isOpen: true })
  after.forget('shop', ['a', 'nobody'])
  await after.settled()
  t.equal(after.get('shop', 'a'), undefined)
  t.same(Object.keys(JSON.parse((await readFile(path)).toString())), ['other/a'])
})

t.test('a damaged file begins the count anew, and a disk that takes nothing is told', async (t) => {
  const path = join(t.testdir(), 'ends.json')
  await writeFile(path, '{"shop/a": {"rest')
  t.equal((await open(path)).get('shop', 'a'), undefined)
  const problems: unknown[] = []
  const full = await openEnds({ path: join(path, 'below-a-file'), onError: (error) => problems.push(error) })
  full.seen('shop', 'a', { running: false, ended: crashed })
  await full.settled()
  t.equal(problems.length, 1)
  t.match(full.get('shop', 'a'), { lastEnd: crashed }, 'and is remembered meanwhile')
})
