/** Whether packets of a size reach another host whole, by the kernel's own echo (RFC 792, RFC 4443) and ping(8): the other host answers without any help of ours. */
import { spawn } from 'node:child_process'
import { isIPv6 } from 'node:net'

/** What a packet of the underlay has to pass. */
export interface Way {
  /** Outer addresses: this host's, and the one at the other end. */
  readonly local: string
  readonly remote: string
  /** Of the whole IP packet. */
  readonly bytes: number
}

/** `silent`: nothing answers there, however small it is asked; nothing can be said then. */
export type Verdict = 'fits' | 'too large' | 'silent'

export interface PingOptions {
  /** Path of the network namespace to ask from; the process's own without it. */
  readonly namespace?: string | undefined
  /** For an answer to come; a loaded host may take its time. */
  readonly waitSeconds?: number
}

/** The IP header without options and the ICMP header of an echo. */
const headerBytes = (address: string): number => (isIPv6(address) ? 40 : 20) + 8

/** Several, so that one that is lost says nothing. */
const packets = 3

/** Never rejects: a ping that cannot be started has no answer either. */
const answers = ({ local, remote }: Way, payload: number, options: PingOptions): Promise<boolean> =>
  new Promise((resolve) => {
    const { namespace, waitSeconds = 2 } = options
    const ping = ['ping', '-n', '-q', '-c', `${packets}`, '-i', '0.2', '-W', `${waitSeconds}`]
    // "do" sets "don't fragment", and refuses at once what the kernel knows to be too large for the way.
    const argv = [...ping, '-M', 'do', '-s', `${payload}`, '-I', local, remote]
    const [file = '', ...rest] = namespace === undefined ? argv : ['nsenter', `--net=${namespace}`, ...argv]
    const child = spawn(file, rest, { stdio: 'ignore' })
    child.once('error', () => resolve(false))
    child.once('exit', (status) => resolve(status === 0))
  })

export const tryWay = async (way: Way, options: PingOptions = {}): Promise<Verdict> => {
  if (await answers(way, Math.max(0, way.bytes - headerBytes(way.remote)), options)) return 'fits'
  return (await answers(way, 0, options)) ? 'too large' : 'silent'
}
