/** Where a role passes consoles on, and keeps the key for it: beside its store. */
import { dirname, join } from 'node:path'
import { defaultConsoleListen, parseListen } from '../../proto/console/endpoint.ts'
import type { ConsolePlace } from './relay.ts'

/** Throws config.invalid. */
export const consolePlace = (role: string, storePath: string, listen = defaultConsoleListen): ConsolePlace => {
  parseListen(listen)
  return { listen, directory: join(dirname(storePath.replace(/^sqlite:/, '')), `${role}-console`) }
}
