/** A Click router, for people. */
import type { AttachmentInfo, RouterInfo } from '../agent/click/service/service.ts'
import type { Context } from '../controller/cli/context.ts'

/** `eth0 (tcx)`; of what the host sends `fake0 (egress, tcx)`; with what is wrong there. */
export const attachmentText = ({ device, direction, method, state }: AttachmentInfo): string => {
  const notes = [...(direction === 'egress' ? [direction] : []), method, ...(state === 'attached' ? [] : [state])]
  return `${device} (${notes.join(', ')})`
}

export const tellRouter = ({ stdout }: Context, { name, attachments }: RouterInfo, what: string): void => {
  stdout.write(`router/${name} ${what}: ${attachments.map(attachmentText).join(', ') || 'nothing to attach'}\n`)
}
