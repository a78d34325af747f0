/** A stream of pings that goes on while a test changes things. */
import { spawn } from 'node:child_process'
import type { Namespace } from './world.ts'

export interface Pings {
  readonly sent: number
  readonly received: number
}

/** Pings, one every `everyMs`, until the function that is returned is called; how many were sent and answered. */
export const pinging = (from: Namespace, address: string, everyMs = 20): (() => Promise<Pings>) => {
  const argv = ['netns', 'exec', from.name, 'ping', '-n', '-q', '-i', String(everyMs / 1000), address]
  const child = spawn('ip', argv)
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return async () => {
    // It then says what it counted.
    child.kill('SIGINT')
    await ended
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? []
    return { sent: Number(sent), received: Number(received) }
  }
}
