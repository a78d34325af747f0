/** Envelopes around messages, binary and JSON (DESIGN section 3). */
import { create, decode, encode, fromJson, type Init, type MessageName, toJson } from './codec.ts'
import { WeftError } from './errors.ts'
import type { Envelope, Messages } from './generated/weft.v1.ts'

/** Bounds every payload, so that no client can make another hold more. */
export const maxPayloadBytes = 128 * 1024

/** An envelope without its body. */
export type Header = Omit<Envelope, 'body'>

const bounded = (payload: Uint8Array, name: string): Buffer => {
  if (payload.byteLength > maxPayloadBytes) {
    throw new WeftError('message.too-large', `a ${name} of ${payload.byteLength} bytes cannot be sent`, {
      hint: `at most ${maxPayloadBytes} bytes`,
    })
  }
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
}

/** The binary payload. Errors: message.too-large. */
export const seal = <N extends MessageName>(name: N, message: Messages[N], header: Init<Header>): Buffer =>
  bounded(encode('Envelope', create('Envelope', { ...header, body: encode(name, message) })), name)

/** Errors: message.malformed, message.too-large. */
export const open = <N extends MessageName>(
  name: N,
  payload: Uint8Array,
): { readonly envelope: Envelope; readonly message: Messages[N] } => {
  const envelope = decode('Envelope', bounded(payload, name))
  return { envelope, message: decode(name, envelope.body) }
}

/** The JSON payload: the envelope's fields with `body` as the canonical JSON of the message. */
export const sealJson = <N extends MessageName>(name: N, message: Messages[N], header: Init<Header>): Buffer => {
  const fields = toJson('Envelope', create('Envelope', header)) as Record<string, unknown>
  return bounded(Buffer.from(JSON.stringify({ ...fields, body: toJson(name, message) })), name)
}

/** Errors: message.malformed with the member that is wrong, message.too-large. */
export const openJson = <N extends MessageName>(
  name: N,
  payload: Uint8Array,
): { readonly envelope: Envelope; readonly message: Messages[N] } => {
  const json = parseJson(bounded(payload, name).toString('utf8'))
  const { body = {}, ...fields } = json
  return { envelope: fromJson('Envelope', fields), message: fromJson(name, body) }
}

const parseJson = (text: string): Record<string, unknown> => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new WeftError('message.malformed', `the payload is no JSON: ${(cause as Error).message}`)
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new WeftError('message.malformed', 'the payload is no JSON object', {
      hint: '{"correlation": "1", "body": {…}}',
    })
  }
  return json as Record<string, unknown>
}
