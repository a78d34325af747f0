/** TCP transfers between namespaces, of data that is the same each time. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const pieceBytes = 1 << 18

/** A piece of the data: a stream of SHA-256, so that no two parts of it are alike. */
export const dataPiece = (number: number): Buffer => {
  const seed = createHash('sha256').update(`${number}`).digest()
  const piece = Buffer.alloc(pieceBytes)
  // Eight bytes in a row tell where they belong.
  for (let at = 0; at < pieceBytes; at += 8) {
    piece.writeUInt32BE((seed.readUInt32BE(at % 28) ^ Math.imul(at, 0x9e3779b1)) >>> 0, at)
    piece.writeUInt32BE((number * pieceBytes + at) >>> 0, at + 4)
  }
  return piece
}

export const dataHash = (bytes: number): string => {
  const hash = createHash('sha256')
  for (let at = 0; at < bytes; at += pieceBytes) hash.update(dataPiece(at / pieceBytes))
  return hash.digest('hex')
}

export interface Transfer {
  readonly count: number
  readonly sha256: string
  readonly durationMs: number
}

const fixture = fileURLToPath(new URL('../fixtures/transfer.ts', import.meta.url))
const end = (namespace: string, ...args: readonly string[]) =>
  spawn('ip', ['netns', 'exec', namespace, process.execPath, fixture, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

/** Sends `bytes` from one namespace to an address in another; undefined where not all came in time. */
export const transfer = async (
  from: string,
  to: string,
  address: string,
  bytes: number,
  timeoutMs: number,
): Promise<Transfer | undefined> => {
  const receiver = end(to, 'receive', '7001')
  const lines = createInterface(receiver.stdout)[Symbol.asyncIterator]()
  await lines.next()
  const sender = end(from, 'send', address, '7001', `${bytes}`)
  const both = [receiver, sender].map((child) => once(child, 'close'))
  const timer = setTimeout(() => {
    receiver.kill('SIGKILL')
    sender.kill('SIGKILL')
  }, timeoutMs)
  const { value } = await lines.next()
  await Promise.all(both)
  clearTimeout(timer)
  return value === undefined ? undefined : (JSON.parse(value) as Transfer)
}
