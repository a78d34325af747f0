/** `weft get pools`: what a PIP's operator sees of its pools. */
import { fromWireError, WeftError } from '../../../proto/errors.ts'
import { suggest } from '../../description/nearest.ts'
import { ask } from '../ask.ts'
import type { Context } from '../context.ts'
import { exit } from '../exit.ts'
import { type Format, printRows } from '../print.ts'
import { renderError } from '../render-error.ts'
import { UsageError } from '../usage-error.ts'
import { pools } from '../view/pools.ts'

/** @param wanted the only pool to show; '' for all */
export const getPools = async (context: Context, wanted: string, format: Format): Promise<number> => {
  const { pools: list } = await ask(context, { pools: {} }, { role: 'pip' })
  if (!list) throw new WeftError('message.malformed', 'the PIP answered "pools" with something else')
  const names = [...new Set(list.pools.map(({ shape }) => shape?.name ?? ''))]
  if (wanted !== '' && !names.includes(wanted)) {
    throw new UsageError(`there is no pool ${wanted}`, suggest(wanted, names))
  }
  const rows = list.pools.filter(({ shape }) => wanted === '' || shape?.name === wanted)
  await printRows(context, rows, { ...pools, format, none: 'no pools' })
  if (format !== 'table' && format !== 'wide') return exit.ok
  // Below the table, since they do not fit into it; on stderr, since they are not its data.
  const errors = rows.flatMap(({ error }) => (error ? [fromWireError(error)] : []))
  if (errors.length > 0)
    context.stderr.write(renderError({ errors }, { colour: context.colour.stderr, verbose: false }))
  return exit.ok
}
