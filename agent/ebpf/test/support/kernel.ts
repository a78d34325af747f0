/** What tests that load programs share. */
import { makeNamespace, type TestNamespace } from '../../../../native/test/support/network.ts'
import { openRoute, type RouteSocket } from '../../../netlink/route.ts'
import { exit, mov, type Program, r0 } from '../../asm/asm.ts'
import { type Feature, missing } from '../../features.ts'
import { type BpfMap, createMap } from '../../map.ts'
import type { MapSpec } from '../../map-spec.ts'
import { type BpfProgram, type LoadOptions, loadProgram, type ProgramSpec } from '../../program.ts'

interface Teardown {
  teardown(run: () => unknown): void
}

/** A reason to skip: the first feature that the kernel lacks, and why. */
export const lacking = (...features: readonly Feature[]): string | false =>
  (['bpf', ...features] as const).map((feature) => missing(feature)?.message).find((problem) => problem) ?? false

/** TC_ACT_* and XDP_* */
export const verdict = { ok: 0, shot: 2, xdpDrop: 1, xdpPass: 2 } as const

/** A program that only returns. */
export const returns = (value: number): Program => [mov(r0, value), exit()]

export const makeMap = (t: Teardown, spec: Partial<MapSpec> = {}): BpfMap => {
  const map = createMap({ name: 'values', kind: 'array', keyBytes: 4, valueBytes: 8, entries: 4, ...spec })
  t.teardown(() => map.close())
  return map
}

export const load = (
  t: Teardown,
  spec: Omit<ProgramSpec, 'name'> & { name?: string },
  options: LoadOptions = {},
): BpfProgram => {
  const program = loadProgram({ name: 'weft_test', ...spec }, options)
  t.teardown(() => program.close())
  return program
}

/** `w0` (10.0.0.1) and `w1`, the ends of a veth pair in a namespace of their own; 10.0.0.2 is a neighbour behind w1 that nobody is. */
export interface Pair {
  readonly namespace: TestNamespace
  readonly route: RouteSocket
  /** Interface indexes. */
  readonly w0: number
  readonly w1: number
  /** Raises both ends: from then on they count packets. */
  up(): Promise<void>
  /** Packets that w0 has sent. */
  sent(): Promise<number>
}

export const makePair = async (t: Teardown): Promise<Pair> => {
  const namespace = await makeNamespace()
  const route = openRoute({ namespace: namespace.path })
  t.teardown(async () => {
    route.close()
    await namespace.release()
  })
  await route.addLink({
    name: 'w0',
    mac: '02:00:00:00:00:01',
    info: { kind: 'veth', peer: { name: 'w1', mac: '02:00:00:00:00:02' } },
  })
  const index = async (name: string): Promise<number> => {
    const link = await route.link(name)
    if (!link) throw new Error(`no ${name}`)
    return link.index
  }
  const [w0, w1] = [await index('w0'), await index('w1')]
  return {
    namespace,
    route,
    w0,
    w1,
    up: async () => {
      // No link-local addresses: what is sent is what the test sends.
      await route.setLink('w0', { addressGeneration: 1 })
      await route.setLink('w1', { addressGeneration: 1 })
      await route.setLink('w0', { up: true })
      await route.setLink('w1', { up: true })
      await route.addAddress(w0, '10.0.0.1/24')
      await route.addNeighbour(w0, '10.0.0.2', '02:00:00:00:00:02')
    },
    sent: async () =>
      (await route.links({ counters: true })).find(({ name }) => name === 'w0')?.counters?.transmitPackets ?? 0,
  }
}
