/** What who keeps routers does with them: each is as it shall be afterwards, whatever it was before. */
import { hasCode } from '../../../proto/errors.ts'
import type { Configuration } from './configuration.ts'
import type { ClickService } from './service.ts'

/** In place of the one that is there, with its counts and tables; anew where there is none, or none that could be exchanged. Rejects as `swap` and `up`. */
export const putRouter = async (service: ClickService, name: string, configuration: Configuration): Promise<void> => {
  try {
    await service.swap(name, configuration)
  } catch (error) {
    if (hasCode(error, 'router.broken')) await removeRouter(service, name)
    else if (!hasCode(error, 'router.unknown')) throw error
    await service.up(name, configuration)
  }
}

/** One that is not there is a success. */
export const removeRouter = async (service: ClickService, name: string): Promise<void> => {
  try {
    await service.down(name)
  } catch (error) {
    if (!hasCode(error, 'router.unknown')) throw error
  }
}
