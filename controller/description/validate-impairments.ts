/** Rules of what a link does to frames: amounts in their bounds, and those that need a delay with one. */
import type { Impairment, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { impairmentAmounts } from './impairments.ts'
import { maxImpairmentDelayMicroseconds } from './limits.ts'
import { delay, formatQuantity } from './units.ts'
import type { Find } from './validate.ts'

const millionths = 1_000_000

export const checkImpairments = ({ links }: VNetRequest, find: Find): void => {
  for (const [i, link] of links.entries()) {
    for (const field of ['impairmentAToB', 'impairmentBToA'] as const) {
      const impairment = link[field]
      if (impairment) checkImpairment(impairment, `links[${i}].${field}`, `link/${link.id}`, find)
    }
  }
}

const checkImpairment = (impairment: Impairment, path: string, object: string, find: Find): void => {
  const { delayMicroseconds, jitterMicroseconds, reorderMillionths } = impairment
  const shown = (microseconds: number) => formatQuantity(delay, microseconds)
  for (const key of ['loss', 'duplicate', 'reorder'] as const) {
    const { field, format } = impairmentAmounts[key]
    const value = impairment[field]
    if (isAmount(value, millionths)) continue
    find(
      `${path}.${field}`,
      object,
      `${key} cannot be ${Number.isInteger(value) ? format(value) : value}`,
      '0 to 100 %',
    )
  }
  if (!isAmount(delayMicroseconds, maxImpairmentDelayMicroseconds)) {
    const message = `the delay of an impairment cannot be ${delayMicroseconds} us`
    find(`${path}.delayMicroseconds`, object, message, `at most ${shown(maxImpairmentDelayMicroseconds)}`)
    return
  }
  if (!isAmount(jitterMicroseconds, delayMicroseconds)) {
    const message =
      delayMicroseconds === 0
        ? 'a jitter needs a delay that it deviates from'
        : `a jitter of ${jitterMicroseconds} us is more than the delay, ${shown(delayMicroseconds)}`
    find(`${path}.jitterMicroseconds`, object, message, 'a delay that is no smaller than the jitter')
  }
  if (reorderMillionths > 0 && delayMicroseconds === 0) {
    const message = 'reorder needs a delay: some frames are sent at once while the others wait'
    find(`${path}.reorderMillionths`, object, message, 'a delay too')
  }
}

const isAmount = (value: number, most: number): boolean => Number.isInteger(value) && value >= 0 && value <= most
