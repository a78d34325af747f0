/**
 * The way out of a console in a terminal that passes every key on: Ctrl-] and a full stop. Ctrl-] twice sends one; before anything else both keys
 * are sent.
 */

/** Ctrl-], as in telnet(1). */
const escapeKey = 0x1d
const leaveKey = 0x2e

export interface Typed {
  readonly send: Uint8Array
  readonly leave: boolean
}

/** Reads what is typed, in pieces of any size. */
export const escapeReader = (): ((bytes: Uint8Array) => Typed) => {
  let isEscaped = false
  return (bytes) => {
    const send: number[] = []
    for (const byte of bytes) {
      if (isEscaped) {
        isEscaped = false
        if (byte === leaveKey) return { send: Uint8Array.from(send), leave: true }
        if (byte !== escapeKey) send.push(escapeKey)
        send.push(byte)
      } else if (byte === escapeKey) isEscaped = true
      else send.push(byte)
    }
    return { send: Uint8Array.from(send), leave: false }
  }
}
