/** What the verbs may use: state and reports. Commands never call drivers, but for exec, console, router, link and handler, which change no desired state. */
import { WeftError } from '../../proto/errors.ts'
import type { HostView, Slice, SliceNode } from '../../proto/generated/weft.v1.ts'
import type { ConsoleKeeper } from '../console/keeper.ts'
import type { DatapathDriver } from '../datapath/driver.ts'
import type { HypervisorDriver } from '../hypervisor/driver.ts'
import type { Limit } from '../reconcile/limit.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import type { DesiredStore } from '../state/desired.ts'
import { controllerOwner } from '../state/rules.ts'
import type { SlotStore } from '../state/slots.ts'

/** Who calls over the agent's own socket: root on this host. */
export const localOwner = 'local'

export interface CommandContext {
  readonly desired: DesiredStore
  readonly reconciler: Reconciler
  readonly hypervisors: readonly HypervisorDriver[]
  /** X of vifX.Y, by node. */
  readonly slots: Pick<SlotStore, 'get'>
  readonly datapaths: readonly Pick<DatapathDriver, 'name' | 'inspect' | 'counters' | 'useOwn'>[]
  readonly hostView: () => Promise<HostView>
  /** Commands that run in nodes at a time: whoever asks for more waits. */
  readonly execLimit: Limit
  /** undefined: none are served here. */
  readonly consoles?: Pick<ConsoleKeeper, 'look' | 'open'> | undefined
  /** Publishes everything again. */
  readonly resync: () => Promise<void>
}

/** The slice where `owner` may see it; throws vnet.unknown, owner.denied. */
export const visibleSlice = (desired: DesiredStore, vnet: string, owner: string): Slice => {
  const slice = desired.get(vnet)
  if (!slice) throw new WeftError('vnet.unknown', `this host has nothing of ${vnet}`, { object: `vnet/${vnet}` })
  if (!maySee(slice, owner)) {
    throw new WeftError('owner.denied', `${vnet} is not ${owner}'s`, { object: `vnet/${vnet}` })
  }
  return slice
}

/** Whoever is root on the host, and the controller of the host, see every slice; others see their own. */
export const maySee = (slice: Slice, owner: string): boolean =>
  slice.owner === owner || owner === localOwner || owner === controllerOwner

/**
 * A node that `owner` may do something in: of a client's slice the host's controller sees all, but runs no commands in it. Throws vnet.unknown,
 * owner.denied, node.unknown.
 */
export const operatedNode = (
  desired: DesiredStore,
  vnet: string,
  id: string,
  owner: string,
): { readonly slice: Slice; readonly node: SliceNode } => {
  const slice = visibleSlice(desired, vnet, owner)
  if (slice.owner !== owner && owner !== localOwner) {
    throw new WeftError('owner.denied', `${vnet} is ${slice.owner}'s`, { object: `vnet/${vnet}` })
  }
  const node = slice.nodes.find((one) => one.id === id)
  if (node) return { slice, node }
  const hint = `nodes: ${slice.nodes.map((one) => one.id).join(', ') || 'none'}`
  throw new WeftError('node.unknown', `${vnet} has no node ${id} on this host`, { object: `node/${id}`, hint })
}
