/** A VNet asked of the roles of a stack, as an operator asks, and what the agents hold of it. */
import { buildVNet } from '../../lab/demo/build.ts'
import { agentSocket, type Stack } from '../../lab/stack.ts'
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { callLocal, streamLocal } from '../../proto/local.ts'
import type { HostPart } from './bare.ts'

/** For one step of the bench on a machine that does much else: also for the guests of emulated Xen hosts. */
const patienceMs = 1_800_000

export interface Phase {
  readonly name: string
  readonly seconds: number
}

export interface WeftBuild {
  /** From the request until the VNO says that all is ready. */
  readonly seconds: number
  /** As the roles report them: request, discovery, mapping, reservation, nodes and links since the decision. */
  readonly phases: readonly Phase[]
  readonly state: VNetState
}

const vnoSocket = (stack: Stack): string => stack.sockets['vno'] ?? ''

export const buildByWeft = async (
  stack: Stack,
  request: VNetRequest,
  discovery?: 'pip' | 'vnp',
): Promise<WeftBuild> => {
  const phases: Phase[] = []
  const started = performance.now()
  const built = buildVNet({
    vnoSocket: vnoSocket(stack),
    request,
    ...(discovery && { discovery }),
    timeoutMs: patienceMs,
    signal: new AbortController().signal,
    onPhase: (name, seconds) => void phases.push({ name, seconds }),
    onState: () => undefined,
  })
  const state = await Promise.race([built, stack.broken])
  return { seconds: (performance.now() - started) / 1000, phases, state }
}

/** Seconds from the request until the VNO says that it is gone. */
export const removeByWeft = async (stack: Stack, vnet: string): Promise<number> => {
  const socket = vnoSocket(stack)
  const over = AbortSignal.timeout(patienceMs)
  // First the watch: a VNet that went before it began would not be told of.
  const watch = create('ApiRequest', { watch: { vnet } })
  const states = streamLocal(socket, 'ApiRequest', watch, 'ApiReply', { timeoutMs: patienceMs, signal: over })
  await states.next()
  const started = performance.now()
  await callLocal(socket, 'ApiRequest', create('ApiRequest', { delete: { vnet } }), 'ApiReply', {
    timeoutMs: patienceMs,
  })
  const gone = async (): Promise<void> => {
    for await (const { vnet: state } of states) if (state?.phase === 'PHASE_GONE') return
    throw new WeftError('call.timeout', `${vnet} is not gone after ${patienceMs / 1000} s`)
  }
  await Promise.race([gone(), stack.broken])
  return (performance.now() - started) / 1000
}

/** Each host's part of a VNet, by host; those that have none are left out. */
export const hostParts = async (stack: Stack): Promise<ReadonlyMap<string, HostPart>> => {
  const parts = [...stack.lab.hosts.keys()].map(async (host) => {
    const command = create('HostCommand', { get: {} })
    const { slices } = await callLocal(agentSocket(stack.lab, host), 'HostCommand', command, 'HostReply')
    return (slices?.slices ?? []).flatMap(({ desired, reported }) => {
      if (!desired || desired.absent) return []
      const slots = (reported?.nodes ?? []).map(({ id, vifs }) => {
        const slot = /^vif(\d+)\./.exec(vifs[0]?.name ?? '')?.[1]
        return [id, Number(slot ?? 0)] as const
      })
      return [[host, { slice: desired, slots: Object.fromEntries(slots) }] as const]
    })
  })
  return new Map((await Promise.all(parts)).flat())
}
