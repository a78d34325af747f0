/**
 * What a container's process 1 left behind as it ended (init.ts). libvirt tells one that was shut down from one that was killed in nothing: both
 * are "shut off (shutdown)". The directory is the one thing of the agent's that a guest may write to, so what stands there is a guest's word, read
 * without following it anywhere and taken for one of a few.
 */
import { constants } from 'node:fs'
import { chown, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DomainSummary } from '../../../native/libvirt.ts'
import type { NodeEnd } from '../driver.ts'
import { endOf } from '../libvirt/ended.ts'
import { firstMappedId } from './ids.ts'
import { controlFiles, lastWord } from './init.ts'

const said = (control: string): string => join(control, controlFiles.said)

/** An empty one, in place of what the run before left. The guest must not run. */
export const clearSaid = async (control: string): Promise<void> => {
  await rm(said(control), { recursive: true, force: true })
  await mkdir(said(control), { mode: 0o755 })
  await chown(said(control), firstMappedId, firstMappedId)
}

const ends: Readonly<Record<string, NodeEnd>> = {
  TERM: { how: 'stopped', reason: 'its process 1 was told to end' },
  halt: { how: 'stopped', reason: 'it was halted from inside' },
  'power-off': { how: 'stopped', reason: 'it was powered off from inside' },
  reboot: { how: 'rebooted', reason: 'it was rebooted from inside' },
}

const mostBytes = 16

const readWord = async (control: string): Promise<string> => {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const file = await open(join(said(control), lastWord), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(mostBytes), 0, mostBytes)
    return buffer.toString('latin1', 0, bytesRead).trim()
  } finally {
    await file.close()
  }
}

/** Of a container that does not run. One whose process 1 had no time for a last word was killed, whatever libvirt says. */
export const containerEnd = async (control: string, domain: DomainSummary): Promise<NodeEnd> => {
  const word = await readWord(control).catch(() => '')
  const end = Object.hasOwn(ends, word) ? ends[word] : undefined
  if (end) return end
  if (domain.state === shutOff && domain.reason === failed) return couldNotComeBack
  const seen = endOf(domain)
  const wasDestroyed = seen?.how === 'stopped' && domain.reason === destroyed
  return wasDestroyed ? seen : { how: 'crashed', reason: 'its process 1 was killed' }
}

/** virDomainState */
const shutOff = 5
/** virDomainShutoffReason */
const destroyed = 2
const failed = 6

/**
 * After reboot(2) libvirt starts a container again at once, which fails where interfaces that the agent attached are still there: the kernel takes them down with the
 * network namespace, at leisure. One that ended while libvirtd was away looks the same, and is started again as well.
 */
const couldNotComeBack: NodeEnd = { how: 'rebooted', reason: 'libvirt could not start it again as it rebooted' }
