/**
 * One connection to libvirt that is made again when it breaks. The addon is loaded when it is first needed, so that a host without
 * libvirt.so lacks containers and nothing else.
 */
import type { Logger } from 'pino'
import { type DomainEvent, type LibvirtConnection, type LibvirtError, loadLibvirt } from '../../../native/libvirt.ts'
import { WeftError } from '../../../proto/errors.ts'

export interface ConnectionOptions {
  readonly uri: string
  /** libvirt's calls block; so many at a time. */
  readonly threads: number
  readonly log: Logger
}

export interface Listener {
  readonly onEvent: (event: DomainEvent) => void
  /** There is a connection, again: what happened meanwhile is not known. */
  readonly onConnected: () => void
  readonly onLost: () => void
}

export interface KeptConnection {
  /** Throws hypervisor.unavailable. */
  get(): Promise<LibvirtConnection>
  /** Keeps it connected from now on, and tells what happens. */
  listen(listener: Listener): void
  close(): Promise<void>
}

/** A connection that is there or on its way. */
interface Opening {
  connection: Promise<LibvirtConnection>
}

const firstRetryMs = 500
const longestRetryMs = 10_000

export const isLibvirtError = (error: unknown): error is LibvirtError =>
  error instanceof Error && error.name === 'LibvirtError'

export const keepConnection = ({ uri, threads, log }: ConnectionOptions): KeptConnection => {
  const listeners = new Set<Listener>()
  let current: Opening | undefined
  let unloadable: WeftError | undefined
  let retry: NodeJS.Timeout | undefined
  let retryMs = firstRetryMs
  let closed = false

  const unavailable = (error: unknown): WeftError => {
    const { message, code } = error as NodeJS.ErrnoException
    const wrapped = new WeftError('hypervisor.unavailable', `libvirt at ${uri}: ${message}`, {
      hint: code === 'NO_CONNECT' ? 'it has no such driver: install it and restart libvirtd' : 'is libvirtd running?',
      cause: error,
    })
    if (code === 'ERR_ADDON_UNAVAILABLE')
      unloadable = new WeftError('hypervisor.unavailable', message, { cause: error })
    return unloadable ?? wrapped
  }

  const onClose = (reason: string, of: Opening): void => {
    if (current !== of) return
    current = undefined
    if (closed) return
    log.warn({ uri, reason }, 'the connection to libvirt broke')
    for (const { onLost } of listeners) onLost()
    schedule()
  }

  const connect = async (opening: Opening): Promise<LibvirtConnection> => {
    if (unloadable) throw unloadable
    try {
      const onBroken = (reason: string) => onClose(reason, opening)
      const connection = await loadLibvirt().connect(uri, { threads, onClose: onBroken })
      await connection.onEvent((event) => {
        for (const { onEvent } of listeners) onEvent(event)
      })
      retryMs = firstRetryMs
      return connection
    } catch (error) {
      throw unavailable(error)
    }
  }

  const get = (): Promise<LibvirtConnection> => {
    if (closed)
      return Promise.reject(new WeftError('hypervisor.unavailable', `libvirt at ${uri}: the driver was closed`))
    if (current) return current.connection
    const opening: Opening = {} as Opening
    opening.connection = connect(opening)
    current = opening
    opening.connection.then(
      () => {
        if (current === opening) for (const { onConnected } of listeners) onConnected()
      },
      () => {
        if (current === opening) current = undefined
        schedule()
      },
    )
    return opening.connection
  }

  /** Somebody listens: the connection is wanted though nobody asks for it now. */
  const schedule = (): void => {
    if (closed || retry || listeners.size === 0 || unloadable) return
    retry = setTimeout(() => {
      retry = undefined
      get().catch(() => {})
    }, retryMs)
    retryMs = Math.min(longestRetryMs, retryMs * 2)
  }

  return {
    get,
    listen: (listener) => {
      listeners.add(listener)
      get().catch(() => {})
    },
    close: async () => {
      if (closed) return
      closed = true
      clearTimeout(retry)
      listeners.clear()
      const connection = await current?.connection.catch(() => undefined)
      await connection?.close()
    },
  }
}
