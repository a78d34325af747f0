import t from 'tap'
import { decode, encode } from '../../../proto/codec.ts'
import { embed } from '../../mapping/embed.ts'
import type { Picture } from '../../mapping/mapping.ts'
import { randomFrom, randomRequest, randomSubstrate, randomUsage } from '../../mapping/test/random.ts'
import { advertisedOf, pictureOf } from '../advertised.ts'
import { embeddingFromMessage, embeddingToMessage, isSameEmbedding } from '../embedding.ts'

const randomPicture = (seed: number): Picture => {
  const random = randomFrom(seed)
  const graph = randomSubstrate(random, { hosts: 7, others: 4 })
  // A link that nothing can run over is advertised as one that cannot be used.
  const links = graph.links.filter(({ id }) => graph.carried?.get(id)?.size !== 0)
  return {
    graph: { ...graph, links },
    usage: randomUsage(random, graph),
    excluded: new Set(random.some(graph.nodes, 0.1).map(({ id }) => id)),
  }
}

/** As it comes over the wire. */
const told = (picture: Picture, declared: Pick<Picture['graph'], 'nodes' | 'links'> = picture.graph): Picture => {
  const { nodes, links } = advertisedOf(declared, picture)
  return pictureOf({
    nodes: new Map([...nodes].map(([id, one]) => [id, decode('AdvertisedNode', encode('AdvertisedNode', one))])),
    links: new Map([...links].map(([id, one]) => [id, decode('AdvertisedLink', encode('AdvertisedLink', one))])),
  })
}

t.test('what is mapped by an advertisement is what its PIP would map, and so is a refusal', async (t) => {
  let mapped = 0
  for (let seed = 1; seed <= 500; seed++) {
    const picture = randomPicture(seed)
    const request = randomRequest(randomFrom(seed + 1e6), 6)
    const [here, there] = [picture, told(picture)].map(({ graph, usage, excluded }) =>
      embed(graph, usage, request, { excluded }),
    )
    if (here?.outcome === 'mapped') mapped += 1
    if (here?.outcome === 'mapped' && there?.outcome === 'mapped')
      t.same(there.embedding, here.embedding, `seed ${seed}`)
    else if (here?.outcome === 'refused' && there?.outcome === 'refused')
      t.equal(there.error.message, here.error.message, `seed ${seed}`)
    else t.fail(`seed ${seed}: ${here?.outcome} at the PIP, ${there?.outcome} by its advertisement`)
  }
  t.ok(mapped > 100, `${mapped} of 500 were mapped`)
})

t.test('an embedding is the same after the wire', async (t) => {
  let count = 0
  for (let seed = 1; seed <= 200; seed++) {
    const { graph, usage } = randomPicture(seed)
    const request = randomRequest(randomFrom(seed + 1e6), 6)
    const result = embed(graph, usage, request)
    if (result.outcome !== 'mapped') continue
    count += 1
    const { embedding } = result
    const message = decode('Embedding', encode('Embedding', embeddingToMessage(request, embedding)))
    t.same(embeddingFromMessage(message, embedding.cost), embedding)
    const [first] = request.nodes
    const moved = { ...embedding, hosts: new Map([...embedding.hosts, [first?.id ?? '', 'elsewhere']]) }
    t.ok(isSameEmbedding(request, embedding, embedding))
    t.notOk(isSameEmbedding(request, embedding, moved))
  }
  t.ok(count > 50)
})

t.test('what is declared and not there is told as such, and nothing is mapped onto it', async (t) => {
  const picture = randomPicture(1)
  const [gone] = picture.graph.nodes.filter(({ kind }) => kind === 'host')
  const without: Picture = {
    ...picture,
    graph: {
      ...picture.graph,
      nodes: picture.graph.nodes.filter(({ id }) => id !== gone?.id),
      links: picture.graph.links.filter(({ a, b }) => a?.node !== gone?.id && b?.node !== gone?.id),
    },
  }
  const advertised = advertisedOf(picture.graph, without)
  t.match(advertised.nodes.get(gone?.id ?? ''), { unknown: true, node: { kind: 'host', cpuMillis: 0 } })
  t.same(
    [...advertised.nodes.keys()],
    picture.graph.nodes.map(({ id }) => id),
    'in the order of the declaration',
  )
  t.same(told(without, picture.graph).graph.nodes, without.graph.nodes)
  t.same(told(without, picture.graph).graph.links, without.graph.links)
})
