/** Pure: where packets of a link go on, as the last part of a router. */
import type { Named, Sink } from './part.ts'

/** Out of an interface of this host: the vif at the other end, or the link's own port. */
export const toInterface = ({ name, index }: Named): Sink => ({
  lines: [`out :: Queue -> ToDevice(${name}); // interface ${index}`],
  input: 'out',
})

/** The other end is on this host, and not there yet. */
export const nowhereYet: Sink = {
  lines: ['early :: Counter -> Discard; // the other end is not there yet'],
  input: 'early',
}
