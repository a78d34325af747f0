/** What passes an interface, in both directions, by a socket of its own (AF_PACKET): tcpdump(8) takes it before any program of ours and behind it. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { readPcap } from '../../../click/pcap.ts'
import { type Namespace, until } from './world.ts'

export interface Capture {
  /** Whether bytes have passed yet, in a frame. */
  has(bytes: Uint8Array): boolean
  /** Ends it; all frames, with their VLAN tags. */
  stop(): Promise<readonly Buffer[]>
}

/** Why there can be none; false where there can. */
export const captureProblem = ((): string | false => {
  try {
    execFileSync('tcpdump', ['--version'], { stdio: 'ignore' })
    return false
  } catch {
    return 'tcpdump is not installed'
  }
})()

/** Listens once it settles, to the end of the test at most. */
export const capture = async (t: Test, at: Namespace, name: string): Promise<Capture> => {
  const args = ['-i', name, '-n', '-p', '-U', '-s', '4096', '-B', '16384', '-Z', 'root', '--immediate-mode', '-w', '-']
  const child = spawn('ip', ['netns', 'exec', at.name, 'tcpdump', ...args])
  const chunks: Buffer[] = []
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const ended = once(child, 'close')
  const stop = async (): Promise<readonly Buffer[]> => {
    child.kill('SIGINT')
    await ended
    return readPcap(Buffer.concat(chunks)).packets.map(({ bytes }) => Buffer.from(bytes))
  }
  t.teardown(async () => {
    if (child.exitCode === null) await stop()
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`tcpdump at ${name}: ${said}`)
    return said.includes('listening on')
  })
  // It says so before it does so.
  await sleep(100)
  return { has: (bytes) => Buffer.concat(chunks).includes(Buffer.from(bytes)), stop }
}
