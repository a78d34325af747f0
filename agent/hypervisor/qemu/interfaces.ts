/** Interfaces of a running virtual machine, plugged in and pulled out. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { LibvirtConnection } from '../../../native/libvirt.ts'
import { WeftError } from '../../../proto/errors.ts'
import { isLibvirtError } from '../libvirt/connection.ts'
import { interfacesOf } from './domain-xml.ts'

/** Of virDomainAttachDeviceFlags: the running domain alone; its definition is redefine.ts's. */
const live = 1

/** A guest lets go in milliseconds, where it has nothing else to do. */
const detachTimeoutMs = 120_000
/** A guest that was just booting has not heard it: it is asked again. */
const askAgainMs = 5000
const pauseMs = 50

export const attachInterface = (connection: LibvirtConnection, uuid: string, xml: string): Promise<void> =>
  connection.attachDevice(uuid, xml, live)

/** Settles when the guest has let go of it. Idempotent. Throws hypervisor.failed where it does not in time. */
export const detachInterface = async (
  connection: LibvirtConnection,
  uuid: string,
  vif: string,
  node: string,
): Promise<void> => {
  const end = performance.now() + detachTimeoutMs
  let asked = Number.NEGATIVE_INFINITY
  for (;;) {
    const element = interfacesOf(await connection.xml(uuid)).get(vif)
    if (!element) return
    const now = performance.now()
    if (now > end) {
      const object = `node/${node}`
      throw new WeftError('hypervisor.failed', `the guest of node ${node} does not let go of ${vif}`, { object })
    }
    if (now - asked > askAgainMs) {
      asked = now
      // Refused as long as it was asked before and has not answered.
      await connection.detachDevice(uuid, element.xml, live).catch((error: unknown) => {
        if (!(isLibvirtError(error) && ['OPERATION_FAILED', 'DEVICE_MISSING', 'INTERNAL_ERROR'].includes(error.code)))
          throw error
      })
    }
    await sleep(pauseMs)
  }
}
