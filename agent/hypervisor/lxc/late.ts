/**
 * What a container that ran as a pool's is told late: its name and the request's files, written from inside, where links lead nowhere else; its
 * process 1 sees to the command (init.ts).
 */
import { WeftError } from '../../../proto/errors.ts'
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import { identityScript } from '../guest/start-up.ts'
import { runBounded } from '../run-bounded.ts'
import { writeWishes } from './control.ts'
import { enterNamespaces } from './enter.ts'
import { guestPath } from './init.ts'

/** A loaded machine may take its time. */
const timeoutMs = 120_000

/** @param init process id of its process 1. Idempotent. Throws hypervisor.failed with the guest's words where a file cannot be where it shall. */
export const tellLate = async (control: string, node: SliceNode, init: number): Promise<void> => {
  await writeWishes(control, node)
  const script = ['set -e', ...identityScript(node), ''].join('\n')
  const env = { PATH: guestPath, HOME: '/root' }
  const { exitStatus, stderr } = await runBounded(enterNamespaces(init, ['/bin/sh', '-s']), timeoutMs, env, script)
  if (exitStatus === 0) return
  const said = Buffer.from(stderr)
    .toString()
    .trim()
    .replace(/\s*\n\s*/g, '; ')
    .slice(0, 500)
  const message = `node ${node.id} cannot be given its name and files: ${said || `exit status ${exitStatus}`}`
  throw new WeftError('hypervisor.failed', message, { object: `node/${node.id}` })
}
