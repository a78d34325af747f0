/** Calls of the agent of a host over its local socket: they work with the broker down. */
import { create, type Init } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { HostCommand, HostReply, SliceView } from '../../proto/generated/weft.v1.ts'
import { callLocal } from '../../proto/local.ts'
import type { Context } from './context.ts'
import { findSocket } from './sockets.ts'

export interface AskAgentOptions {
  /** In a lab: which one. */
  readonly host: string | undefined
  readonly timeoutMs?: number
}

/** Throws the reply's error, call.unreachable, call.timeout. */
export const askAgent = async (
  context: Context,
  command: Init<HostCommand>,
  { host, timeoutMs }: AskAgentOptions,
): Promise<HostReply> => {
  const path = await findSocket(context, 'agent', host)
  return callLocal(path, 'HostCommand', create('HostCommand', command), 'HostReply', {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
}

/** The parts of VNets that the host holds, by name; of one VNet, or of all with an empty name. */
export const askSlices = async (
  context: Context,
  vnet: string,
  options: AskAgentOptions,
): Promise<readonly SliceView[]> => {
  const { slices } = await askAgent(context, { get: { vnet } }, options)
  if (!slices) throw new WeftError('message.malformed', 'the agent answered "get" with something else')
  return slices.slices.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

export const nameOf = ({ desired, reported }: SliceView): string => desired?.vnet || reported?.vnet || ''
