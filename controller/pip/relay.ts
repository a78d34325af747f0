/** Runs a command in a node, by the agent of its host. */
import { create, type Init } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { ApiReply, ExecNode } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import { execTimeoutMs, relayMarginMs } from '../roles/exec.ts'
import type { Hosts } from './hosts.ts'
import type { VNetRow } from './rows.ts'

export interface RelayOptions {
  readonly session: Session
  readonly domain: string
  readonly hosts: Hosts
}

/** Errors: node.unknown, call.unreachable where the host's agent is away, call.timeout, and the agent's own. */
export const relayExec = async (options: RelayOptions, row: VNetRow, exec: ExecNode): Promise<Init<ApiReply>> => {
  const { session, domain, hosts } = options
  const { vnet, node, argv } = exec
  const host = row.version.embedding.hosts.get(node)
  if (host === undefined) throw new WeftError('node.unknown', `${vnet} has no node ${node}`, { object: `node/${node}` })
  if (!hosts.online(host)) {
    throw new WeftError('call.unreachable', `the agent of ${host} is not connected`, { object: `node/${node}` })
  }
  const timeoutMs = execTimeoutMs(exec)
  const reply = await session.call(
    topics.command(domain, host, session.identity),
    'HostCommand',
    create('HostCommand', { exec: { vnet, node, argv, timeoutMs } }),
    topics.reply(domain, host, session.identity),
    'HostReply',
    { timeoutMs: timeoutMs + relayMarginMs, idempotencyKey: crypto.randomUUID() },
  )
  if (!reply.exec) throw new WeftError('message.malformed', `${host} answered exec without a result`)
  return { exec: reply.exec }
}
