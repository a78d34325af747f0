/** Why a VNet is where it is, or is not: what its providers say, of one that waits all of them. */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Explanation } from '../../proto/generated/weft.v1.ts'
import type { Provider } from './providers.ts'
import type { QueuedRow, VNetRow } from './rows.ts'

export const explainTimeoutMs = 10_000

const ask = async (provider: Provider | undefined, explain: Parameters<typeof create<'ExplainVNet'>>[1]) => {
  if (!provider) throw new WeftError('provider.unavailable', 'its provider is configured no more')
  const { explanation } = await provider.call({ explain }, explainTimeoutMs)
  if (!explanation) throw new WeftError('message.malformed', `${provider.name} answered explain with something else`)
  return explanation
}

/** Throws where a provider of a VNet that stands cannot be asked, or, of one that waits, none can. */
export const askExplanation = async (
  providers: ReadonlyMap<string, Provider>,
  row: VNetRow | QueuedRow,
): Promise<Explanation> => {
  if (!('order' in row)) {
    const parts = await Promise.all(row.parts.map(({ pip }) => ask(providers.get(pip), { vnet: row.key })))
    return joined(row.name, parts)
  }
  const part = { ...row.request, name: row.key }
  const asked = [...providers.values()].map((provider) => ask(provider, { vnet: row.key, part }))
  const answers = await Promise.allSettled(asked)
  const given = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  const [failed] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []))
  if (given.length === 0) throw failed ?? new WeftError('provider.unavailable', 'no provider is configured')
  // What it waits for is the VNP's to say, who asked them all.
  return { ...joined(row.name, given), error: row.error }
}

/** Nodes with what each provider says of its hosts; a link is one provider's. */
const joined = (vnet: string, parts: readonly Explanation[]): Explanation => {
  const nodes = Map.groupBy(
    parts.flatMap((part) => part.nodes),
    ({ id }) => id,
  )
  return create('Explanation', {
    vnet,
    nodes: [...nodes].map(([id, all]) => ({
      id,
      host: all.find(({ host }) => host !== '')?.host ?? '',
      others: all.flatMap(({ others }) => others),
    })),
    links: parts.flatMap(({ links }) => links),
    incomplete: parts.some(({ incomplete }) => incomplete),
  })
}
