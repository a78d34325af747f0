/** Bringing an image's file here: what arrives is what was meant, or nothing is left. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { fetchFile, type Source } from '../fetch.ts'
import { send, serve } from './support/server.ts'

const bytes = randomBytes(3_000_000)
const sha256 = createHash('sha256').update(bytes).digest('hex')

const fetching = (test: Test, source: Partial<Source> & { url: string }, signal = new AbortController().signal) => {
  const path = join(test.testdir(), 'file')
  const whole = { name: 'small', sha256, sizeBytes: bytes.length, ...source }
  const seen: number[] = []
  const onProgress = (here: number): void => void seen.push(here)
  const done = fetchFile(whole, { path, signal, mostBytes: 10_000_000, idleMs: 1000, againMs: 1, onProgress })
  return { path, done, seen }
}

t.test('brings a file by http, and tells how much is here', async (test) => {
  const { url, requests } = await serve(test, (request, response) => send(request, response, bytes))
  const { path, done, seen } = fetching(test, { url: `${url}/a.tar` })
  await done
  test.ok(bytes.equals(await readFile(path)))
  test.equal(seen.at(-1), bytes.length)
  test.equal(requests.length, 1)
})

t.test('brings a file of this host', async (test) => {
  const from = join(t.testdir({ from: bytes }), 'from')
  const { path, done } = fetching(test, { url: pathToFileURL(from).href })
  await done
  test.ok(bytes.equals(await readFile(path)))
})

t.test('goes on where a transfer broke off', async (test) => {
  const { url, requests } = await serve(test, (request, response) => {
    if (requests.length > 1) return send(request, response, bytes)
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 1_000_000), () => setTimeout(() => response.destroy(), 200))
  })
  const { path, done } = fetching(test, { url })
  await done
  test.ok(bytes.equals(await readFile(path)))
  test.match(requests[1]?.headers.range, /^bytes=[1-9]\d*-$/)
})

t.test('begins anew where the server cannot go on', async (test) => {
  const { url, requests } = await serve(test, (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length })
    if (requests.length > 1) response.end(bytes)
    else response.write(bytes.subarray(0, 1_000_000), () => setTimeout(() => response.destroy(), 200))
  })
  const { path, done } = fetching(test, { url })
  await done
  test.ok(bytes.equals(await readFile(path)))
  test.equal(requests.length, 2)
})

t.test('goes on where the server falls silent', async (test) => {
  const { url, requests } = await serve(test, (request, response) => {
    if (requests.length > 1) return send(request, response, bytes)
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 10))
  })
  const { path, done } = fetching(test, { url })
  await done
  test.ok(bytes.equals(await readFile(path)))
})

t.test('follows redirects', async (test) => {
  const { url } = await serve(test, (request, response) => {
    if (request.url === '/there') send(request, response, bytes)
    else response.writeHead(302, { location: '/there' }).end()
  })
  const { done } = fetching(test, { url })
  await test.resolves(done)
})

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const other = Buffer.from(bytes)
other[17] = (other[17] ?? 0) ^ 1

const refused: readonly {
  readonly what: string
  readonly answer: Answer
  readonly source?: Partial<Source>
  readonly code: string
  readonly says: RegExp
}[] = [
  {
    what: 'another digest',
    answer: (request, response) => send(request, response, other),
    code: 'image.digest',
    says: /has the SHA-256/,
  },
  {
    what: 'too few bytes',
    answer: (request, response) => send(request, response, bytes.subarray(0, -1)),
    code: 'image.digest',
    says: /has 2999999 bytes and should have 3000000/,
  },
  {
    what: 'too many bytes, of whose number nothing is told',
    answer: (_, response) => void response.writeHead(200).end(Buffer.concat([bytes, bytes])),
    code: 'image.digest',
    says: /more than the 3000000 bytes/,
  },
  {
    what: 'more bytes than there may be, of a size that the source does not tell',
    answer: (_, response) => void response.writeHead(200).end(Buffer.alloc(10_000_001)),
    source: { sizeBytes: 0 },
    code: 'image.no-space',
    says: /more than the 10000000 bytes/,
  },
  {
    what: 'a file that is not there',
    answer: (_, response) => void response.writeHead(404).end('no'),
    code: 'image.unreachable',
    says: /answers 404/,
  },
  {
    what: 'redirects without end',
    answer: (_, response) => void response.writeHead(302, { location: '/' }).end(),
    code: 'image.unreachable',
    says: /redirected more than 5 times/,
  },
  {
    what: 'a redirect to a file of the host',
    answer: (_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    code: 'image.unreachable',
    says: /redirected to file:/,
  },
  {
    what: 'a server that fails again and again',
    answer: (_, response) => void response.writeHead(503).end(),
    code: 'image.unreachable',
    says: /answers 503/,
  },
]

for (const { what, answer, source, code, says } of refused) {
  t.test(`refuses ${what}, and leaves nothing`, async (test) => {
    const { url } = await serve(test, answer)
    const { path, done } = fetching(test, { url, ...source })
    await test.rejects(done, { code, message: says })
    test.notOk(existsSync(path))
  })
}

t.test('says that nobody listens', async (test) => {
  const { path, done } = fetching(test, { url: 'http://127.0.0.1:1/a' })
  await test.rejects(done, { code: 'image.unreachable', message: /127.0.0.1/ })
  test.notOk(existsSync(path))
})

t.test('refuses a path of this host that is no file', async (test) => {
  const { done } = fetching(test, { url: pathToFileURL('/dev').href })
  await test.rejects(done, { code: 'image.unreachable', message: /no file/ })
})

t.test('ends when nobody waits any more', async (test) => {
  const { url, requests } = await serve(test, (_, response) => void response.writeHead(200).write('a'))
  const controller = new AbortController()
  const { path, done } = fetching(test, { url }, controller.signal)
  while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const reason = new Error('enough')
  controller.abort(reason)
  await test.rejects(done, reason)
  test.notOk(existsSync(path))
})
