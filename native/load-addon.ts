/** Loads one addon of build/Release (or of the directory WEFT_ADDON_DIR, for instance a sanitizer's build). */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/**
 * Throws an error with code `ERR_ADDON_UNAVAILABLE` that says why: not built, or a library that it links is missing. A compiled copy of
 * this file lies in dist/native, hence the two places to look.
 */
export const loadAddon = <T>(name: string): T => {
  const require = createRequire(import.meta.url)
  const directories = process.env['WEFT_ADDON_DIR']
    ? [process.env['WEFT_ADDON_DIR']]
    : [join(here, '..', 'build', 'Release'), join(here, '..', '..', 'build', 'Release')]
  let reason: unknown
  for (const directory of directories) {
    try {
      return require(join(directory, `weft_${name}.node`)) as T
    } catch (error) {
      // A library that the addon links and the machine lacks says more than "no such file" in the other place.
      if (reason === undefined || (error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') reason = error
    }
  }
  const words = (reason as Error).message.split('\n')[0]
  const built = (reason as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND'
  const hint = built ? '' : ' (`npm run build:native` builds it where the headers of its library are)'
  throw Object.assign(new Error(`the ${name} addon cannot be loaded: ${words}${hint}`), {
    code: 'ERR_ADDON_UNAVAILABLE',
    cause: reason,
  })
}
