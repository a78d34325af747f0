import t from 'tap'
import { validateSlice } from '../../agent/state/validate.ts'
import { embed } from '../../controller/mapping/embed.ts'
import { emptyUsage } from '../../controller/mapping/problem.ts'
import { randomFrom, randomRequest } from '../../controller/mapping/test/random.ts'
import { allocate } from '../../controller/pip/allocate.ts'
import { compileSlices } from '../../controller/pip/compile.ts'
import { takenOf } from '../../controller/pip/test/taken-of.ts'
import { randomWired } from '../../controller/pip/test/wired.ts'
import { create } from '../../proto/codec.ts'
import { technologyNames } from '../../proto/technologies.ts'

t.test('whatever a PIP tells a host of links of any technology is right to its agent', async (t) => {
  const told = new Map<string, number>()
  for (let seed = 1; seed <= 600; seed++) {
    const random = randomFrom(seed)
    const graph = randomWired(random)
    const asked = randomRequest(random, 7)
    const result = embed(graph, emptyUsage, asked)
    if (result.outcome === 'refused') continue
    const inventories = new Map(
      graph.nodes.map(({ id, nics, sharedNics }, index) => {
        const ends = graph.links.flatMap(({ a, b }) => [a, b].filter((end) => end?.node === id).map((end) => end?.nic))
        const mac = `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`
        const seen = [...ends, ...nics, ...sharedNics].map((name, at) => ({
          name: `${name}`,
          mac,
          up: true,
          mtu: 1600,
          addresses: [`10.${index}.${at}.1/24`],
        }))
        return [id, create('HostInventory', { host: id, nics: seen })] as const
      }),
    )
    const common = { vnet: 'alice.net', embedding: result.embedding, substrate: graph }
    const allocation = allocate({ ...common, request: asked, taken: takenOf(graph, []) })
    const slices = compileSlices({ ...common, allocation, inventories, generation: 1, epoch: 1 })
    for (const [host, slice] of slices) {
      for (const { technology } of slice.links.flatMap(({ segments }) => segments))
        told.set(technology, (told.get(technology) ?? 0) + 1)
      try {
        validateSlice(slice)
      } catch (error) {
        t.fail(`seed ${seed}, ${host}: ${(error as Error).message}`)
      }
    }
  }
  for (const technology of technologyNames) t.ok((told.get(technology) ?? 0) > 5, `${technology} occurs`)
})
