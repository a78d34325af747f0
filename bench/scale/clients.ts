/** Clients of the PIP, as VNPs are: they have VNets reserved, committed and removed, and see what becomes of them. */
import { create, type Init } from '../../proto/codec.ts'
import type { ApiReply, ApiRequest, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { connectSession } from '../../proto/mqtt-session.ts'
import { topics } from '../../proto/topics.ts'

const domain = 'pip1'

/** Five nodes in a ring. */
export const objectsPerVNet = 10

const ringOf = (name: string): VNetRequest =>
  create('VNetRequest', {
    name,
    prefix: '10.1.0.0/24',
    nodes: Array.from({ length: 5 }, (_, node) => ({
      id: `r${node}`,
      hypervisor: 'fake',
      cpu: { count: 1, quotaMillis: 100 },
      memoryBytes: 2 ** 28,
      interfaces: [{ index: 0 }, { index: 1 }],
    })),
    links: Array.from({ length: 5 }, (_, node) => ({
      id: `l${node}`,
      a: { node: `r${node}`, interface: 1 },
      b: { node: `r${(node + 1) % 5}`, interface: 0 },
      rateAToBBitsPerSecond: 1e6,
      rateBToABitsPerSecond: 1e6,
    })),
  })

export interface Client {
  /** Reserved and committed; gives the milliseconds until the reservation was answered. */
  make(): Promise<number>
  /** The oldest of its VNets. */
  remove(): Promise<void>
  /** Until what was made is ready, and what was removed is gone. */
  settled(): Promise<void>
  readonly vnets: number
  close(): Promise<void>
}

export const createClient = async (url: string, identity: string): Promise<Client> => {
  const session = connectSession({ url, identity })
  const wanted: string[] = []
  const pending = new Map<string, 'ready' | 'gone'>()
  let onSettled: (() => void) | undefined
  let count = 0
  await session.subscribe(topics.apiVNet(domain, identity, '+'), 'VNetState', (state, { topic: { vnet = '' } }) => {
    const phase = state?.phase ?? 'PHASE_GONE'
    const awaited = pending.get(vnet)
    if (awaited === 'ready' ? phase === 'PHASE_READY' : phase === 'PHASE_GONE') pending.delete(vnet)
    if (pending.size === 0) onSettled?.()
  })
  const call = async (request: Init<ApiRequest>): Promise<ApiReply> =>
    session.call(
      topics.apiRequest(domain, identity),
      'ApiRequest',
      create('ApiRequest', request),
      topics.apiReply(domain, identity),
      'ApiReply',
      { timeoutMs: 300_000 },
    )
  return {
    make: async () => {
      const name = `${identity}.net${count++}`
      const started = performance.now()
      await call({ reserve: { reservation: name, part: ringOf(name), leaseMs: 600_000 } })
      const reservedMs = performance.now() - started
      pending.set(name, 'ready')
      await call({ commit: { reservation: name } })
      wanted.push(name)
      return reservedMs
    },
    remove: async () => {
      const name = wanted.shift()
      if (name === undefined) throw new Error('there is no VNet to remove')
      pending.set(name, 'gone')
      await call({ delete: { vnet: name } })
    },
    settled: () =>
      new Promise((resolve) => {
        onSettled = resolve
        if (pending.size === 0) resolve()
      }),
    get vnets() {
      return wanted.length
    },
    close: () => session.close(),
  }
}
