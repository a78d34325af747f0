/**
 * A guest's share of the processors by Xen's credit scheduler: libvirt knows that of older hosts alone (credit), so that Xen's own tool has to
 * say it. xl(1), sched-credit2
 */
import { WeftError } from '../../../proto/errors.ts'
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import { runBounded } from '../run-bounded.ts'

/** A request's shares are those of control groups, 1024 where nothing is said; Xen's weights are 256 there, 65535 at most. */
export const weightOf = (shares: number): number => Math.min(65_535, Math.max(1, Math.round(shares / 4)))

/** Percent of one processor; 0: no limit. A thousandth of one cannot be said. */
export const capOf = (quotaMillis: number): number =>
  quotaMillis === 0 ? 0 : Math.max(1, Math.round(quotaMillis / 10))

/** What `xl` is told; undefined where the request leaves it as it is. Pure. */
export const schedulingWords = (domainId: number, { cpu }: SliceNode): readonly string[] | undefined => {
  const { shares = 0, quotaMillis = 0 } = cpu ?? {}
  if (shares === 0 && quotaMillis === 0) return undefined
  return ['-d', String(domainId), '-w', String(weightOf(shares || 1024)), '-c', String(capOf(quotaMillis))]
}

const timeoutMs = 120_000
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

/** Idempotent. Throws hypervisor.failed in the words of xl. */
export const setScheduling = async (domainId: number, node: SliceNode): Promise<void> => {
  const words = schedulingWords(domainId, node)
  if (!words) return
  const said: string[] = []
  for (const scheduler of ['sched-credit2', 'sched-credit']) {
    const { exitStatus, stderr } = await runBounded(['xl', scheduler, ...words], timeoutMs, env)
    if (exitStatus === 0) return
    said.push(
      Buffer.from(stderr)
        .toString()
        .trim()
        .replace(/\s*\n\s*/g, '; '),
    )
  }
  throw new WeftError('hypervisor.failed', `the share of node ${node.id}: ${said.join('; ').slice(0, 500)}`, {
    object: `node/${node.id}`,
  })
}
