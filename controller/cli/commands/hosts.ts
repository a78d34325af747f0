/** `weft hosts`: what a PIP's operator sees. */
import { fromWireError, WeftError } from '../../../proto/errors.ts'
import { suggest } from '../../description/nearest.ts'
import { ask } from '../ask.ts'
import type { Run } from '../command.ts'
import type { hostsFlags } from '../declare-hosts.ts'
import { exit } from '../exit.ts'
import { printRows } from '../print.ts'
import { renderError } from '../render-error.ts'
import { UsageError } from '../usage-error.ts'
import { deathProblems } from '../view/deaths.ts'
import { hosts } from '../view/hosts.ts'

export const run: Run<typeof hostsFlags> = async (context, { flags, args }) => {
  const { output: format } = flags
  const [wanted] = args
  const { hosts: list } = await ask(context, { hosts: {} }, { role: 'pip' })
  if (!list) throw new WeftError('message.malformed', 'the PIP answered "hosts" with something else')
  const rows = list.hosts.filter(({ name }) => wanted === undefined || name === wanted)
  if (wanted !== undefined && rows.length === 0) {
    const known = list.hosts.map(({ name }) => name)
    throw new UsageError(`there is no host ${wanted}`, suggest(wanted, known))
  }
  await printRows(context, rows, { ...hosts, format, single: wanted !== undefined, none: 'no hosts' })
  if (format !== 'table' && format !== 'wide') return exit.ok
  // Below the table, since they do not fit into it; on stderr, since they are not its data.
  const errors = rows.flatMap((entry) => [...entry.problems.map(fromWireError), ...deathProblems(entry)])
  if (errors.length > 0)
    context.stderr.write(renderError({ errors }, { colour: context.colour.stderr, verbose: false }))
  return exit.ok
}
