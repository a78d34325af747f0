/** `weft export`: a VNet as it stands, in a form of ours or of others. */
import { exportAs } from '../../description/export/forms.ts'
import type { Run } from '../command.ts'
import type { exportFlags } from '../declare-formats.ts'
import { exit } from '../exit.ts'
import { exportSource } from '../export-source.ts'
import { tellNotes } from '../read-request.ts'

export const run: Run<typeof exportFlags> = async (context, { flags, args }) => {
  const [vnet = ''] = args
  const { text, losses } = await exportAs(await exportSource(context, vnet, flags.role), flags.to)
  context.stdout.write(text)
  tellNotes(
    context,
    losses.map(({ object, message }) => ({ object, message, where: '' })),
  )
  return exit.ok
}
