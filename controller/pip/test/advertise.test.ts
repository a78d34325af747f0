import t, { type Test } from 'tap'
import { create } from '../../../proto/codec.ts'
import { open } from '../../../proto/envelope.ts'
import type { Advertisement, VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { topics } from '../../../proto/topics.ts'
import { pictureOf } from '../../advertisement/advertised.ts'
import { embeddingToMessage } from '../../advertisement/embedding.ts'
import { mapOn } from '../../mapping/map-on.ts'
import { type Client, createClient } from '../../test/client.ts'
import { createMemoryBroker } from '../../test/memory-session.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { chain, createReadyWorld, gib, heavyChain, type World, type WorldOptions } from '../../test/world.ts'
import { createAdvertiser } from '../advertise.ts'
import { nothingUsed } from '../holdings.ts'

const topic = topics.advertisement('pip1')

const setUp = async (t: Test, options: WorldOptions = {}): Promise<{ world: World; vnp: Client }> => {
  const world = await createReadyWorld({ vnps: [], vnos: [], advertise: 'full', ...options })
  t.teardown(() => world.close())
  return { world, vnp: createClient(world, 'vnp1', 'pip1') }
}

const part = (name: string): VNetRequest => ({ ...chain('any', 3), name: `alice.${name}` })
const heavy = (name: string, memory: number): VNetRequest => ({
  ...heavyChain('any', 3, memory),
  name: `alice.${name}`,
})

const messages = (world: World): readonly (Advertisement & { readonly retained: boolean })[] =>
  world.broker.published
    .filter((one) => one.topic === topic && one.payload.length > 0)
    .map(({ payload, retain }) => ({ ...open('Advertisement', payload).message, retained: retain }))
const lastWhole = (world: World): Advertisement => messages(world).findLast(({ whole }) => whole) as Advertisement

/** As a VNP would map it by the page that is told now. */
const mappedBy = async (vnp: Client, request: VNetRequest) => {
  const { advertisement } = await vnp.ask({ advertisement: { from: 0 } })
  const { nodes = [], links = [] } = advertisement ?? {}
  const picture = pictureOf({
    nodes: new Map(nodes.map((one) => [one.node?.id ?? '', one])),
    links: new Map(links.map((one) => [one.link?.id ?? '', one])),
  })
  return mapOn(picture, undefined, request)
}

t.test('without being told to, a PIP advertises nothing, and clears what it advertised before', async (t) => {
  const { world, vnp } = await setUp(t, { advertise: 'none' })
  await world.quiesce()
  t.notOk(world.broker.retained().includes(topic))
  await t.rejects(vnp.ask({ advertisement: {} }), { code: 'verb.unsupported' })
  const { reservation } = await vnp.ask({ reserve: { reservation: 'r1', part: part('shop') } })
  t.equal(reservation?.embedding, undefined, 'nor does it tell how it mapped')
})

t.test('what changes is told by number, and all of it is retained once it is quiet', async (t) => {
  const { world, vnp } = await setUp(t)
  await world.idle()
  const before = lastWhole(world)
  t.same(
    before.nodes.map(({ node }) => node?.id),
    ['h1', 'h2', 'h3', 'core'],
  )
  t.ok(before.nodes.every(({ away, unknown }) => !away && !unknown))
  const count = messages(world).length

  const { reservation } = await vnp.ask({ reserve: { reservation: 'r1', part: heavy('shop', 2 * gib) } })
  const used = new Set(reservation?.state?.nodes.map(({ host }) => host))
  await world.pass(30)
  const [delta] = messages(world).slice(count)
  t.match(delta, { retained: false, whole: false, number: before.number + 1, epoch: before.epoch })
  t.same(new Set(delta?.nodes.map(({ node }) => node?.id)), used, 'only what is other than before')
  t.ok(delta?.nodes.every(({ usedMemoryBytes }) => usedMemoryBytes >= 2 * gib))
  t.equal(messages(world).length, count + 1, 'what is retained follows later')
  await world.pass(1100)
  t.match(lastWhole(world), { number: before.number + 1, whole: true, retained: true })

  t.comment('a change that is none is not told')
  await world.pass(2000)
  t.equal(messages(world).length, count + 2)
})

t.test('a host that goes is told as away', async (t) => {
  const { world } = await setUp(t)
  await world.idle()
  world.agents.get('h2')?.stop()
  await world.idle()
  t.same(
    lastWhole(world).nodes.map(({ node, away }) => [node?.id, away]),
    [
      ['h1', false],
      ['h2', true],
      ['h3', false],
      ['core', false],
    ],
  )
})

t.test('what does not fit into one message is had in pages', async (t) => {
  const clock = createTestClock()
  const broker = createMemoryBroker(clock)
  const session = broker.connect({ url: 'memory:', identity: 'pip1' })
  const nodes = Array.from({ length: 4000 }, (_, i) =>
    create('SubstrateNode', {
      id: `h${i}`,
      kind: 'host',
      cpuMillis: 4000,
      hypervisors: ['lxc', 'qemu'],
      images: ['lxc/host'],
    }),
  )
  const links = nodes
    .slice(1)
    .map(({ id }) =>
      create('SubstrateLink', { id: `h0-${id}`, a: { node: 'h0', nic: id }, b: { node: id, nic: 'eth1' } }),
    )
  const usage = { ...nothingUsed, cpuMillis: new Map<string, number>() }
  const advertiser = createAdvertiser({
    level: 'full',
    domain: 'pip1',
    epoch: 7,
    session,
    clock,
    substrate: { nodes, links },
    picture: () => ({ graph: { nodes, links }, usage, excluded: new Set() }),
    onError: (_, error) => t.fail(String(error)),
  })
  t.teardown(() => advertiser.close())
  const settle = async () => {
    do await new Promise((resolve) => setTimeout(resolve, 5))
    while (broker.busy || clock.step())
  }
  const told = () =>
    broker.published.filter((one) => one.topic === topic).map(({ payload }) => open('Advertisement', payload).message)
  await settle()
  advertiser.republish()
  await settle()
  t.match(told().at(-1), { epoch: 7, number: 2, whole: false, nodes: [], links: [] })
  const ids: string[] = []
  let pages = 0
  for (let from = 0; pages === 0 || from > 0; pages++) {
    const page = advertiser.page(from)
    t.match(page, { epoch: 7, number: 2, whole: true })
    ids.push(...page.nodes.map(({ node }) => node?.id ?? ''), ...page.links.map(({ link }) => link?.id ?? ''))
    from = page.next
  }
  t.ok(pages > 2, `${pages} pages`)
  t.same(
    ids,
    [...nodes, ...links].map(({ id }) => id),
  )

  t.comment('so much changes that one message cannot carry it: who hears the next number finds that one is missing')
  for (const { id } of nodes) usage.cpuMillis.set(id, 1)
  advertiser.touch()
  await settle()
  t.match(told().at(-1), { number: 4, nodes: [], links: [] })
  usage.cpuMillis.set('h5', 2)
  advertiser.touch()
  await settle()
  t.match(
    told().findLast((one) => one.nodes.length > 0),
    { number: 5, nodes: [{ node: { id: 'h5' }, usedCpuMillis: 2 }] },
  )
})

t.test('a reservation holds the very embedding that it names', async (t) => {
  const { vnp } = await setUp(t)
  const request = heavy('shop', 1.5 * gib)
  const own = await mappedBy(vnp, request)
  // Not as the PIP would: the other way round.
  const turned = new Map(
    [...own.hosts].map(([node, host]) => [node, host === 'h1' ? 'h3' : host === 'h3' ? 'h1' : host]),
  )
  const turn = (name: string): string => name.replace(/^h([13])/, (_, n: string) => `h${4 - Number(n)}`)
  const given = {
    ...own,
    hosts: turned,
    paths: new Map(
      [...own.paths].map(([link, { nodes, links }]) => [link, { nodes: nodes.map(turn), links: links.map(turn) }]),
    ),
  }
  const embedding = embeddingToMessage(request, given)
  const { reservation } = await vnp.ask({ reserve: { reservation: 'r1', part: request, embedding } })
  t.same(new Map(reservation?.state?.nodes.map(({ id, host }) => [id, host])), turned)
  t.same(reservation?.embedding, embedding)
  t.ok((reservation?.cost ?? 0) > 0)
  t.match(reservation?.state?.timings, [{ name: 'verification' }])
  const { offer } = await vnp.ask({ offer: { part: request } })
  t.equal(offer?.cost, reservation?.cost)
})

t.test('an embedding that is not to be had is refused, whatever is wrong with it', async (t) => {
  const { world, vnp } = await setUp(t)
  const request = heavy('shop', 3 * gib)
  const own = await mappedBy(vnp, request)
  const good = embeddingToMessage(request, own)
  const [first, ...others] = good.nodes
  const [link, ...links] = good.links
  const wrongs = {
    'no host': { ...good, nodes: others },
    'a host that is none': { ...good, nodes: [{ ...first, host: 'core' }, ...others] },
    'two where one has room': { ...good, nodes: good.nodes.map((node) => ({ ...node, host: 'h1' })) },
    'a hypervisor that it has not': { ...good, nodes: [{ ...first, hypervisor: 'xen' }, ...others] },
    'another hypervisor than was asked for': { ...good, nodes: [{ ...first, hypervisor: 'lxc' }, ...others] },
    'no path': { ...good, links },
    'a path that jumps': { ...good, links: [{ ...link, links: [] }, ...links] },
    'a path of links that are none': { ...good, links: [{ ...link, links: ['x', 'y'] }, ...links] },
  }
  for (const [what, embedding] of Object.entries(wrongs)) {
    await t.rejects(
      vnp.ask({ reserve: { reservation: 'r1', part: request, embedding } }),
      { code: 'embedding.stale' },
      what,
    )
  }
  const light = part('light')
  const together = embeddingToMessage(light, await mappedBy(vnp, { ...light, placement: 'packed' }))
  t.equal(new Set(together.nodes.map(({ host }) => host)).size, 1)
  for (const terms of [{ placement: 'distinct' }, { affinity: [{ kind: 'apart', nodes: ['r1', 'r2'] }] }]) {
    await t.rejects(
      vnp.ask({ reserve: { reservation: 'r1', part: { ...light, ...terms }, embedding: together } }),
      { code: 'embedding.stale' },
      JSON.stringify(terms),
    )
  }
  t.same(await world.rows('pip1'), [])

  t.comment('others were quicker')
  await vnp.ask({ reserve: { reservation: 'r2', part: heavy('other', 2 * gib) } })
  await t.rejects(vnp.ask({ reserve: { reservation: 'r1', part: request, embedding: good } }), {
    code: 'embedding.stale',
    message: /memory/,
  })
  await vnp.ask({ release: { reservation: 'r2' } })
  t.comment('a host went')
  world.agents.get('h2')?.stop()
  await world.quiesce()
  await t.rejects(vnp.ask({ reserve: { reservation: 'r1', part: request, embedding: good } }), {
    code: 'embedding.stale',
    message: /h2 is not connected/,
  })
})

t.test('an offer with the id of a reservation is held until its lease ends', async (t) => {
  const { world, vnp } = await setUp(t)
  const first = await vnp.ask({ offer: { part: heavy('one', 3 * gib), reservation: 'r1', leaseMs: 5000 } })
  t.match(first.offer, { reservation: { reservation: 'r1', leaseMs: 5000, state: { vnet: 'alice.one' } } })
  t.equal(first.offer?.cost, first.offer?.reservation?.cost)
  const second = await vnp.ask({ offer: { part: heavy('two', 3 * gib), reservation: 'r2' } })
  t.match(second.offer, { error: { code: 'admission.not-now' }, reservation: undefined })
  t.same(await world.rows('pip1'), ['reservation/r1'])
  await world.until('it ended', async () => (await world.rows('pip1')).length === 0)
  const third = await vnp.ask({ offer: { part: heavy('two', 3 * gib), reservation: 'r3' } })
  t.match((await vnp.ask({ commit: { reservation: 'r3' } })).vnet, { vnet: 'alice.two', generation: 1 })
  t.ok(third.offer?.cost)
})
