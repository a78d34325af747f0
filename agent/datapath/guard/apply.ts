/**
 * Does the guards' part of a step. It is not undone: a guard that stands before its link does is what shall be, and in nobody's way; the next step
 * goes on from there.
 */
import { WeftError } from '../../../proto/errors.ts'
import { readConfiguration } from '../../click/service/configuration.ts'
import type { ClickService } from '../../click/service/service.ts'
import type { Configuration, GuardOperation } from './plan.ts'

/** Rejects as ClickService does. */
export const applyGuard = (service: ClickService, operation: GuardOperation): Promise<void> =>
  operation.op === 'guard' ? put(service, operation.router, operation.to) : remove(service, operation.router)

/** In place of the one that is there, with its counts; anew where there is none, or none that could be exchanged. */
const put = async (service: ClickService, router: string, { text, file }: Configuration): Promise<void> => {
  const configuration = readConfiguration(text, file)
  try {
    await service.swap(router, configuration)
  } catch (error) {
    if (!hasCode(error, 'router.unknown', 'router.broken')) throw error
    await remove(service, router)
    await service.up(router, configuration)
  }
}

const remove = async (service: ClickService, router: string): Promise<void> => {
  try {
    await service.down(router)
  } catch (error) {
    if (!hasCode(error, 'router.unknown')) throw error
  }
}

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof WeftError && codes.includes(error.code)
