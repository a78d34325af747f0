import { WeftError } from '../../proto/errors.ts'
import { openSqliteStore } from './sqlite.ts'
import type { Store } from './store.ts'

/** A store by its address: a path, or `sqlite:PATH`. Errors: not-supported for any other scheme. */
export const openStore = async (address: string): Promise<Store> => {
  const scheme = /^([a-z][a-z0-9+]+):(?=[^:]*)/.exec(address)?.[1]
  if (scheme === undefined) return openSqliteStore(address)
  if (scheme === 'sqlite') return openSqliteStore(address.slice('sqlite:'.length))
  throw new WeftError('not-supported', `no store for "${scheme}:" addresses`, { hint: 'a path, or sqlite:PATH' })
}
