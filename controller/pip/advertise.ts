/**
 * What a PIP tells VNPs of its substrate (docs/discovery.md): the whole retained, changes as numbered deltas that are not, pages for who
 * missed one. A change is told at once; what is retained follows when it is quiet, so that a busy PIP does not publish all for each change.
 */
import { create, encode, type Init } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Advertisement, Substrate } from '../../proto/generated/weft.v1.ts'
import type { Session } from '../../proto/session.ts'
import { topics } from '../../proto/topics.ts'
import { type Advertised, advertisedOf } from '../advertisement/advertised.ts'
import type { Picture } from '../mapping/mapping.ts'
import type { Clock } from '../roles/clock.ts'
import { createCoalescer } from '../roles/coalesce.ts'
import { createPublisher } from '../roles/publisher.ts'

/** How much of its substrate a PIP advertises: nothing, or all that a mapping is made by. */
export const advertiseLevels = ['none', 'full'] as const
export type AdvertiseLevel = (typeof advertiseLevels)[number]

export interface AdvertiserOptions {
  readonly level: AdvertiseLevel
  readonly domain: string
  readonly epoch: number
  readonly session: Session
  readonly clock: Clock
  readonly substrate: Pick<Substrate, 'nodes' | 'links'>
  /** What a mapping would be made by now. */
  readonly picture: () => Picture
  readonly onError: (topic: string, error: unknown) => void
}

export interface Advertiser {
  /** The picture may be another now. */
  touch(): void
  /** Everything again; to be called after each connection. */
  republish(): void
  /** Throws verb.unsupported where nothing is advertised. */
  page(from: number): Advertisement
  close(): void
}

/** A burst of changes is one. */
const delayMs = 20
const retainMs = 1000
/** Of a page, and of what is retained: the envelope has room beside it, and JSON in a reply takes more. */
const pageBytes = 48 * 1024
const retainedBytes = 112 * 1024

const silent: Advertiser = {
  touch: () => undefined,
  republish: () => undefined,
  page: () => {
    throw new WeftError('verb.unsupported', 'this PIP advertises nothing of its substrate', {
      hint: 'ask it for offers',
    })
  },
  close: () => undefined,
}

export const createAdvertiser = (options: AdvertiserOptions): Advertiser => {
  const { level, domain, epoch, session, clock, substrate, picture, onError } = options
  const topic = topics.advertisement(domain)
  if (level === 'none') {
    // An earlier process may have advertised.
    session.clear(topic).catch((error: unknown) => onError(topic, error))
    return silent
  }
  const publisher = createPublisher({ session, name: 'Advertisement', epoch, mirror: false, onError })
  let current: Advertised = { nodes: new Map(), links: new Map() }
  /** What each node and link was as bytes. */
  let known: ReadonlyMap<string, Buffer> = new Map()
  let number = 0

  const message = (init: Init<Advertisement>): Advertisement => create('Advertisement', { epoch, number, ...init })
  const bytesOf = ({ nodes, links }: Advertised): ReadonlyMap<string, Buffer> =>
    new Map([
      ...[...nodes].map(([id, one]) => [`node/${id}`, Buffer.from(encode('AdvertisedNode', one))] as const),
      ...[...links].map(([id, one]) => [`link/${id}`, Buffer.from(encode('AdvertisedLink', one))] as const),
    ])

  const update = (): void => {
    const next = advertisedOf(substrate, picture())
    const bytes = bytesOf(next)
    const isOther = (key: string): boolean => !known.get(key)?.equals(bytes.get(key) ?? Buffer.alloc(0))
    const nodes = [...next.nodes].filter(([id]) => isOther(`node/${id}`)).map(([, one]) => one)
    const links = [...next.links].filter(([id]) => isOther(`link/${id}`)).map(([, one]) => one)
    const isFirst = number === 0
    ;[current, known] = [next, bytes]
    if (!isFirst && nodes.length === 0 && links.length === 0) return
    number += 1
    let delta = message({ nodes, links })
    if (encode('Advertisement', delta).byteLength > retainedBytes) {
      // Too much for one message: who hears of the number after it asks for the whole.
      number += 1
      delta = message({})
    }
    if (!isFirst && session.connected) {
      session.publish(topic, 'Advertisement', delta, { epoch }).catch((error: unknown) => onError(topic, error))
    }
    retained.touch('')
  }

  const retain = (): void => {
    const whole = message({ whole: true, nodes: [...current.nodes.values()], links: [...current.links.values()] })
    publisher.set(topic, encode('Advertisement', whole).byteLength > retainedBytes ? message({}) : whole)
  }

  const updates = createCoalescer(clock, delayMs, update)
  const retained = createCoalescer(clock, retainMs, retain)
  update()
  retain()

  return {
    touch: () => updates.touch(''),
    republish: publisher.republish,
    page: (from) => {
      // Who asks was told by a refusal, or by a gap, that he is behind.
      if (from === 0) update()
      const nodes = [...current.nodes.values()]
      const links = [...current.links.values()]
      const sizes = [...known.values()].map(({ byteLength }) => byteLength)
      let to = from
      for (let bytes = 0; to < sizes.length && (to === from || bytes + (sizes[to] as number) <= pageBytes); to++) {
        bytes += sizes[to] as number
      }
      return message({
        whole: true,
        nodes: nodes.slice(from, to),
        links: links.slice(Math.max(0, from - nodes.length), Math.max(0, to - nodes.length)),
        next: to < sizes.length ? to : 0,
      })
    },
    close: () => {
      updates.close()
      retained.close()
    },
  }
}
