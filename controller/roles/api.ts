/** The northbound calls of a role: one function a verb, the same over MQTT and over the local socket. */
import { create, encode, type Init } from '../../proto/codec.ts'
import { maxPayloadBytes } from '../../proto/envelope.ts'
import { toWireError, WeftError } from '../../proto/errors.ts'
import type { ApiReply, ApiRequest, VNetState } from '../../proto/generated/weft.v1.ts'
import { localClient } from '../../proto/local.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'

export type Verb = keyof ApiRequest

/** What a role serves: each throws a WeftError, or an AggregateError of them where the input has several. */
export type Verbs = {
  readonly [V in Verb]?: (body: NonNullable<ApiRequest[V]>, client: string) => Promise<Init<ApiReply>>
}

const verbOf = (request: ApiRequest): readonly [Verb, unknown] => {
  const set = Object.entries(request).filter(([, body]) => body !== undefined)
  const [first] = set
  if (!first || set.length > 1) {
    throw new WeftError('message.malformed', `a request has one verb, this one has ${set.length}`)
  }
  return first as [Verb, unknown]
}

const refusal = (thrown: unknown): ApiReply => {
  if (!(thrown instanceof AggregateError) || thrown.errors.length === 0) throw thrown
  const [error, ...moreErrors] = thrown.errors.map(toWireError)
  return create('ApiReply', { error, moreErrors })
}

/** Handles a request for `role` ("the VNP vnp1"). A refused input with several errors answers them all. */
export const answerVerbs =
  (role: string, verbs: Verbs) =>
  async (request: ApiRequest, client: string): Promise<ApiReply> => {
    const [verb, body] = verbOf(request)
    const handle = verbs[verb] as ((body: unknown, client: string) => Promise<Init<ApiReply>>) | undefined
    if (!handle) {
      throw new WeftError('verb.unsupported', `${role} does not serve "${verb}" here`, {
        hint: `it serves ${Object.keys(verbs).join(', ')}`,
      })
    }
    try {
      return create('ApiReply', await handle(body, client))
    } catch (thrown) {
      return refusal(thrown)
    }
  }

/**
 * Serves a domain's northbound calls. Who calls is who the topic says, which the broker's access list binds; nobody on a broker is the
 * operator at the local socket.
 */
export const serveVerbs = async (session: Session, domain: string, role: string, verbs: Verbs): Promise<void> => {
  const answer = answerVerbs(role, verbs)
  await session.serve(
    topics.apiRequest(domain, '+'),
    'ApiRequest',
    'ApiReply',
    (client) => topics.apiReply(domain, client),
    async (request, client) => {
      if (client === localClient) throw new WeftError('owner.denied', `no client of a broker may be called ${client}`)
      return fitReply(await answer(request, client))
    },
  )
}

/** JSON takes more room than the binary form, and the envelope some. */
const roomBytes = maxPayloadBytes / 2

const withoutRequest = ({ request: _, ...state }: VNetState): VNetState => state

/** A state that one message can carry: where it is too large, without the request, which its operator has. */
export const fitState = (state: VNetState): VNetState =>
  encode('VNetState', state).byteLength > roomBytes ? withoutRequest(state) : state

/** The same for a reply. */
export const fitReply = (reply: ApiReply): ApiReply => {
  if (encode('ApiReply', reply).byteLength <= roomBytes) return reply
  return {
    ...reply,
    ...(reply.vnet ? { vnet: withoutRequest(reply.vnet) } : {}),
    ...(reply.vnets ? { vnets: { vnets: reply.vnets.vnets.map(withoutRequest) } } : {}),
  }
}
