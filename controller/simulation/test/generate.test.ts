import t from 'tap'
import { generate, settings } from '../generate.ts'

t.test('a seed gives the same instance again, another one another', async (t) => {
  const setting = { ...settings.constrained, requests: 30 }
  t.strictSame(generate(setting, 7), generate(setting, 7))
  t.notSame(generate(setting, 7), generate(setting, 8))
})

t.test('the setting of the literature has its means', async (t) => {
  const seeds = Array.from({ length: 8 }, (_, seed) => generate(settings['wx100-eta0.16'], seed))
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const requests = seeds.flatMap((instance) => instance.requests)
  const between = (value: number, least: number, most: number) => t.ok(value >= least && value <= most, `${value}`)
  between(mean(seeds.map(({ substrate }) => substrate.links.length)), 470, 560)
  between(mean(seeds.map((instance) => (instance.requests.at(-1)?.arrival ?? 0) / 1000)), 6.1, 6.4)
  between(mean(requests.map(({ lifetime }) => lifetime)), 480, 520)
  between(mean(requests.map(({ nodes }) => nodes.length)), 5.85, 6.15)
  between(mean(requests.flatMap(({ nodes }) => nodes.map(({ cpu }) => cpu))), 9.8, 10.2)
  between(mean(requests.flatMap(({ links }) => links.map(({ bw }) => bw))), 24.5, 25.5)
  t.strictSame(
    seeds.flatMap(({ substrate }) => substrate.nodes).filter(({ cpu }) => cpu < 50 || cpu > 100),
    [],
  )
})

t.test('every graph is connected', async (t) => {
  const connected = (ids: readonly unknown[], links: readonly { a: unknown; b: unknown }[]): boolean => {
    const reached = new Set([ids[0]])
    for (const id of reached)
      for (const { a, b } of links) {
        if (a === id) reached.add(b)
        if (b === id) reached.add(a)
      }
    return reached.size === ids.length
  }
  for (const links of [undefined, 60]) {
    const sparse = { ...settings.constrained, requests: 100, ...(links && { links }) }
    const { substrate, requests } = generate(sparse, 3)
    for (const graph of [substrate, ...requests])
      if (
        !connected(
          graph.nodes.map(({ id }) => id),
          graph.links,
        )
      )
        t.fail('it is in parts')
  }
  t.pass('all are')
})
