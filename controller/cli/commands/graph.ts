/** `weft graph`: a picture. */
import type { Run } from '../command.ts'
import type { graphFlags } from '../declare-formats.ts'
import { exit } from '../exit.ts'
import { exportSource } from '../export-source.ts'

export const run: Run<typeof graphFlags> = async (context, { flags, args }) => {
  const [vnet = ''] = args
  const { to, substrate, role } = flags
  const source = await exportSource(context, vnet, role)
  const { draw } = await import('../../description/export/draw.ts')
  context.stdout.write(await draw(source, to, substrate))
  return exit.ok
}
