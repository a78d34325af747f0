/** Where a role passes consoles on, and keeps the key for it: beside its store. */
import { dirname, join } from 'node:path'
import { type ConsoleListenerOptions, type ConsolePlace, checkConsolePlace } from '../../proto/console/listener.ts'

/** Throws config.invalid, message.malformed. */
export const consolePlace = (role: string, storePath: string, place: ConsolePlace = {}): ConsoleListenerOptions => {
  checkConsolePlace(place)
  return { ...place, directory: join(dirname(storePath.replace(/^sqlite:/, '')), `${role}-console`) }
}
