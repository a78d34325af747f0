/** A network namespace that lasts as long as this process at most: a child holds it, which ends when its input does. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { WeftError } from '../../../proto/errors.ts'

export interface PrivateNamespace {
  /** For whatever takes the path of a namespace. */
  readonly path: string
  close(): Promise<void>
}

/** Rejects with WeftError not-supported where `unshare` is missing or may not. */
export const openNamespace = async (): Promise<PrivateNamespace> => {
  const child = spawn('unshare', ['--net', '--', 'sh', '-c', 'echo && exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const said: Buffer[] = []
  child.stderr.on('data', (data: Buffer) => said.push(data))
  child.stdin.on('error', () => undefined)
  const ended = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message))
    child.once('close', () => resolve(Buffer.concat(said).toString().trim()))
  })
  const problem = await Promise.race([once(child.stdout, 'data').then(() => undefined), ended])
  if (problem !== undefined) {
    throw new WeftError('not-supported', `cannot make a network namespace: ${problem || 'unshare ended'}`)
  }
  return {
    path: `/proc/${child.pid}/ns/net`,
    close: async () => {
      child.stdin.end()
      await ended
    },
  }
}
