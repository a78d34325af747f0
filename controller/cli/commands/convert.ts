/** `weft convert`: a request in another form. */
import { exportAs } from '../../description/export/forms.ts'
import type { Run } from '../command.ts'
import type { convertFlags } from '../declare-formats.ts'
import { exit } from '../exit.ts'
import { readForm, tellNotes } from '../read-request.ts'

export const run: Run<typeof convertFlags> = async (context, { flags, args }) => {
  const [file = ''] = args
  const { from, to, speeds } = flags
  const { request, notes, locate } = await readForm(context, file, {
    ...(from !== undefined && { format: from }),
    speedMillionths: speeds,
  })
  const { text, losses } = await exportAs({ request }, to)
  context.stdout.write(text)
  tellNotes(context, [
    ...notes,
    ...losses.map(({ path, object, message }) => ({ object, message, where: locate(path) })),
  ])
  return exit.ok
}
