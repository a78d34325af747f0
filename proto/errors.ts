/**
 * The one table of coded errors. The same codes stand in docs/errors.md, and a test holds the two together.
 * A code is `part.problem`; its text says what it means in general, an error's message says what it is about.
 */
export const errorCodes = {
  'message.malformed': 'A message is not what its topic stands for.',
  'message.expired': 'The deadline of the message had passed when it was read.',
  'message.too-large': 'A message is larger than 128 KiB.',
  'verb.unsupported': 'The role that was asked does not serve this verb.',
  'call.timeout': 'No answer came within the time allowed.',
  'call.unreachable': 'The other side is not connected.',
  'epoch.stale': 'The message was written under an older epoch than one seen before.',
  'generation.stale': 'A newer generation is held already, or the same one with another content.',
  'owner.denied': 'Only the owner may change or see this.',
  'vnet.unknown': 'There is no such VNet.',
  'vnet.busy': 'Another change of the VNet, or its removal, is still under way.',
  'node.unknown': 'There is no such node.',
  'node.not-running': 'The node does not run.',
  'link.unknown': 'There is no such link.',
  'request.syntax': 'The file is not well-formed.',
  'request.invalid': 'The request breaks a rule of the schema or of the model.',
  'request.too-large': 'The request is larger than what is accepted.',
  'substrate.invalid': 'The declared substrate breaks a rule.',
  'substrate.mismatch': 'What an agent sees differs from what is declared.',
  'admission.never-fits': 'Even an empty substrate cannot carry the request; the binding constraint is named.',
  'admission.not-now': 'The substrate could carry the request, but not beside what is reserved.',
  'reservation.unknown': 'There is no such reservation, or its lease ended.',
  'embedding.stale': 'An embedding that a VNP made by what a PIP advertised does not fit what is free there now.',
  'provider.unavailable': 'No provider answered.',
  'slice.invalid': 'A slice breaks a rule.',
  'hypervisor.unavailable': 'The host does not have the hypervisor or cannot use it.',
  'hypervisor.failed': 'The hypervisor refused or failed.',
  'image.unknown': 'The host has no such image.',
  'image.unreachable': 'An image cannot be fetched from where it is said to be.',
  'image.digest': 'What was fetched is not the image that was meant: its SHA-256 or size is another.',
  'image.invalid': 'An image is not what its format says, or would reach outside of itself.',
  'image.unsuitable': 'The hypervisor cannot start images of this format.',
  'image.no-space': 'The disk, or the share of it that images may have, is full.',
  'host.no-space': 'The disk that a host keeps its nodes and its state on is full.',
  'host.unknown': 'The substrate has no such host.',
  'host.online': 'The host is connected: it is not dead.',
  'host.fencing-failed': 'The command that fences a host failed, or there is none.',
  'host.dead': 'The host is dead: what it carried waits for a place elsewhere, or for its return.',
  'host.not-admitted':
    'The host was booted again, and its controller has not said yet that the node is still to run here.',
  'datapath.unavailable': 'The host does not have the data path or the technology.',
  'datapath.failed': 'The kernel refused or failed.',
  'nic.unknown': 'The host has no such interface.',
  'nic.taken': 'The interface is given to another node or used by the host.',
  'mtu.too-small': 'The underlay cannot carry the least MTU that the link needs.',
  'mtu.path-too-small': 'The network between two hosts drops packets as large as the link makes them.',
  'object.foreign': 'An object of that name exists and is not ours.',
  'not-supported': 'The kernel, library or machine lacks what is needed.',
  'router.unknown': 'There is no such Click router.',
  'router.exists': 'A Click router of that name runs already.',
  'router.busy': 'Another change of Click routers is under way.',
  'router.broken': 'A part of a Click router is missing or damaged.',
  'handler.unknown': "There is no such handler in the operator's own Click.",
  'broker.failed': 'The embedded broker cannot listen where it should.',
  'config.invalid': 'A configuration file breaks a rule.',
  'instance.invalid': 'A file of a mapping problem breaks a rule.',
  'lab.exists': 'A lab of that name runs already.',
  'lab.unknown': 'There is no lab of that name.',
  'lab.failed': 'A part of the lab did not start.',
  'lab.leftover': 'Something of a lab is left on the machine.',
  'console.failed': 'Consoles cannot be served.',
  'token.invalid': 'The token was used before, or is too old.',
  'certificate.unknown': 'Who answers does not have the certificate that was told.',
  internal: 'A defect in Weft.',
} as const

export type ErrorCode = keyof typeof errorCodes

export interface ErrorDetails {
  /** What it is about, as kind/name. */
  readonly object?: string | undefined
  /** file:line in the input. */
  readonly where?: string | undefined
  /** What would be right. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** An error with a code of the table; what crosses the wire as weft.v1.Error. */
export class WeftError extends Error {
  override readonly name = 'WeftError'
  readonly code: ErrorCode
  readonly object: string
  readonly where: string
  readonly hint: string

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.object = details.object ?? ''
    this.where = details.where ?? ''
    this.hint = details.hint ?? ''
  }
}

/** The shape of weft.v1.Error, whole. */
export interface WireError {
  readonly code: string
  readonly message: string
  readonly object: string
  readonly where: string
  readonly hint: string
}

/** Anything thrown, as it crosses the wire: what has no code of ours is `internal`. */
/** Whether it is an error of ours with one of these codes. */
export const hasCode = (error: unknown, ...codes: readonly ErrorCode[]): boolean =>
  error instanceof WeftError && (codes as readonly string[]).includes(error.code)

export const toWireError = (thrown: unknown): WireError => {
  if (thrown instanceof WeftError) {
    const { code, message, object, where, hint } = thrown
    return { code, message, object, where, hint }
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return { code: 'internal', message, object: '', where: '', hint: '' }
}

/** Back from the wire; a code that this version does not know becomes `internal`, its name kept in the message. */
export const fromWireError = (error: WireError): WeftError => {
  const { object, where, hint } = error
  return error.code in errorCodes
    ? new WeftError(error.code as ErrorCode, error.message, { object, where, hint })
    : new WeftError('internal', `${error.code}: ${error.message}`, { object, where, hint })
}
