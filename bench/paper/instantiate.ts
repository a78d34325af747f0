/** One instantiation as the paper counts it: from the request until the VNet stands and all its nodes' consoles are open. */
import { domainName } from '../../agent/hypervisor/domain-name.ts'
import type { Stack } from '../../lab/stack.ts'
import { create } from '../../proto/codec.ts'
import { connectConsole } from '../../proto/console/connect.ts'
import { WeftError } from '../../proto/errors.ts'
import type { NodeState, VNetRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { callLocal } from '../../proto/local.ts'
import { buildByWeft, type Phase } from '../vnet/weft.ts'
import { type CpuSeconds, cpuBetween, readCpu } from './cpu.ts'

export interface Instantiation {
  /** From the request until the consoles are open. */
  readonly seconds: number
  /** From the request until nodes and links are ready. */
  readonly readySeconds: number
  /** As the roles report them. */
  readonly phases: readonly Phase[]
  /** Nodes that were a pool's before. */
  readonly pooled: number
  /** Taken meanwhile. */
  readonly cpu: CpuSeconds
}

const patienceMs = 600_000

/** A ticket through all the roles, and a connection by it. */
const openConsole = async (socket: string, vnet: string, node: string): Promise<void> => {
  const ask = create('ApiRequest', { console: { vnet, node, readOnly: true } })
  const { console: ticket } = await callLocal(socket, 'ApiRequest', ask, 'ApiReply', { timeoutMs: patienceMs })
  if (!ticket) throw new WeftError('message.malformed', 'the VNO answered "console" with something else')
  const connection = await connectConsole(ticket)
  connection.terminate()
}

/** A domain that runs keeps its name: one that was a pool's has not that of the node. */
const isPooled =
  ({ owner, vnet }: VNetState) =>
  ({ id, domain }: NodeState): boolean =>
    domain !== domainName(`${owner}.${vnet}`, id)

export const instantiate = async (
  stack: Stack,
  request: VNetRequest,
  discovery: 'pip' | 'vnp',
): Promise<Instantiation> => {
  const socket = stack.sockets['vno'] ?? ''
  const before = readCpu(stack)
  const started = performance.now()
  const { seconds: readySeconds, phases, state } = await buildByWeft(stack, request, discovery)
  await Promise.all(request.nodes.map(({ id }) => openConsole(socket, request.name, id)))
  const seconds = (performance.now() - started) / 1000
  const cpu = cpuBetween(before, readCpu(stack))
  if (state.discovery !== discovery)
    throw new WeftError(
      'internal',
      `resources were to be discovered at the ${discovery}, not at the ${state.discovery}`,
    )
  return { seconds, readySeconds, phases, pooled: state.nodes.filter(isPooled(state)).length, cpu }
}
