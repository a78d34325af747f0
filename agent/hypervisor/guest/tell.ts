/** Tells a guest what it is, by its agent: one script and one program that is started, since each takes its time where a processor is emulated. */
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import type { GuestAgent } from './agent.ts'
import { runScript } from './exec.ts'
import { type GuestInterface, networkScript } from './network-script.ts'
import { commandScript, identityScript } from './start-up.ts'

export interface Tale {
  readonly node: SliceNode
  readonly interfaces: readonly GuestInterface[]
  /** It was not told who it is since it was started, or is another since. */
  readonly isNew: boolean
}

/** Pure: where a part fails its name is said. */
export const taleScript = ({ node, interfaces, isNew }: Tale): string =>
  [
    'set -e',
    `trap 'status=$?; [ $status = 0 ] || echo "$part" >&2' EXIT`,
    ...(isNew ? identityScript(node) : []),
    "part='its interfaces'",
    ...networkScript(interfaces),
    ...commandScript(node),
    '',
  ].join('\n')

/** Idempotent. Throws hypervisor.failed with the guest's words. */
export const tellGuest = (agent: GuestAgent, tale: Tale): Promise<void> =>
  runScript(agent, `node ${tale.node.id}`, taleScript(tale))
