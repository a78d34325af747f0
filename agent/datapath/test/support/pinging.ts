/** A stream of pings that goes on while a test changes things. */
import { spawn } from 'node:child_process'
import type { Namespace } from './world.ts'

export interface Pings {
  readonly sent: number
  readonly received: number
}

/** As long as a busy machine lets ping wait for its turn. */
const unheardMs = 500

/** Pings, one every `everyMs`, until the function that is returned is called; how many were sent and answered. */
export const pinging = (from: Namespace, address: string, everyMs = 20): (() => Promise<Pings>) => {
  const child = spawn('ip', ['netns', 'exec', from.name, 'ping', '-n', '-i', String(everyMs / 1000), address])
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const closed = new Promise((resolve) => child.once('close', resolve))
  return async () => {
    // It then says what it counted.
    child.kill('SIGINT')
    await closed
    const sent = Number(/(\d+) packets transmitted/.exec(text)?.[1])
    const answered = new Set([...text.matchAll(/icmp_seq=(\d+) ttl/g)].map(([, sequence]) => Number(sequence)))
    // Once it is told to end ping looks at no more answers, though they may be there: of all that it sent last, where it had just caught up with the time.
    const last = Math.max(0, ...answered)
    return { sent: (sent - last) * everyMs < unheardMs ? last : sent, received: answered.size }
  }
}
