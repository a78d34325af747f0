/** Calls of bpf(2), their failures as BpfError. Every other file of this folder goes through here. */
import { type BpfAddon, type BpfDescriptor, loadBpf } from '../../native/bpf.ts'
import type { Attribute } from './attribute.ts'
import { BpfError } from './error.ts'

/** enum bpf_cmd, linux/bpf.h. */
export const command = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  mapNextKey: 4,
  programLoad: 5,
  pin: 6,
  get: 7,
  testRun: 10,
  programById: 13,
  info: 15,
  query: 16,
  btfLoad: 18,
  mapFreeze: 22,
  mapLookupBatch: 24,
  mapUpdateBatch: 26,
  linkCreate: 28,
  linkUpdate: 29,
  linkDetach: 34,
} as const

export interface Call {
  readonly attribute: Attribute
  /** As an error tells it: 'map create'. */
  readonly operation: string
  readonly subject: string
  /** Path of the network namespace in which interface indexes are meant; the process's own without it. */
  readonly namespace?: string | undefined
}

let addon: BpfAddon | undefined

/** Throws ERR_ADDON_UNAVAILABLE where the addon was not built. */
export const bpf = (): BpfAddon => {
  addon ??= loadBpf()
  return addon
}

/** Throws BpfError; what the kernel wrote into the attribute is there also then. */
export const callBpf = (number: number, call: Call): number => run(call, 'call', number)
export const openBpf = (number: number, call: Call): BpfDescriptor => run(call, 'open', number)

const run = <K extends 'call' | 'open'>(call: Call, kind: K, number: number): ReturnType<BpfAddon[K]> => {
  const { attribute, operation, subject, namespace } = call
  const options = namespace === undefined ? {} : { namespace }
  try {
    return bpf()[kind](number, attribute.bytes, attribute.references, options) as ReturnType<BpfAddon[K]>
  } catch (error) {
    throw toBpfError(error, operation, subject)
  }
}

/**
 * The same on another thread, for what makes the caller wait: for the kernel's one lock on interfaces, or for a grace period of RCU. Reject as those throw.
 * Descriptors that are named may be closed meanwhile.
 */
export const callBpfLater = (number: number, call: Call): Promise<number> => runLater(call, 'callLater', number)
export const openBpfLater = (number: number, call: Call): Promise<BpfDescriptor> => runLater(call, 'openLater', number)

const runLater = async <K extends 'callLater' | 'openLater'>(
  { attribute, operation, subject, namespace }: Call,
  kind: K,
  number: number,
): Promise<Awaited<ReturnType<BpfAddon[K]>>> => {
  const options = namespace === undefined ? {} : { namespace }
  try {
    const result = await bpf()[kind](number, attribute.bytes, attribute.references, options)
    return result as Awaited<ReturnType<BpfAddon[K]>>
  } catch (error) {
    throw toBpfError(error, operation, subject)
  }
}

/** A failed system call of the addon's; anything else stays what it is. */
export const toBpfError = (error: unknown, operation: string, subject: string): unknown => {
  const { errno } = error as NodeJS.ErrnoException
  return typeof errno === 'number' ? new BpfError({ errno: -errno, operation, subject, cause: error }) : error
}

/** Runs a call that answers with ENOENT where there is nothing. */
export const unlessAbsent = <T>(run: () => T): T | undefined => {
  try {
    return run()
  } catch (error) {
    if (error instanceof BpfError && error.code === 'ENOENT') return undefined
    throw error
  }
}
