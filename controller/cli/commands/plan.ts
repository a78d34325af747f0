/** `weft plan`: what apply would do, object by object, with the reason. */
import { toJson } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { Change, ChangeAction } from '../../../proto/generated/weft.v1.ts'
import { ask } from '../ask.ts'
import type { Run } from '../command.ts'
import type { planFlags } from '../declare-vnets.ts'
import { exit } from '../exit.ts'
import { printValue } from '../print.ts'
import { readRequest } from '../read-request.ts'
import { type Column, layOut, rowLine } from '../table.ts'
import type { Tone } from '../terminal.ts'

const actions: Readonly<Record<ChangeAction, readonly [word: string, tone: Tone]>> = {
  CHANGE_ACTION_UNSPECIFIED: ['unknown', 'faint'],
  CHANGE_ACTION_ADD: ['add', 'good'],
  CHANGE_ACTION_CHANGE: ['change', 'busy'],
  CHANGE_ACTION_RESTART: ['restart', 'busy'],
  CHANGE_ACTION_RECREATE: ['recreate', 'bad'],
  CHANGE_ACTION_DELETE: ['delete', 'bad'],
}

const columns: readonly Column<Change>[] = [
  {
    title: 'ACTION',
    cell: ({ action }) => {
      const [text, tone] = actions[action]
      return { text, tone }
    },
  },
  { title: 'OBJECT', cell: ({ object }) => object },
  { title: 'REASON', cell: ({ reason, interrupts }) => reason + interruptionOf(interrupts) },
]

const linkNames = (links: readonly string[]): string => links.map((link) => link.replace(/^link\//, '')).join(', ')

const interruptionOf = (links: readonly string[]): string =>
  links.length > 0 ? ` [interrupts ${linkNames(links)}]` : ''

/** Whose traffic it touches; '' where nothing stands that could be touched. */
const trafficOf = (changes: readonly Change[]): string => {
  if (changes.every(({ action }) => action === 'CHANGE_ACTION_ADD')) return ''
  const links = [...new Set(changes.flatMap(({ interrupts }) => interrupts))]
  return links.length === 0
    ? 'No link that stays is interrupted.\n'
    : `Interrupted for a while: ${linkNames(links)}. All other links go on without a loss.\n`
}

/** "2 to add, 1 to change" */
export const summaryOf = (changes: readonly Change[]): string =>
  Object.entries(actions)
    .map(([action, [word]]) => [changes.filter((change) => change.action === action).length, word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} to ${word}`)
    .join(', ')

export const run: Run<typeof planFlags> = async (context, { flags }) => {
  const { file, output, timeout: timeoutMs } = flags
  const request = await readRequest(context, file)
  const { plan } = await ask(context, { plan: { request } }, { timeoutMs })
  if (!plan) throw new WeftError('message.malformed', 'the role answered "plan" with something else')
  const { changes } = plan
  const { stdout, colour } = context
  if (output === 'json' || output === 'yaml') await printValue(context, toJson('Plan', plan), output)
  else if (output === 'name') for (const { object } of changes) stdout.write(`${object}\n`)
  else {
    const layout = layOut(columns, changes, colour.stdout)
    for (const change of changes) stdout.write(rowLine(columns, change, layout))
    stdout.write(
      changes.length === 0
        ? `Plan for vnet/${request.name}: nothing to do.\n`
        : `Plan for vnet/${request.name}: ${summaryOf(changes)}.\n${trafficOf(changes)}`,
    )
  }
  return changes.length === 0 ? exit.ok : exit.changes
}
