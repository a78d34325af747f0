import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { createLog } from '../../log.ts'
import { mapOn } from '../../mapping/map-on.ts'
import type { Picture } from '../../mapping/mapping.ts'
import { emptyUsage } from '../../mapping/problem.ts'
import { gib, request, threeHosts } from '../../mapping/test/fixtures.ts'
import { randomFrom, randomRequest, randomSubstrate, randomUsage } from '../../mapping/test/random.ts'
import { directMapper, startMapper } from '../mapper.ts'

t.setTimeout(300_000)

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
  for (let seed = 1; seed <= 30; seed++) {
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
  t.ok(refused > 2 && refused < 58, `${refused} refused`)
})

t.test('while a long mapping runs an explanation is answered, and the process goes on', async (t) => {
  const directory = t.testdir({})
  const worker = new URL('../worker.ts', import.meta.url).href
  // A mapping holds its thread, with all that comes to it, until there is a file: it ends only if somebody else goes on.
  writeFileSync(
    `${directory}/holds.mjs`,
    `import { existsSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'
parentPort.on('message', ({ asked }) => {
  const never = new Int32Array(new SharedArrayBuffer(4))
  while (asked.kind === 'map' && !existsSync('${directory}/go')) Atomics.wait(never, 0, 0, 20)
})
await import('${worker}')`,
  )
  const mapper = startMapper(log, { file: pathToFileURL(`${directory}/holds.mjs`), atOnce: true })
  t.teardown(() => mapper.close())
  const order: string[] = []
  const note = async <T>(name: string, work: Promise<T>): Promise<T> => {
    const result = await work
    order.push(name)
    return result
  }
  const picture: Picture = { graph: threeHosts(), usage: emptyUsage, excluded: new Set() }
  const part = request({ a: {} })
  const mapped = note('mapping', mapper.map(picture, undefined, part))
  await note(
    'explanation',
    mapper.explain(picture, { provider: 'pip1', vnet: 'v', usage: emptyUsage, budgetMs: 60_000, of: { part } }),
  )
  writeFileSync(`${directory}/go`, '')
  await mapped
  t.strictSame(order, ['explanation', 'mapping'])
})

t.test('an explanation by a thread is the one that the process itself makes', async (t) => {
  const mapper = startMapper(log)
  t.teardown(() => mapper.close())
  const picture: Picture = { graph: threeHosts(), usage: emptyUsage, excluded: new Set(['h3']) }
  const large = request({ a: { memoryBytes: 64 * gib }, b: {} })
  const part = request({ a: {}, b: {} }, { 'a-b': {} })
  const standing = { part, embedding: mapOn(picture, undefined, part) }
  for (const about of [{ part: large }, { standing }]) {
    const asked = { provider: 'pip1', vnet: 'v', usage: emptyUsage, budgetMs: 60_000, of: about }
    const explanation = await mapper.explain(picture, asked)
    t.strictSame(explanation, await directMapper.explain(picture, asked))
    t.equal(explanation.nodes.length, 2)
  }
})

t.test('a thread that ends is told of, its work is done all the same, and the next one has a new thread', async (t) => {
  const directory = t.testdir({
    'dies.mjs': "import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => process.exit(3))",
  })
  const said: unknown[] = []
  const told = { ...log, warn: (about: unknown) => void said.push(about) } as unknown as typeof log
  const mapper = startMapper(told, { file: pathToFileURL(`${directory}/dies.mjs`) })
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
