/** What guards have dropped, by the names of their counters. */

import { hasCode } from '../../../proto/errors.ts'
import type { DropCount } from '../../../proto/generated/weft.v1.ts'
import type { ElementInfo } from '../../click/access.ts'
import type { ClickService } from '../../click/service/service.ts'

/** Nothing where there is no guard. Rejects with router.broken. */
export const guardDrops = async (service: ClickService, router: string): Promise<readonly DropCount[]> => {
  const isDrop = (element: ElementInfo) => element.class === 'Counter' && element.name !== 'sent'
  try {
    const read = await service.readAll(router, (element, handler) => isDrop(element) && handler === 'count')
    return read.map(({ element, value }) => ({ reason: element.replaceAll('_', ' '), packets: Number(value) }))
  } catch (error) {
    if (hasCode(error, 'router.unknown')) return []
    throw error
  }
}
