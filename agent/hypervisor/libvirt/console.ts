/**
 * The console of a domain: the pseudo-terminal that libvirt tells in the XML of a domain that runs, opened beside it. Not libvirt's streams
 * (virDomainOpenConsole): there the library queues what is not read without bound, and what a guest does not take holds up the whole
 * connection, keepalive messages and all. A pseudo-terminal holds back whoever writes to it, on both sides.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { ReadStream } from 'node:tty'
import { type LibvirtConnection, loadLibvirt } from '../../../native/libvirt.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { ConsoleStream } from '../driver.ts'
import { runBounded } from '../run-bounded.ts'
import { unless } from './domains.ts'

const ttyPattern = /<console type='pty' tty='(\/dev\/pts\/\d+)'>/

/** Pure. Of the XML of a domain that runs; undefined where it has no console that is a pseudo-terminal. */
export const consoleTty = (xml: string): string | undefined => ttyPattern.exec(xml)?.[1]

/** Pure. Whether a domain of that XML gets one when it runs: while it is being started its XML names none yet, though the domain is active. */
export const getsTty = (xml: string): boolean => xml.includes(`<console type='pty'`)

const sttyTimeoutMs = 10_000
const env = { PATH: '/usr/bin:/bin' }

/** stty(1), of the host, on a terminal of the host or of a container. Throws hypervisor.failed. */
export const setTerminal = async (tty: string, settings: readonly string[]): Promise<void> => {
  const { exitStatus, stderr } = await runBounded(['stty', '-F', tty, ...settings], sttyTimeoutMs, env)
  if (exitStatus === 0) return
  throw new WeftError('hypervisor.failed', `the console's terminal: ${new TextDecoder().decode(stderr).trim()}`)
}

const streamOf = (descriptor: number): ConsoleStream => {
  // A ReadStream is a whole socket, and does not block; a WriteStream would block all of us while a guest takes nothing.
  const terminal = new ReadStream(descriptor, { writable: true } as object)
  const closed = Promise.withResolvers<string | undefined>()
  let reason: string | undefined = 'the console hung up'
  // EIO: its other end is closed.
  terminal.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'EIO' && reason !== undefined) reason = message
    terminal.destroy()
  })
  terminal.on('end', () => terminal.destroy())
  terminal.on('close', () => closed.resolve(reason))
  return {
    closed: closed.promise,
    onData: (listener) => {
      terminal.on('data', (bytes: Buffer) => {
        const done = listener(bytes)
        if (done === undefined) return
        terminal.pause()
        void done.then(() => terminal.resume())
      })
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        terminal.write(bytes, (error) => {
          if (error)
            reject(new WeftError('node.not-running', `the console is closed: ${error.message}`, { cause: error }))
          else resolve()
        })
      }),
    close: async () => {
      reason = undefined
      terminal.destroy()
      await closed.promise
    },
  }
}

/**
 * Throws verb.unsupported where the domain has no such console, node.not-running where it is being started or has just ended, hypervisor.failed.
 */
export const openPtyConsole = async (
  connection: LibvirtConnection,
  uuid: string,
  node: string,
): Promise<ConsoleStream> => {
  const object = `node/${node}`
  const read = (): Promise<string | undefined> => connection.xml(uuid).catch(unless('NO_DOMAIN'))
  const xml = await read()
  if (xml === undefined) throw new WeftError('node.not-running', `node ${node} has just ended`, { object })
  const tty = consoleTty(xml)
  if (tty === undefined && getsTty(xml))
    throw new WeftError('node.not-running', `node ${node} is just being started`, { object })
  if (tty === undefined) throw new WeftError('verb.unsupported', `node ${node} has no console`, { object })
  let descriptor: number | undefined
  try {
    descriptor = openSync(tty, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
    loadLibvirt().rawTerminal(descriptor)
    // While the domain has it, that number is nobody else's: what was opened is its console, or the domain has ended.
    if (consoleTty((await read()) ?? '') !== tty)
      throw new WeftError('node.not-running', `node ${node} has just ended`, { object })
    return streamOf(descriptor)
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor)
    if (error instanceof WeftError) throw error
    throw new WeftError('hypervisor.failed', `the console of node ${node}: ${(error as Error).message}`, {
      object,
      cause: error,
    })
  }
}
