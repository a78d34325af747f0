/** Whether this is the Dom0 of a Xen host. */
import { readFileSync } from 'node:fs'

export const isDom0 = (capabilities = '/proc/xen/capabilities'): boolean => {
  try {
    return readFileSync(capabilities, 'latin1').includes('control_d')
  } catch {
    return false
  }
}
