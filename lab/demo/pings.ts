/** The ping matrix of a VNet: over each link, each end pings the other's address. */
import { create } from '../../proto/codec.ts'
import type { Endpoint, ExecResult, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { callLocal } from '../../proto/local.ts'

export interface Ping {
  readonly link: string
  readonly from: string
  readonly to: string
  /** Of the far end, without its prefix length. */
  readonly address: string
}

export interface PingResult extends Ping {
  readonly passed: boolean
  /** Round trip; undefined where ping(8) said none. */
  readonly milliseconds: number | undefined
  /** Why it failed, '' where it passed. */
  readonly reason: string
}

const addressOf = ({ nodes }: VNetRequest, end: Endpoint): string => {
  const node = nodes.find(({ id }) => id === end.node)
  const found = node?.interfaces.find(({ index }) => index === end.interface)
  return found?.addresses[0]?.replace(/\/.*/, '') ?? ''
}

/** Two for each link, of the request with all addresses filled in; an end without an address cannot be pinged and has none. */
export const planPings = (request: VNetRequest): readonly Ping[] =>
  request.links.flatMap(({ id, a, b }) => {
    if (!a || !b) return []
    const ways = [
      { link: id, from: a.node, to: b.node, address: addressOf(request, b) },
      { link: id, from: b.node, to: a.node, address: addressOf(request, a) },
    ]
    return ways.filter(({ address }) => address !== '')
  })

/** Reads what ping(8) of iputils or BusyBox said. */
export const readPing = (ping: Ping, { exitStatus, stdout, stderr }: ExecResult): PingResult => {
  const text = Buffer.from(stdout).toString('utf8')
  const time = /time=([\d.]+) ?ms/.exec(text)?.[1]
  const passed = exitStatus === 0
  const lost = /\d+% packet loss/.exec(text)?.[0]
  return {
    ...ping,
    passed,
    milliseconds: time === undefined ? undefined : Number(time),
    reason: passed ? '' : Buffer.from(stderr).toString('utf8').trim() || lost || `exit status ${exitStatus}`,
  }
}

/** Seconds that one may take: a loaded machine is slow, and ARP comes first. */
const patienceSeconds = 10

/** Pings from the node itself, through VNO, VNP, PIP and agent. Never throws. */
export const pingOnce = async (vnoSocket: string, vnet: string, ping: Ping): Promise<PingResult> => {
  const argv = ['ping', '-n', '-c', '1', '-W', String(patienceSeconds), ping.address]
  const exec = { vnet, node: ping.from, argv, timeoutMs: (patienceSeconds + 5) * 1000 }
  try {
    const { exec: result } = await callLocal(vnoSocket, 'ApiRequest', create('ApiRequest', { exec }), 'ApiReply', {
      timeoutMs: (patienceSeconds + 20) * 1000,
    })
    if (!result) throw new Error('the VNO answered something else')
    return readPing(ping, result)
  } catch (error) {
    return { ...ping, passed: false, milliseconds: undefined, reason: (error as Error).message }
  }
}

/** All of them, some at a time, told as they come; in their order. */
export const pingAll = async (
  pings: readonly Ping[],
  one: (ping: Ping) => Promise<PingResult>,
  onResult: (result: PingResult) => void,
): Promise<readonly PingResult[]> => {
  const results = new Map<Ping, PingResult>()
  const queue = pings.values()
  const worker = async (): Promise<void> => {
    for (const ping of queue) {
      const result = await one(ping)
      results.set(ping, result)
      onResult(result)
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  return pings.flatMap((ping) => results.get(ping) ?? [])
}
