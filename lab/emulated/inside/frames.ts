/**
 * How a command in an emulated host is run from outside, over one TCP connection: the caller sends one line of JSON, then what the command reads; it is
 * answered in frames.
 */

/** First line of a connection. Either a command, or a signal for one that runs. */
export interface Call {
  /** Chosen by the caller; signals name it. */
  readonly id: string
  readonly argv?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  readonly signal?: NodeJS.Signals
}

export const frameKinds = { stdout: 1, stderr: 2, end: 3 } as const
export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds]

export interface Frame {
  readonly kind: FrameKind
  /** Of the end: the exit status as text, as a shell counts. */
  readonly payload: Buffer
}

const headerBytes = 5

/** Kind (1 byte), length of the payload (4 bytes, most significant first), payload. */
export const encodeFrame = (kind: FrameKind, payload: Buffer): Buffer => {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt8(kind, 0)
  header.writeUInt32BE(payload.length, 1)
  return Buffer.concat([header, payload])
}

/** Takes what a connection gives, piece by piece, and gives the frames that are whole. */
export const frameReader = (): ((piece: Buffer) => readonly Frame[]) => {
  let rest: Buffer = Buffer.alloc(0)
  return (piece) => {
    rest = Buffer.concat([rest, piece])
    const frames: Frame[] = []
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(1)
      if (rest.length < end) break
      frames.push({ kind: rest.readUInt8(0) as FrameKind, payload: rest.subarray(headerBytes, end) })
      rest = rest.subarray(end)
    }
    return frames
  }
}
