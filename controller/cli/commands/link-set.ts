/** `weft link set`: one link of a VNet changed while it works, by its request: read, changed, applied again. */
import { WeftError } from '../../../proto/errors.ts'
import type { Impairment } from '../../../proto/generated/weft.v1.ts'
import { diffRequests } from '../../description/diff.ts'
import { ask } from '../ask.ts'
import { changeLink, type LinkChanges } from '../change-link.ts'
import type { FlagValues, Run } from '../command.ts'
import type { linkSetFlags } from '../declare-links.ts'
import { findObject } from '../find-object.ts'
import { objectOf, refusal, sayOutcome, untilDecided } from '../outcome.ts'
import { UsageError } from '../usage-error.ts'

type Values = FlagValues<typeof linkSetFlags>

export const run: Run<typeof linkSetFlags> = async (context, { flags, args }) => {
  const [name = ''] = args
  const changes = changesOf(flags)
  const { state: found, id } = await findObject(context, 'link', name, { vnet: flags.vnet, role: 'vno' })
  const { vnet: before } = await ask(context, { get: { vnet: found.vnet, asked: true } })
  if (!before) throw new WeftError('message.malformed', 'the role answered "get" with something else')
  if (!before.request) {
    const hint = 'change the link in its file and apply that'
    throw new WeftError('request.too-large', `the request of ${before.vnet} is too large for a message`, {
      ...objectOf(before),
      hint,
    })
  }
  const request = changeLink(before.request, id, changes)
  const reasons = diffRequests(before.request, request).map(({ object, reason }) => `${object}: ${reason}\n`)
  // Who changed it in the meantime did not see this change, nor this command theirs.
  const apply = { request, expectedGeneration: before.generation }
  const answer = await ask(context, { apply }, { timeoutMs: flags.timeout }).catch((error: unknown) => {
    throw refusal(request.name, error)
  })
  if (!answer.vnet) throw new WeftError('message.malformed', 'the role answered "apply" with something else')
  const decided = await untilDecided(context, answer.vnet, flags.timeout)
  for (const reason of reasons) context.stdout.write(reason)
  return sayOutcome(context, decided, before, (text) => context.stdout.write(`${text}\n`))
}

/** Throws UsageError where nothing is to be changed, or two things that exclude each other. */
const changesOf = (flags: Values): LinkChanges => {
  const { rate, direction, clear, up, down } = flags
  const given: Readonly<Record<keyof Impairment, number | undefined>> = {
    delayMicroseconds: flags.delay,
    jitterMicroseconds: flags.jitter,
    lossMillionths: flags.loss,
    duplicateMillionths: flags.duplicate,
    reorderMillionths: flags.reorder,
  }
  const impairment = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  if (up && down) throw new UsageError('a link is either --up or --down')
  const isNothing = rate === undefined && Object.keys(impairment).length === 0 && !clear && !up && !down
  if (isNothing)
    throw new UsageError('nothing is to be changed', '--rate, --delay, --loss, --down and others: weft help link set')
  return { direction, rateBitsPerSecond: rate, impairment, clear, down: up || down ? down : undefined }
}
