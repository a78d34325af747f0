import type { ExecNode } from '../../proto/generated/weft.v1.ts'

const defaultTimeoutMs = 30_000
const longestTimeoutMs = 600_000

/** What the command may take on the host. */
export const execTimeoutMs = ({ timeoutMs }: Pick<ExecNode, 'timeoutMs'>): number =>
  Math.min(timeoutMs || defaultTimeoutMs, longestTimeoutMs)

/** Each role that relays waits this much longer than the next one, so that the error that arrives is the nearest to its cause. */
export const relayMarginMs = 5000
