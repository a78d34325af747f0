/**
 * A role's door for its own operator: a unix socket with the same messages as over MQTT, in canonical JSON, one JSON envelope a line:
 * `{"correlation": "1", "body": {"get": {}}}` is answered by `{"correlation": "1", "body": {…}}`. It works with the broker down.
 */
import { randomUUID } from 'node:crypto'
import { chmod, unlink } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { create, fromJson, type MessageName, toJson } from './codec.ts'
import { WeftError } from './errors.ts'
import type { Envelope, Messages } from './generated/weft.v1.ts'
import { answering, errorReply, type Handler, throwRefusal } from './serving.ts'
import type { ReplyName } from './session.ts'

/** Who calls over a unix socket: only root and the role's own user can open it. */
export const localClient = 'local'

/** A request may be long (a request with many files), but not without end. */
const maxLineBytes = 4 * 1024 * 1024

/**
 * A verb with many answers: emits replies until `signal` aborts (the caller went) or it returns. Returns false, at once and without
 * emitting, for a verb that has one answer.
 */
export type Stream<Q extends MessageName, A extends ReplyName> = (
  message: Messages[Q],
  emit: (reply: Messages[A]) => void,
  signal: AbortSignal,
) => Promise<boolean>

export interface LocalServer {
  readonly path: string
  /** Stops listening and ends what is connected. Idempotent. */
  close(): Promise<void>
}

const lineOf = <A extends ReplyName>(reply: A, message: Messages[A], correlation: string): string =>
  `${JSON.stringify({ correlation, body: toJson(reply, message) })}\n`

/** Splits what a socket sends into lines, bounded; throws message.too-large. */
async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = ''
  socket.setEncoding('utf8')
  for await (const chunk of socket as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
    if (rest.length > maxLineBytes)
      throw new WeftError('message.too-large', `a line is longer than ${maxLineBytes} bytes`)
  }
  if (rest !== '') yield rest
}

/** Listens at `path` (mode 0600), in place of a dead socket there. Errors: EADDRINUSE where another process answers at it. */
export const serveLocal = async <Q extends MessageName, A extends ReplyName>(
  path: string,
  request: Q,
  reply: A,
  handle: Handler<Q, A>,
  stream?: Stream<Q, A>,
): Promise<LocalServer> => {
  const answer = answering(reply, handle)
  const sockets = new Set<Socket>()

  const serveLine = async (line: string, socket: Socket, signal: AbortSignal): Promise<void> => {
    const emit = (message: Messages[A], correlation: string) => {
      if (socket.writable) socket.write(lineOf(reply, message, correlation))
    }
    let correlation = ''
    try {
      const { envelope, message } = readLine(request, line)
      correlation = envelope.correlation
      const streamed = await stream?.(message, (one) => emit(one, correlation), signal)
      if (!streamed) emit(await answer(message, localClient, envelope), correlation)
    } catch (error) {
      emit(errorReply(reply, error), correlation)
    }
  }

  const serveSocket = async (socket: Socket): Promise<void> => {
    const gone = new AbortController()
    const pending: Promise<void>[] = []
    sockets.add(socket)
    socket.on('close', () => {
      sockets.delete(socket)
      gone.abort()
    })
    try {
      for await (const line of linesOf(socket)) {
        if (line.trim() !== '') pending.push(serveLine(line, socket, gone.signal))
      }
      // Whether the caller only ended its side or went cannot be told: what has one answer is still answered, streams end.
      gone.abort()
      await Promise.all(pending)
    } catch (error) {
      if (socket.writable) socket.write(lineOf(reply, errorReply(reply, error), ''))
    }
    socket.end()
  }

  // A client may end its side after the request (`echo … | socat`): the answer must still go out.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    void serveSocket(socket)
  })
  await removeDeadSocket(path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve())
  })
  await chmod(path, 0o600)
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** sizeof(sun_path) - 1, unix(7). */
const maxPathBytes = 107

export const removeDeadSocket = async (path: string): Promise<void> => {
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw new Error(`${path} is too long for a unix socket: at most ${maxPathBytes} bytes`)
  }
  const alive = await new Promise<boolean>((resolve) => {
    const probe = createConnection(path)
    probe.on('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', () => resolve(false))
  })
  if (alive) throw Object.assign(new Error(`another process serves ${path}`), { code: 'EADDRINUSE' })
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

const readLine = <N extends MessageName>(name: N, line: string): { envelope: Envelope; message: Messages[N] } => {
  let json: { body?: unknown } | null
  try {
    json = JSON.parse(line) as { body?: unknown } | null
  } catch (cause) {
    throw new WeftError('message.malformed', `the line is no JSON: ${(cause as Error).message}`)
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new WeftError('message.malformed', 'the line is no JSON object', {
      hint: '{"correlation": "1", "body": {…}}',
    })
  }
  const { body = {}, ...fields } = json
  return { envelope: fromJson('Envelope', fields), message: fromJson(name, body) }
}

/**
 * Every reply to one request over a role's socket: one for most verbs, without end for a stream until `signal` aborts.
 * Throws call.unreachable where nobody listens, call.timeout where no first reply comes in time, and the reply's own error
 * (an AggregateError where it has several).
 */
export async function* streamLocal<Q extends MessageName, A extends ReplyName>(
  path: string,
  request: Q,
  message: Messages[Q],
  reply: A,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): AsyncGenerator<Messages[A]> {
  const { timeoutMs = 60_000, signal } = options
  const socket = await connectLocal(path)
  const correlation = randomUUID()
  const deadlineUnixMs = Date.now() + timeoutMs
  const header = toJson('Envelope', create('Envelope', { correlation, deadlineUnixMs })) as Record<string, unknown>
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    socket.destroy()
  }, timeoutMs)
  const abort = () => socket.destroy()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    socket.write(`${JSON.stringify({ ...header, body: toJson(request, message) })}\n`)
    for await (const line of linesOf(socket)) {
      clearTimeout(timer)
      const { message: answer } = readLine(reply, line)
      throwRefusal(answer)
      yield answer
    }
  } catch (error) {
    if (timedOut) throw new WeftError('call.timeout', `no answer at ${path} within ${timeoutMs} ms`)
    // A socket destroyed by our own signal ends the stream; anything else is the caller's to know.
    if (!signal?.aborted) throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    socket.destroy()
  }
}

/** The one reply to a request over a role's socket. Throws as streamLocal does. */
export const callLocal = async <Q extends MessageName, A extends ReplyName>(
  path: string,
  request: Q,
  message: Messages[Q],
  reply: A,
  options: { readonly timeoutMs?: number } = {},
): Promise<Messages[A]> => {
  for await (const answer of streamLocal(path, request, message, reply, options)) return answer
  throw new WeftError('call.unreachable', `${path} closed the connection without an answer`)
}

const connectLocal = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      socket.on('error', () => socket.destroy())
      resolve(socket)
    })
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new WeftError('call.unreachable', `nobody serves ${path}: ${cause.code ?? cause.message}`, {
          cause,
          hint: 'is the role running, and is this its socket?',
        }),
      )
    })
  })
