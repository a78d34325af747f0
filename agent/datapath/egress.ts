/**
 * What is done to the frames that leave an interface, all of one direction of a link: a ceiling (tbf), an impairment (netem), or both. Then the bucket
 * hangs in netem: what is lost or waits on purpose has no part in the rate.
 */
import type { Impairment } from '../../proto/generated/weft.v1.ts'
import type { Request } from '../netlink/socket/request.ts'
import { handle, majorOf, parent } from '../netlink/traffic/handle.ts'
import type { Netem } from '../netlink/traffic/netem.ts'
import { deleteQdisc, type Qdisc, replaceQdisc } from '../netlink/traffic/qdisc.ts'
import type { Tbf } from '../netlink/traffic/tbf.ts'
import { bucketOf, bytesPerSecond, sameBucket } from './rates.ts'

export interface Egress {
  readonly bucket: Tbf | undefined
  readonly netem: Netem | undefined
}

export const plainEgress: Egress = { bucket: undefined, netem: undefined }

/** 'we'. */
const netemHandle = handle(0x7765)
const netemClass = handle(0x7765, 1)
/** Bits per second that are taken for what waits where a direction has no rate. */
const unlimited = 10e9
/** Of frames that wait: smaller than most, so that the queue's bound is never what loses them. */
const smallFrame = 256

/** Of a rate in bits per second, 0 for none. */
export const egressOf = (bitsPerSecond: number, impairment: Impairment | undefined, mtu: number): Egress => ({
  bucket: bitsPerSecond === 0 ? undefined : bucketOf(bitsPerSecond, mtu),
  netem: impairment && isImpaired(impairment) ? netemOf(impairment, bitsPerSecond) : undefined,
})

export const isImpaired = (impairment: Impairment | undefined): boolean =>
  impairment !== undefined && Object.values(impairment).some((value) => value !== 0)

const netemOf = (impairment: Impairment, bitsPerSecond: number): Netem => {
  const seconds = (impairment.delayMicroseconds + impairment.jitterMicroseconds) / 1e6
  const waiting = (seconds * bytesPerSecond(bitsPerSecond || unlimited)) / smallFrame
  return { kind: 'netem', ...impairment, limitPackets: 1000 + Math.ceil(waiting) }
}

/** What an interface has, from its disciplines; undefined where somebody gave it a root of another kind. */
export const foundEgress = (qdiscs: readonly Qdisc[]): Egress | undefined => {
  // One without a handle is the kernel's own choice.
  const root = qdiscs.find((qdisc) => qdisc.parent === parent.root && majorOf(qdisc.handle) !== 0)
  if (root === undefined) return plainEgress
  if (root.options.kind === 'tbf') return { bucket: root.options, netem: undefined }
  if (root.options.kind !== 'netem' || root.handle !== netemHandle) return undefined
  const within = qdiscs.find((qdisc) => qdisc.parent === netemClass)?.options
  return { bucket: within?.kind === 'tbf' ? within : undefined, netem: root.options }
}

const sameNetem = (a: Netem | undefined, b: Netem | undefined): boolean =>
  a === undefined || b === undefined
    ? a === b
    : near(a.delayMicroseconds, b.delayMicroseconds) &&
      near(a.jitterMicroseconds, b.jitterMicroseconds) &&
      near(a.lossMillionths, b.lossMillionths) &&
      near(a.duplicateMillionths, b.duplicateMillionths) &&
      near(a.reorderMillionths, b.reorderMillionths) &&
      a.limitPackets === b.limitPackets

/** The kernel keeps shares of 2^32 and times in nanoseconds. */
const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1

export const sameEgress = (a: Egress | undefined, b: Egress): boolean =>
  a !== undefined &&
  (a.bucket === undefined || b.bucket === undefined ? a.bucket === b.bucket : sameBucket(a.bucket, b.bucket)) &&
  sameNetem(a.netem, b.netem)

/** "1000000 bit/s", "delay 10 ms, loss 1 %": for people. */
export const describeEgress = ({ bucket, netem }: Egress): string =>
  [
    ...(bucket === undefined ? [] : [`${bucket.bytesPerSecond * 8} bit/s`]),
    ...(netem === undefined ? [] : describeNetem(netem)),
  ].join(', ') || 'no limit'

const describeNetem = (netem: Netem): readonly string[] =>
  (
    [
      ['delay', netem.delayMicroseconds / 1000, 'ms'],
      ['jitter', netem.jitterMicroseconds / 1000, 'ms'],
      ['loss', netem.lossMillionths / 1e4, '%'],
      ['duplicates', netem.duplicateMillionths / 1e4, '%'],
      ['reordering', netem.reorderMillionths / 1e4, '%'],
    ] as const
  ).flatMap(([name, value, unit]) => (value === 0 ? [] : [`${name} ${value} ${unit}`]))

/**
 * What makes it so. Of what stays of the same kind nothing that waits is lost. Removals are answered with ENOENT or EINVAL where nothing is there.
 * ENOENT for netem says that the kernel has none.
 */
export const egressRequests = (index: number, from: Egress | undefined, to: Egress): readonly Request[] => {
  const { bucket, netem } = to
  if (netem === undefined) {
    if (bucket === undefined) return [deleteQdisc(index, parent.root)]
    return [replaceQdisc({ index, parent: parent.root, options: bucket })]
  }
  const hadInside = from?.netem !== undefined && from.bucket !== undefined
  return [
    replaceQdisc({ index, handle: netemHandle, parent: parent.root, options: netem }),
    ...(bucket === undefined ? [] : [replaceQdisc({ index, parent: netemClass, options: bucket })]),
    ...(bucket === undefined && hadInside ? [deleteQdisc(index, netemClass)] : []),
  ]
}
