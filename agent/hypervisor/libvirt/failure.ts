/** What goes wrong in libvirt or on the disk, as a coded error that names the operation and the node. */
import { toWireError, WeftError } from '../../../proto/errors.ts'
import { noSpace } from '../../no-space.ts'
import { isLibvirtError } from './connection.ts'

/** Characters of an error that comes from elsewhere. */
const mostWords = 500

export const nodeFailure = (what: string, node: string, error: unknown): WeftError => {
  const full = noSpace(`${what} of node ${node}`, error, `node/${node}`)
  if (full instanceof WeftError) return full
  // libvirt adds lines of a guest's log to some messages.
  const message = toWireError(error)
    .message.trim()
    .replace(/\s*\n\s*/g, '; ')
    .slice(0, mostWords)
  const operation = isLibvirtError(error) ? `${error.operation}: ` : ''
  const code = isLibvirtError(error) || (error as NodeJS.ErrnoException).code ? 'hypervisor.failed' : 'internal'
  return new WeftError(code, `${what} of node ${node}: ${operation}${message}`, {
    object: `node/${node}`,
    cause: error,
  })
}

/** What a call throws that is no WeftError becomes one. */
export const named = <T>(what: string, node: string, work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    throw nodeFailure(what, node, error)
  })
