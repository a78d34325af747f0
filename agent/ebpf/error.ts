/** What goes wrong between a program and the kernel. */
import { WeftError } from '../../proto/errors.ts'
import { errnoName } from '../netlink/socket/errno.ts'

export interface BpfErrorDetails {
  /** Positive. */
  readonly errno: number
  /** What was tried: 'map create', 'program load'. */
  readonly operation: string
  /** Of which object, by its name or path. */
  readonly subject: string
  readonly explanation?: string
  readonly cause?: unknown
}

/** The kernel refused a call of bpf(2). */
export class BpfError extends Error {
  override readonly name: string = 'BpfError'
  /** The errno's name: 'E2BIG'. */
  readonly code: string
  readonly errno: number
  readonly operation: string
  readonly subject: string

  constructor({ errno, operation, subject, explanation, cause }: BpfErrorDetails) {
    const code = errnoName(errno)
    const why = explanation ? ` (${explanation})` : ''
    const what = `${operation} ${subject}`.trim()
    super(`${what}: ${code}${why}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.errno = errno
    this.operation = operation
    this.subject = subject
  }
}

/** The kernel lacks a feature (code `not-supported`): found by probing, not by a version. */
export class NotSupportedError extends WeftError {
  readonly feature: string

  constructor(feature: string, reason: string, cause?: unknown) {
    super('not-supported', `the kernel lacks ${feature}: ${reason}`, { cause })
    this.feature = feature
  }
}
