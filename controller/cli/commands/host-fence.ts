/** `weft host fence`: a host that is gone is taken for dead. */
import { WeftError } from '../../../proto/errors.ts'
import { ask } from '../ask.ts'
import type { Run } from '../command.ts'
import type { hostFenceFlags } from '../declare-hosts.ts'
import { exit } from '../exit.ts'
import { fencedText } from '../view/deaths.ts'

/** The command may take ten minutes (docs/substrate.md). */
const longestFencingMs = 660_000

export const run: Run<typeof hostFenceFlags> = async (context, { flags, args }) => {
  const [host = ''] = args
  const { confirmed } = flags
  const answer = await ask(context, { fence: { host, confirmed } }, { role: 'pip', timeoutMs: longestFencingMs })
  const [entry] = answer.hosts?.hosts ?? []
  if (!entry) throw new WeftError('message.malformed', 'the PIP answered "fence" with something else')
  if (!entry.death) {
    context.stdout.write(`host/${host} was fenced, and is back\n`)
    return exit.ok
  }
  const { vnets } = entry.death
  const rest = vnets.length === 0 ? '' : `; to be made elsewhere: ${vnets.join(', ')}`
  context.stdout.write(`host/${host} is dead (${fencedText(entry)})${rest}\n`)
  return exit.ok
}
