/** A part mapped by the VNP itself, on what a provider advertises. */
import { WeftError } from '../../proto/errors.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { usageOf } from '../ledger/ledger.ts'
import { usageWithout } from '../ledger/without.ts'
import type { Mapper } from '../mapper/mapper.ts'
import type { Embedding } from '../mapping/mapping.ts'
import type { Provider } from './providers.ts'
import type { VNetRow } from './rows.ts'

/** Whether the provider made nodes again on other hosts since: where they are is for it to say. */
const isElsewhere = (provider: Pick<Provider, 'state'>, { key }: VNetRow, { hosts }: Embedding): boolean =>
  (provider.state(key)?.nodes ?? []).some(({ id, host }) => host !== '' && (hosts.get(id) ?? host) !== host)

/**
 * undefined where it is the provider's to map: it advertises nothing; there is no room by what it advertises, which may be behind; or what
 * stands of the VNet there is not known well enough. Of a VNet that stands, what it takes is taken off what the provider says is taken.
 */
export const mapAt = async (
  mapper: Mapper,
  provider: Provider,
  row: VNetRow | undefined,
  part: VNetRequest,
): Promise<Embedding | undefined> => {
  const picture = provider.substrate.picture()
  if (!picture) return undefined
  const before = row?.parts.find(({ pip }) => pip === provider.name)
  if (row && (!before?.embedding || isElsewhere(provider, row, before.embedding))) return undefined
  const own = before?.embedding && { part: before.request, embedding: before.embedding }
  const usage = own
    ? usageWithout(picture.usage, usageOf(picture.graph, [{ request: own.part, embedding: own.embedding }]))
    : picture.usage
  try {
    return await mapper.map({ ...picture, usage }, own, part)
  } catch (error) {
    if (error instanceof WeftError && error.code.startsWith('admission.')) return undefined
    throw error
  }
}
