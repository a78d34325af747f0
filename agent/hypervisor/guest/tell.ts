/** Tells a guest what it is, by its agent: one script and one program that is started, since each takes its time where a processor is emulated. */
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import { defaultMtu } from '../../defaults.ts'
import type { NodeSpec } from '../driver.ts'
import { vifName } from '../vifs.ts'
import type { GuestAgent } from './agent.ts'
import { runScript } from './exec.ts'
import { type GuestInterface, namesScript, networkScript } from './network-script.ts'
import { commandScript, identityScript } from './start-up.ts'

export interface Tale {
  readonly node: SliceNode
  readonly interfaces: readonly GuestInterface[]
  /** It was not told who it is since it was started, or is another since. */
  readonly isNew: boolean
  /** It is a pool's: its interfaces are named, and stay down. */
  readonly isIdle?: boolean
}

/** Pure. @param plugged MAC of each interface that is plugged in, by name of its vif */
export const guestInterfaces = (
  { node, slot }: NodeSpec,
  plugged: ReadonlyMap<string, { readonly mac: string }>,
): readonly GuestInterface[] =>
  node.interfaces.map(({ index, mac, mtu, addresses }) => {
    const own = plugged.get(vifName(slot, index))?.mac ?? ''
    return { index, plugged: own, mac: mac || own, mtu: mtu || defaultMtu, addresses }
  })

/** Pure: where a part fails its name is said. */
export const taleScript = ({ node, interfaces, isNew, isIdle = false }: Tale): string =>
  [
    'set -e',
    `trap 'status=$?; [ $status = 0 ] || echo "$part" >&2' EXIT`,
    ...(isNew ? identityScript(node) : []),
    "part='its interfaces'",
    ...(isIdle ? namesScript(interfaces) : networkScript(interfaces)),
    ...commandScript(node),
    '',
  ].join('\n')

/** Idempotent. Throws hypervisor.failed with the guest's words. */
export const tellGuest = (agent: GuestAgent, tale: Tale): Promise<void> =>
  runScript(agent, `node ${tale.node.id}`, taleScript(tale))
