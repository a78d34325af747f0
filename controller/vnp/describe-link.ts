/** A link's hops over all providers that carry a part of it, one after the other. */
import { create } from '../../proto/codec.ts'
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { LinkView } from '../../proto/generated/weft.v1.ts'
import type { Provider } from './providers.ts'
import type { VNetRow } from './rows.ts'

/**
 * One that cannot be asked has its error in a hop of its own, where others answered. Throws link.unknown, and the provider's own error where
 * there is no other.
 */
export const askLink = async (
  providers: ReadonlyMap<string, Provider>,
  { key, name, parts }: VNetRow,
  id: string,
  timeoutMs: number,
): Promise<LinkView> => {
  const carriers = parts.filter(({ request }) => request.links.some((link) => link.id === id))
  if (carriers.length === 0) throw new WeftError('link.unknown', `${name} has no link ${id}`, { object: `link/${id}` })
  const asked = await Promise.allSettled(carriers.map(({ pip }) => askOne(providers.get(pip), pip, key, id, timeoutMs)))
  const views = asked.map((outcome, position) => {
    if (outcome.status === 'fulfilled') return outcome.value
    const { pip = '' } = carriers[position] ?? {}
    return create('LinkView', { id, hops: [{ provider: pip, error: toWireError(outcome.reason) }] })
  })
  const [only] = asked
  if (asked.length === 1 && only?.status === 'rejected') throw only.reason
  const mtus = views.map(({ mtu }) => mtu).filter((mtu) => mtu > 0)
  const technologies = new Set(views.map(({ technology }) => technology).filter((technology) => technology !== ''))
  return create('LinkView', {
    id,
    technology: [...technologies].join(', '),
    mtu: mtus.length > 0 ? Math.min(...mtus) : 0,
    hops: views.flatMap(({ hops }) => hops),
  })
}

const askOne = async (
  provider: Provider | undefined,
  pip: string,
  vnet: string,
  link: string,
  timeoutMs: number,
): Promise<LinkView> => {
  if (!provider) throw new WeftError('provider.unavailable', `the provider ${pip} is not configured any more`)
  const { link: view } = await provider.call({ link: { vnet, link } }, timeoutMs)
  if (!view) throw new WeftError('message.malformed', `${pip} answered link without a view`)
  return view
}
