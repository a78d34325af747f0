import { pathToFileURL } from 'node:url'
import t from 'tap'
import { createLog } from '../../log.ts'
import { mapOn } from '../../mapping/map-on.ts'
import type { Picture } from '../../mapping/mapping.ts'
import { emptyUsage } from '../../mapping/problem.ts'
import { threeHosts } from '../../mapping/test/fixtures.ts'
import { randomFrom, randomRequest, randomSubstrate, randomUsage } from '../../mapping/test/random.ts'
import { directMapper, startMapper } from '../mapper.ts'

const log = createLog('test', 'mapper', 'silent')

const outcomeOf = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work()
  } catch (error) {
    const { code, message, object, hint } = error as Record<string, unknown>
    return { code, message, object, hint }
  }
}

t.test('a thread maps, and refuses, as the process itself does', async (t) => {
  const mapper = startMapper(log)
  t.teardown(() => mapper.close())
  let refused = 0
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed)
    const graph = randomSubstrate(random, { hosts: 5, others: 2 })
    const picture: Picture = { graph, usage: randomUsage(random, graph), excluded: new Set() }
    // Twice on one substrate, which the thread is told of once; then with what stands.
    for (const part of [randomRequest(random, 4), randomRequest(random, 4)]) {
      const expected = await outcomeOf(() => mapOn(picture, undefined, part))
      t.strictSame(await outcomeOf(() => mapper.map(picture, undefined, part)), expected)
      if (!Object.hasOwn(expected as object, 'hosts')) {
        refused++
        continue
      }
      const standing = { part, embedding: mapOn(picture, undefined, part) }
      t.strictSame(
        await outcomeOf(() => mapper.map(picture, standing, part)),
        await outcomeOf(() => mapOn(picture, standing, part)),
      )
    }
  }
  t.ok(refused > 5 && refused < 115, `${refused} refused`)
})

t.test('a thread that ends is told of, its work is done all the same, and the next one has a new thread', async (t) => {
  const directory = t.testdir({
    'dies.mjs': "import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => process.exit(3))",
  })
  const said: unknown[] = []
  const told = { ...log, warn: (about: unknown) => void said.push(about) } as unknown as typeof log
  const mapper = startMapper(told, pathToFileURL(`${directory}/dies.mjs`))
  t.teardown(() => mapper.close())
  const graph = threeHosts()
  const picture: Picture = { graph, usage: emptyUsage, excluded: new Set() }
  const part = randomRequest(randomFrom(2), 1)
  for (const times of [1, 2]) {
    t.strictSame(
      await outcomeOf(() => mapper.map(picture, undefined, part)),
      await outcomeOf(() => directMapper.map(picture, undefined, part)),
    )
    t.match(said[times - 1], { err: { message: 'it ended with status 3' } })
  }
})

t.test('what is asked of one that was closed is refused', async (t) => {
  const mapper = startMapper(log)
  const picture: Picture = { graph: threeHosts(), usage: emptyUsage, excluded: new Set() }
  const asked = mapper.map(picture, undefined, randomRequest(randomFrom(1), 1))
  const refused = t.rejects(asked, { code: 'call.unreachable' })
  await mapper.close()
  await refused
  await t.rejects(mapper.map(picture, undefined, randomRequest(randomFrom(1), 1)), { code: 'call.unreachable' })
  await mapper.close()
})
