/**
 * Watches whether the networks between hosts carry packets as large as links' tunnels make them. The MTU of a link follows from the NICs at
 * both ends of its segments; what lies between says nothing of itself, and drops what is too large without a word: small packets pass, large ones vanish.
 *
 * A way is tried shortly after a link first goes by it, then now and then, once for all links that share it: while links are made their host has enough to do. What
 * is right stays known for as long when no link goes by it any more. A host that answers no echo is no problem: nothing
 * can be said of the way to it. Only technologies whose outer addresses are the hosts' own are tried (vxlan, gre).
 */
import { WeftError } from '../../proto/errors.ts'
import type { Segment, Slice } from '../../proto/generated/weft.v1.ts'
import { overheadBytes, technologyNamed } from '../../proto/technologies.ts'
import { defaultMtu } from '../defaults.ts'
import type { Verdict, Way } from './ping.ts'

export interface PathOptions {
  readonly tryWay: (way: Way) => Promise<Verdict>
  /** Something about a VNet is worth another look. */
  readonly changed: (vnet: string) => void
  /** Milliseconds until a way is tried again that is right, and one that is wrong. */
  readonly againMs?: { readonly right: number; readonly wrong: number }
  /** Milliseconds until a way is tried for the first time. */
  readonly firstMs?: number
  readonly now?: () => number
}

export interface PathKeeper {
  /** Problems that are known of a VNet's links, by link; what has not been tried is tried in the background. Idempotent. */
  look(vnet: string, slice: Slice | undefined): ReadonlyMap<string, WeftError>
  /** Nobody is called back any more. */
  close(): void
}

interface Kept {
  readonly way: Way
  verdict: Verdict | undefined
  triedAt: number
  /** VNets whose links go by it. */
  readonly vnets: Set<string>
}

const defaultFirstMs = 1000

/** At a time: an underlay is not to be flooded by those who ask about it. */
const parallel = 4

const wayOf = ({ technology, local, remote }: Segment, mtu: number): Way | undefined => {
  const known = technologyNamed(technology)
  const overhead = overheadBytes(technology, remote)
  if (known === undefined || overhead === undefined || local === '' || remote === '') return undefined
  // The outer addresses of the others are no host's: nobody answers for them.
  if (!known.crosses || known.needsTunnelPrefix) return undefined
  return { local, remote, bytes: mtu + overhead }
}

const keyOf = ({ local, remote, bytes }: Way): string => `${local} ${remote} ${bytes}`

export const pathKeeper = (options: PathOptions): PathKeeper => {
  const { tryWay, changed, againMs = { right: 600_000, wrong: 60_000 } } = options
  const { firstMs = defaultFirstMs, now = () => performance.now() } = options
  const ways = new Map<string, Kept>()
  const waiting: Kept[] = []
  const queued = new Set<Kept>()
  let running = 0
  let closed = false
  let begin: NodeJS.Timeout | undefined

  const pump = (): void => {
    begin = undefined
    while (!closed && running < parallel) {
      const kept = waiting.shift()
      if (kept === undefined) return
      running++
      void tryOne(kept)
    }
  }

  const tryOne = async (kept: Kept): Promise<void> => {
    const before = kept.verdict
    const verdict = await tryWay(kept.way).catch((): Verdict => 'silent')
    running--
    queued.delete(kept)
    kept.verdict = verdict
    kept.triedAt = now()
    if (!closed && (verdict === 'too large') !== (before === 'too large')) for (const vnet of kept.vnets) changed(vnet)
    pump()
  }

  const isDue = ({ verdict, triedAt }: Kept): boolean =>
    verdict === undefined || now() - triedAt >= (verdict === 'too large' ? againMs.wrong : againMs.right)

  const take = (vnet: string, way: Way): Kept => {
    const key = keyOf(way)
    const kept: Kept = ways.get(key) ?? { way, verdict: undefined, triedAt: 0, vnets: new Set() }
    ways.set(key, kept)
    kept.vnets.add(vnet)
    if (!queued.has(kept) && isDue(kept)) {
      queued.add(kept)
      waiting.push(kept)
    }
    return kept
  }

  return {
    look: (vnet, slice) => {
      const problems = new Map<string, WeftError>()
      const used = new Set<Kept>()
      for (const link of slice?.absent ? [] : (slice?.links ?? [])) {
        for (const segment of link.segments) {
          const way = wayOf(segment, link.mtu || defaultMtu)
          if (way === undefined) continue
          const kept = take(vnet, way)
          used.add(kept)
          if (kept.verdict === 'too large') problems.set(link.id, problemOf(link.id, segment, way))
        }
      }
      for (const [key, kept] of ways) {
        if (!used.has(kept)) kept.vnets.delete(vnet)
        const isOfUse = kept.vnets.size > 0 || queued.has(kept) || (kept.verdict === 'fits' && !isDue(kept))
        if (!isOfUse) ways.delete(key)
      }
      if (firstMs <= 0) pump()
      else if (waiting.length > 0) begin ??= setTimeout(pump, firstMs).unref()
      return problems
    },
    close: () => {
      closed = true
      clearTimeout(begin)
      waiting.length = 0
    },
  }
}

const problemOf = (link: string, { technology, peer }: Segment, { remote, bytes }: Way): WeftError =>
  new WeftError(
    'mtu.path-too-small',
    `packets of ${bytes} bytes, as link ${link} makes them by ${technology}, do not arrive at ${peer || 'the other host'} (${remote}): smaller ones do`,
    { object: `link/${link}`, hint: 'raise the MTU of the network between the hosts, or lower that of their NICs' },
  )
