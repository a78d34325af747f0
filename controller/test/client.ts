/** A client of a PIP or a VNP by its wire alone, as another VNP or VNO would be. */
import { create, type Init } from '../../proto/codec.ts'
import type { ApiReply, ApiRequest } from '../../proto/generated/weft.v1.ts'
import { topics } from '../../proto/topics.ts'
import type { MemorySession } from './memory-session.ts'
import type { World } from './world.ts'

export interface Client {
  readonly session: MemorySession
  /** Throws the reply's error, as every caller of the wire sees it. */
  ask(request: Init<ApiRequest>, timeoutMs?: number): Promise<ApiReply>
}

export const createClient = (world: World, identity: string, domain: string): Client => {
  const session = world.broker.connect({ url: 'memory:', identity })
  return {
    session,
    ask: (request, timeoutMs = 30_000) =>
      world.settled(
        session.call(
          topics.apiRequest(domain, identity),
          'ApiRequest',
          create('ApiRequest', request),
          topics.apiReply(domain, identity),
          'ApiReply',
          { timeoutMs },
        ),
      ),
  }
}
