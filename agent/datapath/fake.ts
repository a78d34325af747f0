/**
 * A data path that is a Map: for tests of the agent and for fake hosts. It keeps the driver's contract (plan is pure, a
 * right link has no step, one that waits for a vif has a step without operations), makes nothing and fails only when it is told to.
 */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import { directionsOf } from './counters.ts'
import type { DatapathDriver, LinkSpec, LinkStep, ObservedLink, Snapshot } from './driver.ts'

/** A link as the fake holds it. */
export interface FakeLink {
  readonly spec: LinkSpec
  /** Vifs that were there when it was built or last changed. */
  readonly joined: readonly string[]
}

interface FakeSnapshot extends Snapshot {
  readonly held: ReadonlyMap<string, FakeLink>
  readonly present: (vif: string) => boolean
}

/** What one step does: holds the spec with the vifs named, or drops the link. */
interface FakeOperation {
  readonly key: string
  readonly hold: FakeLink | undefined
}

export interface FakeDatapath extends DatapathDriver {
  /** What stands, by `vnet/link`. */
  readonly held: ReadonlyMap<string, FakeLink>
  /** Only these vifs are there from now on (all are, at first); watchers are called. */
  setVifs(vifs: readonly string[]): void
  /** Steps of this link fail with datapath.failed until it is named no more: `failOn()` ends it. */
  failOn(...links: readonly string[]): void
  /** Removes a link behind the agent's back; watchers are called. */
  disturb(vnet: string, link: string): void
}

const keyOf = (vnet: string, link: string): string => `${vnet}/${link}`

const checkSpec = (spec: LinkSpec): void => {
  const joined = spec.link.ends.length + spec.link.segments.length + (spec.nic === '' ? 0 : 1)
  if (joined === 2 && spec.vifs.length === spec.link.ends.length) return
  throw new WeftError('slice.invalid', `link ${spec.link.id} joins ${joined} things, not two`, {
    object: `link/${spec.link.id}`,
  })
}

const observe = (key: string, { spec }: FakeLink): ObservedLink => {
  const tunnels = spec.link.segments.map((segment) => `wt-${spec.link.id}-${segment.identifier}`)
  return { vnet: key.slice(0, key.lastIndexOf('/')), id: spec.link.id, interfaces: [`wb-${spec.link.id}`, ...tunnels] }
}

const planOne = (spec: LinkSpec, { held, present }: FakeSnapshot): LinkStep | undefined => {
  checkSpec(spec)
  const key = keyOf(spec.vnet, spec.link.id)
  const before = held.get(key)
  const hold: FakeLink = { spec, joined: spec.vifs.filter(present) }
  const waitsFor = spec.vifs.filter((vif) => !present(vif))
  const right = before !== undefined && JSON.stringify(before) === JSON.stringify(hold)
  if (right && waitsFor.length === 0) return undefined
  const reason = before === undefined ? 'the link is not there' : 'the link differs'
  return {
    vnet: spec.vnet,
    link: spec.link.id,
    action: before === undefined ? 'add' : 'change',
    reasons: [...(right ? [] : [reason]), ...waitsFor.map((vif) => `${vif} is not there yet`)],
    operations: right ? [] : [{ key, hold } satisfies FakeOperation],
    waitsFor,
  }
}

export const fakeDatapath = (name: 'bridge' | 'click' = 'bridge'): FakeDatapath => {
  const held = new Map<string, FakeLink>()
  const watchers = new Set<(vnet: string) => void>()
  let vifs: ReadonlySet<string> | undefined
  let failing: ReadonlySet<string> = new Set()
  const call = (vnet: string): void => {
    for (const watcher of watchers) queueMicrotask(() => watchers.has(watcher) && watcher(vnet))
  }

  return {
    name,
    held,
    probe: async () => ({ name, technologies: ['vxlan'], unavailable: '' }),

    snapshot: async (): Promise<FakeSnapshot> => {
      const now = new Map(held)
      const there = vifs
      return {
        links: [...now].map(([key, link]) => observe(key, link)),
        held: now,
        present: (vif) => there === undefined || there.has(vif),
      }
    },

    plan: (vnet, specs, snapshot) => {
      const seen = snapshot as FakeSnapshot
      const wanted = new Set(specs.map((spec) => keyOf(spec.vnet, spec.link.id)))
      const gone = seen.links.filter((link) => link.vnet === vnet && !wanted.has(keyOf(vnet, link.id)))
      const removals = gone.map(
        (link): LinkStep => ({
          vnet,
          link: link.id,
          action: 'remove',
          reasons: ['the link is wanted no more'],
          operations: [{ key: keyOf(vnet, link.id), hold: undefined } satisfies FakeOperation],
          waitsFor: [],
        }),
      )
      return [...removals, ...specs.flatMap((spec) => planOne(spec, seen) ?? [])]
    },

    apply: async (step) => {
      if (failing.has(step.link)) {
        throw new WeftError('datapath.failed', `link ${step.link} was told to fail`, { object: `link/${step.link}` })
      }
      for (const { key, hold } of step.operations as readonly FakeOperation[]) {
        if (hold === undefined) held.delete(key)
        else held.set(key, hold)
      }
      call(step.vnet)
    },

    watch: async (changed) => {
      watchers.add(changed)
    },

    counters: async (spec) => {
      if (!held.has(keyOf(spec.vnet, spec.link.id))) return undefined
      const directions = directionsOf(spec, () => true).map(({ from, to }) => ({ from: from.name, to: to.name }))
      return create('LinkCounters', { datapath: name, directions })
    },

    useOwn: async (vnet, node, index, { handler, write }) => {
      const links = [...held].filter(([key]) => key.startsWith(`${vnet}/`)).map(([, { spec }]) => spec)
      const own = links.flatMap(({ link, interfaces }) =>
        link.ends.flatMap((end, i) => (end.node === node && end.interface === index ? (interfaces[i] ?? []) : [])),
      )[0]
      if (!own?.click) return undefined
      const handlers = [{ name: handler || 'c.count', value: write ?? '0' }]
      return { text: own.click, state: 'running', handlers }
    },

    close: async () => watchers.clear(),

    setVifs: (there) => {
      vifs = new Set(there)
      for (const vnet of new Set([...held.values()].map((link) => link.spec.vnet))) call(vnet)
    },
    failOn: (...links) => {
      failing = new Set(links)
    },
    disturb: (vnet, link) => {
      if (held.delete(keyOf(vnet, link))) call(vnet)
    },
  }
}
