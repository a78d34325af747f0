/** A request with one of its links changed: pure. */
import { create } from '../../proto/codec.ts'
import type { Impairment, Link, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { isUnimpaired } from '../description/impairments.ts'
import { suggest } from '../description/nearest.ts'
import { UsageError } from './usage-error.ts'

export type Direction = 'both' | 'a-to-b' | 'b-to-a'

/** What is to be different; what is undefined stays as it is. */
export interface LinkChanges {
  /** Of rate and impairments. */
  readonly direction: Direction
  /** 0: best effort. */
  readonly rateBitsPerSecond?: number | undefined
  readonly impairment: Partial<Impairment>
  /** All that the link does to frames goes first. */
  readonly clear: boolean
  readonly down?: boolean | undefined
}

/** Throws UsageError where there is no such link. */
export const changeLink = (request: VNetRequest, id: string, changes: LinkChanges): VNetRequest => {
  if (!request.links.some((link) => link.id === id)) {
    throw new UsageError(
      `${request.name} has no link ${id}`,
      suggest(
        id,
        request.links.map((link) => link.id),
      ),
    )
  }
  return { ...request, links: request.links.map((link) => (link.id === id ? changed(link, changes) : link)) }
}

const none: Impairment = create('Impairment', {})

const changed = (link: Link, { direction, rateBitsPerSecond, impairment, clear, down }: LinkChanges): Link => {
  const [forth, back] = [direction !== 'b-to-a', direction !== 'a-to-b']
  const rate = (applies: boolean, was: number) => (applies ? (rateBitsPerSecond ?? was) : was)
  const impaired = (applies: boolean, was: Impairment | undefined): Impairment | undefined => {
    if (!applies) return was
    const is = { ...none, ...(clear ? none : was), ...impairment }
    return isUnimpaired(is) ? undefined : is
  }
  return {
    ...link,
    rateAToBBitsPerSecond: rate(forth, link.rateAToBBitsPerSecond),
    rateBToABitsPerSecond: rate(back, link.rateBToABitsPerSecond),
    impairmentAToB: impaired(forth, link.impairmentAToB),
    impairmentBToA: impaired(back, link.impairmentBToA),
    down: down ?? link.down,
  }
}
