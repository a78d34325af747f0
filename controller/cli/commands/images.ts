/** `weft images`: what nodes of a provider can start from. */
import { WeftError } from '../../../proto/errors.ts'
import { suggest } from '../../description/nearest.ts'
import { ask, askVNets } from '../ask.ts'
import type { Run } from '../command.ts'
import type { hostsFlags } from '../declare-hosts.ts'
import { exit } from '../exit.ts'
import { printRows } from '../print.ts'
import { UsageError } from '../usage-error.ts'
import { images, imagesOf } from '../view/images.ts'

export const run: Run<typeof hostsFlags> = async (context, { flags, args }) => {
  const [wanted] = args
  const { hosts: list } = await ask(context, { hosts: {} }, { role: 'pip' })
  if (!list) throw new WeftError('message.malformed', 'the PIP answered "hosts" with something else')
  const all = imagesOf(list, await askVNets(context, '', { role: 'pip' }))
  const rows = all.filter(({ image }) => wanted === undefined || image.name === wanted)
  if (wanted !== undefined && rows.length === 0) {
    const known = all.map(({ image }) => image.name)
    throw new UsageError(`there is no image ${wanted}`, suggest(wanted, known))
  }
  await printRows(context, rows, {
    ...images,
    format: flags.output,
    single: rows.length === 1 && wanted !== undefined,
    none: 'no images',
  })
  return exit.ok
}
