/**
 * Bounds the packets of an MQTT connection before anything is kept of them: a packet's length stands in front of it, and the parser behind
 * would hold up to 256 MiB for a client that has not even said who it is. MQTT 3.1.1, 2.2.3
 */
import { Duplex, Transform } from 'node:stream'

/** Reads a stream of packets chunk by chunk; false from the first one whose remaining length is above `maxBytes` or malformed. */
export const packetBound = (maxBytes: number): ((chunk: Uint8Array) => boolean) => {
  /** Bytes of the packet's body still to come. */
  let body = 0
  /** Bytes of the fixed header read so far: the type, then 1 to 4 of 7 bits each, the least significant first. */
  let header = 0
  let length = 0
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (body > 0) {
        const step = Math.min(body, chunk.length - at)
        body -= step
        at += step
        continue
      }
      const byte = chunk[at++] ?? 0
      header++
      if (header === 1) continue
      length += (byte & 0x7f) * 128 ** (header - 2)
      if (length > maxBytes) return false
      if (byte & 0x80) {
        if (header === 5) return false
        continue
      }
      body = length
      header = 0
      length = 0
    }
    return true
  }
}

/** A connection whose reading side fails at the first packet that is too large. */
export const boundedConnection = (socket: Duplex, maxBytes: number): Duplex => {
  const fits = packetBound(maxBytes)
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (fits(chunk)) done(null, chunk)
      else done(new Error(`a packet of more than ${maxBytes} bytes`))
    },
  })
  // pipe() ends the guard where the socket ends; where the socket breaks nobody would.
  socket.once('close', () => guard.end())
  return Duplex.from({ readable: socket.pipe(guard), writable: socket })
}
