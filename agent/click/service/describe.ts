/** What has become of a router: its record held against what is pinned and attached. */
import { readdirSync } from 'node:fs'
import { type Attachment, type AttachmentState, attachmentState } from './attach.ts'
import { generationPins, type Places, pinsOf } from './places.ts'
import { DamagedRecord, type RouterRecord } from './record.ts'
import { linkPins, withSite } from './site.ts'

export interface AttachmentInfo extends Attachment {
  readonly state: AttachmentState
}

/**
 * `half-made`: a process was killed, or is at work; `degraded`: not all that should be attached is; `lost`: nothing is pinned any more; `damaged`: its
 * record cannot be read, and `down` takes away what is pinned; `broken`: nobody here may touch it, it is of a newer version.
 */
export type RouterState = 'running' | 'degraded' | 'half-made' | 'lost' | 'damaged' | 'broken'

export interface RouterInfo {
  readonly name: string
  readonly state: RouterState
  /** What is wrong with a broken or damaged one; else ''. */
  readonly problem: string
  readonly file: string
  /** The configuration as it was given; '' of a broken or damaged one. */
  readonly text: string
  /** One more with each swap. */
  readonly generation: number
  /** Path of the network namespace where it has a name, else ''. */
  readonly namespace: string
  readonly attachments: readonly AttachmentInfo[]
}

export const describeRouter = (places: Places, record: RouterRecord): Promise<RouterInfo> =>
  withSite(places, record, async (site): Promise<RouterInfo> => {
    const pins = pinsOf(places, record.name, record.layout)
    const generation = record.current ?? record.next
    const attachments: AttachmentInfo[] = []
    for (const attachment of generation?.attachments ?? []) {
      attachments.push({ ...attachment, state: await attachmentState(site, attachment, linkPins(pins)) })
    }
    const whole = attachments.every(({ state }) => state === 'attached')
    const isPinned = generation !== undefined && hasPins(generationPins(pins, generation.number))
    const state = record.phase !== 'running' ? 'half-made' : !isPinned ? 'lost' : whole ? 'running' : 'degraded'
    return {
      name: record.name,
      state,
      problem: '',
      file: generation?.file ?? '',
      text: generation?.text ?? '',
      generation: generation?.number ?? 0,
      namespace: site?.namespace ?? record.namespace.path,
      attachments,
    }
  })

const hasPins = (path: string): boolean => {
  try {
    return readdirSync(path).length > 0
  } catch {
    return false
  }
}

export const broken = (name: string, error: unknown): RouterInfo => ({
  name,
  state: isDamaged(error) ? 'damaged' : 'broken',
  problem: (error as Error).message,
  file: '',
  text: '',
  generation: 0,
  namespace: '',
  attachments: [],
})

/** Whether the record of a router could not be read because it is no record. */
export const isDamaged = (error: unknown): boolean => error instanceof DamagedRecord
