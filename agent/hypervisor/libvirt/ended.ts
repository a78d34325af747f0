/**
 * How a domain ended, from what libvirt keeps of it: virDomainState and the reason of it.
 * https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainShutoffReason
 */
import type { DomainInfo } from '../../../native/libvirt.ts'
import type { NodeEnd } from '../driver.ts'

const shutOff = 5
const crashed = 6

/** By virDomainShutoffReason. What is not here says nothing of the guest: libvirtd was restarted after it had ended, or it was moved away. */
const ends: ReadonlyMap<number, NodeEnd> = new Map([
  [1, { how: 'stopped', reason: 'it was shut down' }],
  [2, { how: 'stopped', reason: 'it was ended from outside' }],
  [3, { how: 'crashed', reason: 'its virtual machine crashed' }],
  [5, { how: 'stopped', reason: 'it was saved' }],
  [6, { how: 'crashed', reason: 'its virtual machine failed' }],
])

/** Pure: undefined of a domain that runs. Where nobody knows, it is taken for a crash: a node that should run is rather started than left. */
export const endOf = ({ state, reason }: Pick<DomainInfo, 'state' | 'reason'>): NodeEnd | undefined => {
  if (state === crashed) return { how: 'crashed', reason: 'its guest panicked' }
  if (state !== shutOff) return undefined
  return ends.get(reason) ?? { how: 'crashed', reason: 'nobody saw how it ended' }
}
