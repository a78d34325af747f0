/** What is remembered of routers is never told of one that is another by now; and routers whose records are damaged go away whole. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { missing } from '../../../ebpf/features.ts'
import { listPins, pinnedLink } from '../../../ebpf/pins.ts'
import { readConfiguration } from '../configuration.ts'
import { pinsOf } from '../places.ts'
import { type ClickService, clickService, type RouterInfo } from '../service.ts'
import { linkPins } from '../site.ts'
import { type Lines, makeLines } from './support.ts'

t.setTimeout(300_000)
const skip = missing('bpf')?.message ?? false
const click = (text: string) => readConfiguration(text, 'test.click')
const forwarder = 'FromDevice(a1) -> c :: Counter -> Discard'

interface World {
  readonly lines: Lines
  readonly service: ClickService
  /** As the driver asks: nothing has changed that it knows of. */
  readonly listed: () => Promise<readonly RouterInfo[]>
  readonly pinOf: (router: string) => string
}

/** With a router `r` at a1, seen and remembered. */
const remembering = async (t: Test): Promise<World> => {
  const lines = await makeLines(t)
  const service = clickService(lines.places)
  await service.up('r', click(forwarder))
  const listed = () => service.list(() => 'if unchanged')
  // A stamp counts once it is older than the kernel's clock can tell.
  await sleep(300)
  t.match(await listed(), [{ name: 'r', state: 'running', generation: 1 }])
  return { lines, service, listed, pinOf: (router) => linkPins(pinsOf(lines.places, router)) }
}

t.test('a router that is as it was is the same value', { skip }, async (t) => {
  const { lines, listed } = await remembering(t)
  const other = clickService(lines.places)
  const [first] = await listed()
  t.equal((await listed())[0], first)
  await other.swap('r', click(`${forwarder};`))
  t.match(await listed(), [{ generation: 2 }])
})

t.test(
  'who asks for some by their names is told of those alone, and forgets nothing of the others',
  { skip },
  async (t) => {
    const { lines, service, listed } = await remembering(t)
    const [first] = await listed()
    await clickService(lines.places).up('s', click('FromDevice(b1) -> Discard'))
    t.match(
      await service.list(
        () => 'if unchanged',
        (name) => name === 's',
      ),
      [{ name: 's' }],
    )
    t.equal(
      (await listed()).find(({ name }) => name === 'r'),
      first,
    )
  },
)

t.test('what another process did to routers is seen at once', { skip }, async (t) => {
  const { lines, listed } = await remembering(t)
  const other = clickService(lines.places)
  await other.swap('r', click(`${forwarder};`))
  t.match(await listed(), [{ generation: 2, text: `${forwarder};`, state: 'running' }])
  // As fast as can be: within ticks of the clock that stamps are of.
  for (let generation = 3; generation < 23; generation++) {
    await other.swap('r', click(forwarder))
    t.match(await listed(), [{ generation }])
  }
  await other.up('s', click('FromDevice(b1) -> Discard'))
  t.match(await listed(), [{ name: 'r' }, { name: 's' }])
  await other.down('r')
  t.match(await listed(), [{ name: 's' }])
  await other.up('r', click(forwarder))
  t.match(await listed(), [{ name: 'r', generation: 1 }, { name: 's' }])
})

t.test('a pin that was removed is missed at once, and mended', { skip }, async (t) => {
  const { service, listed, pinOf } = await remembering(t)
  for (const pin of readdirSync(pinOf('r'))) rmSync(join(pinOf('r'), pin))
  t.match(await listed(), [{ state: 'degraded', attachments: [{ state: 'missing' }] }])
  t.match(await service.adopt('r'), { state: 'running' })
  t.match(await listed(), [{ state: 'running' }])
})

t.test(
  'a program that was taken off without its pin is seen by a look at all, and remembered as missing',
  { skip },
  async (t) => {
    const { service, listed, pinOf } = await remembering(t)
    const [pin = ''] = listPins(pinOf('r'))
    const link = pinnedLink(join(pinOf('r'), pin))
    link?.detach()
    link?.close()
    t.match(await listed(), [{ state: 'running' }], 'nobody has said so')
    t.match(await service.list(), [{ state: 'degraded' }])
    t.match(await listed(), [{ state: 'degraded' }])
  },
)

t.test('interfaces that are others than before are looked at', { skip }, async (t) => {
  const { lines, service } = await remembering(t)
  const index = await lines.index('a1')
  await lines.route.deleteLink('a1')
  const indices = new Set((await lines.route.links()).map((link) => link.index))
  const trust = ({ attachments }: RouterInfo) =>
    attachments.every(({ interfaceIndex }) => indices.has(interfaceIndex)) ? 'if unchanged' : 'no'
  t.notOk(indices.has(index))
  t.match(await service.list(trust), [{ state: 'degraded', attachments: [{ state: 'interface gone' }] }])
})

t.test('what another router has is refused, by whatever method it is there', { skip }, async (t) => {
  const { lines, service } = await remembering(t)
  const other = clickService(lines.places)
  await t.rejects(service.up('s', click('FromDevice(a1) -> Discard')), { code: 'nic.taken', message: /router r$/ })
  await t.rejects(service.up('s', click('FromDevice(a1, ATTACH clsact) -> Discard')), { code: 'nic.taken' })
  for (const attach of ['clsact', 'xdp']) {
    await other.up(attach, click(`FromDevice(b1, ATTACH ${attach}) -> Discard`))
    await t.rejects(service.up('s', click('FromDevice(b1) -> Discard')), {
      code: 'nic.taken',
      message: new RegExp(attach),
    })
    await other.down(attach)
  }
  t.match(await service.up('s', click('FromDevice(b1) -> Discard')), { state: 'running' })
  t.match(await service.swap('r', click(forwarder)), { state: 'running' }, 'its own program is no other')
})

t.test('a damaged record is no end: down takes away what is pinned, and nothing else', { skip }, async (t) => {
  const { lines, service } = await remembering(t)
  const { directory } = lines.places
  await service.up(
    's',
    click('FromDevice(b1) -> Discard; FromDevice(b0, ATTACH clsact) -> Discard; FromHost(host0) -> Discard'),
  )
  for (const text of ['', '{', 'null', '[]', '{"version":1}']) {
    writeFileSync(join(directory, 's.json'), text)
    t.match(
      await service.list(),
      [
        { name: 'r', state: 'running' },
        { name: 's', state: 'damaged' },
      ],
      text,
    )
  }
  await t.rejects(service.up('s', click('Idle -> Discard')), { code: 'router.broken', hint: /down/ })
  await service.down('s')
  t.same(readdirSync(directory).sort(), ['.lock', 'r.json'])
  t.same(listPins(pinsOf(lines.places, 's')), [])
  t.equal(await lines.route.link('host0'), undefined)
  const b0 = await lines.index('b0')
  t.same(await lines.route.filters({ index: b0, parent: 0xffff_fff2 }), [])
  t.match(await service.list(), [{ name: 'r', state: 'running' }])
  t.match(await service.up('s', click('FromDevice(b1) -> Discard; FromDevice(b0) -> Discard')), { state: 'running' })
})
