/**
 * Does the guards' part of a step. It is not undone: a guard that stands before its link does is what shall be, and in nobody's way; the next step
 * goes on from there.
 */
import { readConfiguration } from '../../click/service/configuration.ts'
import { putRouter, removeRouter } from '../../click/service/put.ts'
import type { ClickService } from '../../click/service/service.ts'
import type { GuardOperation } from './plan.ts'

/** Rejects as ClickService does. */
export const applyGuard = (service: ClickService, operation: GuardOperation): Promise<void> => {
  if (operation.op !== 'guard') return removeRouter(service, operation.router)
  const { text, file } = operation.to
  return putRouter(service, operation.router, readConfiguration(text, file))
}
