/** Verbs that the agent of a node's host answers: a command in the node, its console, handlers of the operator's own Click at one of its interfaces. */
import { create, type Init } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type {
  ApiReply,
  ConsoleTicket,
  ExecNode,
  HostCommand,
  HostReply,
  OpenConsole,
  UseHandler,
} from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import { execTimeoutMs, relayMarginMs } from '../roles/exec.ts'
import { consoleTimeoutMs, handlerTimeoutMs } from '../roles/queries.ts'
import type { Hosts } from './hosts.ts'
import type { VNetRow } from './rows.ts'

export interface RelayOptions {
  readonly session: Session
  readonly domain: string
  readonly hosts: Hosts
}

/**
 * Asks the agent of a host; `object` is what it is about, for errors. Errors: call.unreachable where the agent is away, call.timeout, and the
 * agent's own.
 */
export const askHost = (
  { session, domain, hosts }: RelayOptions,
  host: string,
  command: Init<HostCommand>,
  object: string,
  timeoutMs: number,
): Promise<HostReply> => {
  if (!hosts.online(host)) {
    throw new WeftError('call.unreachable', `the agent of ${host} is not connected`, { object })
  }
  return session.call(
    topics.command(domain, host, session.identity),
    'HostCommand',
    create('HostCommand', command),
    topics.reply(domain, host, session.identity),
    'HostReply',
    { timeoutMs, idempotencyKey: crypto.randomUUID() },
  )
}

/** Throws node.unknown. */
const hostOf = ({ version }: VNetRow, vnet: string, node: string): string => {
  const host = version.embedding.hosts.get(node)
  if (host === undefined) throw new WeftError('node.unknown', `${vnet} has no node ${node}`, { object: `node/${node}` })
  return host
}

const unexpected = (host: string, verb: string): WeftError =>
  new WeftError('message.malformed', `${host} answered ${verb} without a result`)

/** Errors: node.unknown, and those of askHost. */
export const relayExec = async (options: RelayOptions, row: VNetRow, exec: ExecNode): Promise<Init<ApiReply>> => {
  const { vnet, node, argv } = exec
  const host = hostOf(row, vnet, node)
  const timeoutMs = execTimeoutMs(exec)
  const command = { exec: { vnet, node, argv, timeoutMs } }
  const reply = await askHost(options, host, command, `node/${node}`, timeoutMs + relayMarginMs)
  if (!reply.exec) throw unexpected(host, 'exec')
  return { exec: reply.exec }
}

/** The agent's ticket for a node's console. Errors: node.unknown, and those of askHost. */
export const askConsole = async (
  options: RelayOptions,
  row: VNetRow,
  console: OpenConsole,
): Promise<ConsoleTicket | undefined> => {
  const { vnet, node } = console
  const reply = await askHost(options, hostOf(row, vnet, node), { console }, `node/${node}`, consoleTimeoutMs)
  return reply.console
}

/** Errors: node.unknown, and those of askHost. */
export const relayHandler = async (
  options: RelayOptions,
  row: VNetRow,
  handler: UseHandler,
): Promise<Init<ApiReply>> => {
  const { vnet, node, interface: index } = handler
  const host = hostOf(row, vnet, node)
  const { router } = await askHost(options, host, { handler }, `interface/${node}.${index}`, handlerTimeoutMs)
  if (!router) throw unexpected(host, 'handler')
  return { router }
}
