/** What a program answers the kernel with. */
import type { Hook } from './packet.ts'

/**
 * TC_ACT_* and XDP_*. At hooks of traffic control `pass` leaves the packet to the programs behind ours, and after the last of them to the
 * host (TC_ACT_UNSPEC, TCX_NEXT).
 */
export const verdict = { tc: { drop: 2, pass: -1 }, xdp: { drop: 1, pass: 2 } } as const satisfies Record<Hook, object>
