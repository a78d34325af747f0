/** Classes of a queueing discipline (RTM_*TCLASS; `tc class`). */
import { AttributeDecoder } from '../codec/decoder.ts'
import { AttributeEncoder } from '../codec/encoder.ts'
import { type Message, messageFlag } from '../codec/message.ts'
import type { Request } from '../socket/request.ts'
import { formatHandle } from './handle.ts'
import { decodeHtbClass, encodeHtbClass, type HtbClass } from './htb.ts'
import { decodeTraffic, encodeHeader, rtm, tca } from './message.ts'

/** A class of a discipline that has no file here. */
export interface OtherClass {
  readonly kind: 'other'
  readonly name: string
  readonly data: Buffer
}

export interface TrafficClass {
  readonly index: number
  /** major:minor (handle.ts). */
  readonly classId: number
  readonly parent: number
  readonly options: HtbClass | OtherClass
}

export interface NewClass {
  readonly index: number
  readonly classId: number
  readonly parent: number
  readonly options: HtbClass
}

const oneClass = (flags: number, { index, classId, parent, options }: NewClass): Omit<Request, 'operation'> => {
  const encoder = new AttributeEncoder().fixed(encodeHeader({ index, handle: classId, parent, info: 0 }))
  encoder.string(tca.kind, options.kind).nested(tca.options, (inner) => encodeHtbClass(inner, options))
  return {
    type: rtm.newClass,
    flags,
    body: encoder.finish(),
    subject: `dev ${index} classid ${formatHandle(classId)}`,
  }
}

/** `tc class add …`; EEXIST where there is one. */
export const addClass = (added: NewClass): Request => ({
  ...oneClass(messageFlag.create | messageFlag.exclusive, added),
  operation: 'class add',
})

/** `tc class replace …`: adds it, or changes it with all that is queued left in place. */
export const replaceClass = (replaced: NewClass): Request => ({
  ...oneClass(messageFlag.create | messageFlag.replace, replaced),
  operation: 'class replace',
})

/** `tc class del dev X classid C`; ENOENT where there is none, EBUSY while a filter or a class below needs it. */
export const deleteClass = (index: number, classId: number): Request => ({
  type: rtm.deleteClass,
  flags: 0,
  body: encodeHeader({ index, handle: classId, parent: 0, info: 0 }),
  operation: 'class del',
  subject: `dev ${index} classid ${formatHandle(classId)}`,
})

/** `tc class show dev X`, as a dump of one link. */
export const dumpClasses = (index: number): Request => ({
  type: rtm.getClass,
  flags: 0,
  body: encodeHeader({ index, handle: 0, parent: 0, info: 0 }),
  operation: 'class show',
  subject: `dev ${index}`,
})

/** Reads a message of type RTM_NEWTCLASS or RTM_DELTCLASS. Throws CodecError. */
export const decodeClass = (message: Message): TrafficClass => {
  const { index, handle, parent, kind, options } = decodeTraffic(message)
  const whose = { index, classId: handle, parent }
  if (kind !== 'htb') return { ...whose, options: { kind: 'other', name: kind, data: options } }
  const decoder = new AttributeDecoder(options)
  const read = decodeHtbClass(decoder)
  decoder.finish()
  return { ...whose, options: read }
}
