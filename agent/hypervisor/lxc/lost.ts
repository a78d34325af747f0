/**
 * Containers whose end libvirt has missed, as it does not hear of them (heard.ts): somebody else started them. It calls one running for ever, and tells nobody that it ended.
 */
import { access } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DomainSummary } from '../../../native/libvirt.ts'
import { isRunning } from '../libvirt/domains.ts'

/** Whether a container that libvirt calls running has ended, and libvirt will not notice. It is only asked where its controller is gone. */
export type IsLost = (domain: DomainSummary) => Promise<boolean>

export interface LostOptions {
  /** A domain by its name as libvirt has it now. */
  readonly look: (name: string) => Promise<DomainSummary | undefined>
  /** How long libvirt has to notice by itself: it takes milliseconds, on a loaded machine a second. */
  readonly patienceMs?: number
}

const pauseMs = 50

/** The id of a container's domain is the process id of its controller. */
const hasController = ({ id }: DomainSummary): Promise<boolean> =>
  access(`/proc/${id}`).then(
    () => true,
    () => false,
  )

export const lostContainers = ({ look, patienceMs = 3000 }: LostOptions): IsLost => {
  /** By UUID and run: nobody waits for one twice. */
  const known = new Set<string>()
  return async (domain) => {
    if (!isRunning(domain) || (await hasController(domain))) return false
    const run = `${domain.uuid} ${domain.id}`
    if (known.has(run)) return true
    for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(pauseMs)) {
      const now = await look(domain.name)
      if (!now || !isRunning(now) || now.id !== domain.id) return false
    }
    known.add(run)
    return true
  }
}
