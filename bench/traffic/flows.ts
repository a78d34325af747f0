/** What passes between two guests: TCP as fast as it goes, small packets as many as one sender makes (iperf3(1)), and frames without a stack. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Namespace } from './ground.ts'

export type Flow = 'tcp' | 'udp' | 'frames'

/** Bytes of payload. */
const smallPayload = 18
const tries = 50

/** Frames that came in by eth0. */
const arrived = async (guest: Namespace): Promise<number> => {
  const [link] = JSON.parse(await guest.exec('ip', '-s', '-j', 'link', 'show', 'eth0')) as readonly Counted[]
  return link?.stats64.rx.packets ?? Number.NaN
}

interface Counted {
  readonly stats64: { readonly rx: { readonly packets: number } }
}

/**
 * Bits a second of TCP that the receiver read; packets a second of UDP that came to its interface: what its socket loses because one process cannot
 * read them all is no matter of the data path's.
 */
export const measureFlow = async (
  flow: Exclude<Flow, 'frames'>,
  from: Namespace,
  to: Namespace,
  address: string,
  seconds: number,
): Promise<number> => {
  const server = spawn('ip', ['netns', 'exec', to.name, 'iperf3', '-s', '-1'], { stdio: 'ignore' })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  try {
    const udp = flow === 'udp' ? ['-u', '-b', '0', '-l', String(smallPayload)] : []
    const before = await arrived(to)
    const argv = ['iperf3', '-c', address, '-J', '-t', String(seconds), ...udp] as const
    const text = await eventually(() => from.exec(...argv))
    const { end } = JSON.parse(text) as Report
    if (flow === 'tcp') return end.sum_received?.bits_per_second ?? Number.NaN
    return ((await arrived(to)) - before) / (end.sum?.seconds ?? seconds)
  } finally {
    server.kill()
    await ended
  }
}

interface Report {
  readonly end: {
    readonly sum_received?: { readonly bits_per_second: number }
    readonly sum?: { readonly seconds: number }
  }
}

/** The server needs a moment until it listens. */
const eventually = async (work: () => Promise<string>): Promise<string> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === tries) throw error
      await sleep(100)
    }
  }
}
