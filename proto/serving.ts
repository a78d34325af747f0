/** How a call is answered, the same on MQTT and on a unix socket: errors, deadlines, idempotency keys. */
import { create, type Init, type MessageName } from './codec.ts'
import { fromWireError, toWireError, WeftError } from './errors.ts'
import type { Envelope, Messages } from './generated/weft.v1.ts'
import type { ReplyName } from './session.ts'

export type Handler<Q extends MessageName, A extends ReplyName> = (
  message: Messages[Q],
  client: string,
) => Promise<Messages[A]>

/** Answers remembered for repeated idempotency keys; the oldest is forgotten first. */
const rememberedAnswers = 1000

export const errorReply = <A extends ReplyName>(reply: A, thrown: unknown): Messages[A] =>
  create(reply, { error: toWireError(thrown) } as Init<Messages[A]>)

/** Throws the error of a reply, if it has one; with further ones of the same input an AggregateError of all, as answerers throw it. */
export const throwRefusal = (answer: Messages[ReplyName]): void => {
  if (!answer.error) return
  const more = 'moreErrors' in answer ? answer.moreErrors : []
  const first = fromWireError(answer.error)
  throw more.length === 0 ? first : new AggregateError([first, ...more.map(fromWireError)], first.message)
}

/**
 * Wraps a handler: never rejects, refuses what is past its deadline, and answers a client's repeated idempotency key with the
 * first answer, also while that is still being worked out.
 */
export const answering = <Q extends MessageName, A extends ReplyName>(reply: A, handle: Handler<Q, A>) => {
  const answers = new Map<string, Promise<Messages[A]>>()
  const serve = async (message: Messages[Q], client: string): Promise<Messages[A]> => {
    try {
      return await handle(message, client)
    } catch (thrown) {
      return errorReply(reply, thrown)
    }
  }
  return async (message: Messages[Q], client: string, envelope: Envelope): Promise<Messages[A]> => {
    if (envelope.deadlineUnixMs !== 0 && envelope.deadlineUnixMs < Date.now()) {
      return errorReply(
        reply,
        new WeftError('message.expired', `the deadline passed ${Date.now() - envelope.deadlineUnixMs} ms ago`),
      )
    }
    if (envelope.idempotencyKey === '') return serve(message, client)
    const key = `${client}\n${envelope.idempotencyKey}`
    const known = answers.get(key)
    if (known) return known
    const answer = serve(message, client)
    answers.set(key, answer)
    for (const oldest of answers.keys()) {
      if (answers.size <= rememberedAnswers) break
      answers.delete(oldest)
    }
    return answer
  }
}
