import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keptBytes, openConsoleLog } from '../log.ts'

const bytes = (from: number, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (from + i) % 251)

const all = (log: ReturnType<typeof openConsoleLog>, from: number): { position: number; bytes: Buffer } => {
  const parts: Uint8Array[] = []
  const first = log.read(from, 1000)
  let at = first.position
  for (;;) {
    const part = log.read(at, 1000)
    if (part.bytes.length === 0) return { position: first.position, bytes: Buffer.concat(parts) }
    parts.push(part.bytes)
    at = part.position + part.bytes.length
  }
}

t.test('what was written is read from any position, and from the first kept one where it is gone', async (t) => {
  const directory = t.testdir()
  const log = openConsoleLog(directory)
  t.match(log, { begin: 0, end: 0 })
  t.equal(log.read(0, 10).bytes.length, 0)
  for (let at = 0; at < 300_000; at += 7777) log.append(bytes(at, Math.min(7777, 300_000 - at)))
  t.equal(log.end, 300_000)
  t.ok(log.end - log.begin >= keptBytes, 'at least the last 64 KiB')
  const kept = all(log, 0)
  t.equal(kept.position, log.begin)
  t.same(kept.bytes, Buffer.from(bytes(log.begin, log.end - log.begin)))
  t.same(all(log, 299_990).bytes, Buffer.from(bytes(299_990, 10)))
  t.equal(log.read(400_000, 10).bytes.length, 0)
  log.close()
})

t.test('it takes no more than 128 KiB, however much comes, at once or in bits', async (t) => {
  const directory = t.testdir()
  const log = openConsoleLog(directory)
  log.append(bytes(0, 1_000_000))
  for (let i = 0; i < 1000; i++) log.append(bytes(1_000_000 + i * 100, 100))
  const size = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
  t.ok(size <= 2 * keptBytes, `${size} bytes`)
  t.equal(log.end, 1_100_000)
  t.same(all(log, 0).bytes, Buffer.from(bytes(log.begin, size)))
  log.close()
})

t.test('one that is opened again goes on where the last one was, without a word of farewell', async (t) => {
  const directory = t.testdir()
  const first = openConsoleLog(directory)
  first.append(bytes(0, 100_000))
  const second = openConsoleLog(directory)
  second.append(bytes(100_000, 5))
  t.equal(second.end, 100_005)
  t.same(all(second, 99_990).bytes, Buffer.from(bytes(99_990, 15)))
  first.close()
  second.close()
})

t.test('what does not lead up to the last segment is thrown away', async (t) => {
  const directory = t.testdir()
  writeFileSync(join(directory, '0.log'), 'old')
  writeFileSync(join(directory, '100.log'), 'new')
  writeFileSync(join(directory, 'other'), '')
  const log = openConsoleLog(directory)
  t.match(log, { begin: 100, end: 103 })
  t.same(readdirSync(directory).sort(), ['100.log', 'other'])
  log.close()
})
