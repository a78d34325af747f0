/** Nodes whose images are fetched, on a host of fakes: who waits for what, and what is told meanwhile. */
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { create } from '../../proto/codec.ts'
import type { Image } from '../../proto/generated/weft.v1.ts'
import { type ImageStore, openImageStore } from '../images/store.ts'
import { archive } from '../images/test/support/archive.ts'
import { send, serve } from '../images/test/support/server.ts'
import { absent, fakeHost, node, pair, untilPhase, untilReport } from './support/host.ts'

t.setTimeout(300_000)

const tar = archive([{ path: 'bin/sh', content: '#!' }])
const sha256 = createHash('sha256').update(tar).digest('hex')

const open = (stateDir: string): Promise<ImageStore> =>
  openImageStore({
    directory: join(stateDir, 'store'),
    localDirectory: join(stateDir, 'images'),
    ids: { first: process.getuid?.() ?? 0, count: 1 },
    mostBytes: 1 << 24,
    keepMs: 0,
    timing: { againMs: 1, wrongMs: 0 },
  })

/** An image that is there, and one whose server sends the rest of it when it is told to. */
const setUp = async (test: Test) => {
  const rest = Promise.withResolvers<void>()
  const { url, requests } = await serve(test, (request, response) => {
    if (request.url !== '/slow') return send(request, response, tar)
    response.writeHead(200, { 'content-length': tar.length }).write(tar.subarray(0, 100))
    void rest.promise.then(() => response.end(tar.subarray(100)))
  })
  const image = (path: string, change: Partial<Image> = {}): Image =>
    create('Image', { name: 'small', url: `${url}${path}`, sha256, sizeBytes: tar.length, format: 'tar', ...change })
  const host = fakeHost(test)
  const images = await open(host.stateDir)
  return { host, images, image, requests, sendRest: () => rest.resolve() }
}

t.test('a node waits for its image alone, tells how far it is, and starts when it is there', async (test) => {
  const { host, images, image, sendRest } = await setUp(test)
  const agent = await host.start(undefined, { images })
  await agent.desire(pair({ nodes: [node('a', { imageSource: image('/slow') }), node('b')], links: [] }))
  const report = await untilReport(
    agent,
    ({ nodes: [a, b] }) => a?.progress !== '' && b?.state === 'OBJECT_STATE_READY',
  )
  test.match(report.nodes[0], { state: 'OBJECT_STATE_BUILDING', progress: /^fetching image small: 0\.0 of 0\.0 MB$/ })
  test.strictSame([...host.world.nodes.keys()], ['alice.shop/b'])
  sendRest()
  test.match(await untilPhase(agent, 'PHASE_READY'), { nodes: [{ progress: '' }, { progress: '' }] })
})

t.test('who is not wanted any more waits no more, and what was fetched for him is gone', async (test) => {
  const { host, images, image, requests } = await setUp(test)
  const agent = await host.start(undefined, { images })
  await agent.desire(pair({ nodes: [node('a', { imageSource: image('/slow') })], links: [] }))
  while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await agent.desire(absent(2))
  await untilPhase(agent, 'PHASE_GONE')
  await images.close()
  test.strictSame(await readdir(join(host.stateDir, 'store/unfinished')), [])
  test.strictSame(host.world.calls, [])
})

t.test('a change that leaves the image as it was does not fetch it again', async (test) => {
  const { host, images, image, requests, sendRest } = await setUp(test)
  const agent = await host.start(undefined, { images })
  const slow = node('a', { imageSource: image('/slow') })
  await agent.desire(pair({ nodes: [slow], links: [] }))
  while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await agent.desire(pair({ nodes: [slow, node('b')], links: [], generation: 2 }))
  await untilReport(agent, ({ nodes }) => nodes[1]?.state === 'OBJECT_STATE_READY')
  sendRest()
  await untilPhase(agent, 'PHASE_READY')
  test.equal(requests.length, 1)
})

t.test('an image with a wrong digest is the error of its node, and comes right when it is right', async (test) => {
  const { host, images, image } = await setUp(test)
  const agent = await host.start(undefined, { images })
  const wrong = node('a', { imageSource: image('/', { sha256: '0'.repeat(64) }) })
  await agent.desire(pair({ nodes: [wrong, node('b')], links: [] }))
  const report = await untilPhase(agent, 'PHASE_DEGRADED')
  test.match(report.nodes, [
    { state: 'OBJECT_STATE_FAILED', error: { code: 'image.digest', object: 'node/a' } },
    { id: 'b', error: undefined },
  ])
  test.strictSame(await readdir(join(host.stateDir, 'store/sha256')), [])
  await agent.desire(pair({ nodes: [node('a', { imageSource: image('/') }), node('b')], links: [], generation: 2 }))
  await untilPhase(agent, 'PHASE_READY')
})

t.test('an image goes with its last node, also when the agent was away meanwhile', async (test) => {
  const { host, images, image } = await setUp(test)
  const stored = () => readdir(join(host.stateDir, 'store/sha256'))
  const first = await host.start(undefined, { images, inventoryMs: 20 })
  await first.desire(pair({ nodes: [node('a', { imageSource: image('/') })], links: [] }))
  await untilPhase(first, 'PHASE_READY')
  first.kill()
  const second = await host.start(undefined, { images: await open(host.stateDir), inventoryMs: 20 })
  await untilPhase(second, 'PHASE_READY')
  await new Promise((resolve) => setTimeout(resolve, 200))
  test.strictSame(await stored(), [`${sha256}.tar`], 'it is used')
  await second.desire(absent(2))
  await untilPhase(second, 'PHASE_GONE')
  while ((await stored()).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
})
