/** What a PIP keeps of each VNet and each reservation, and how it is stored. */
import { fromJson, type MessageName, toJson } from '../../proto/codec.ts'
import type { Messages, Recovery, Slice, Timing, VNetRequest } from '../../proto/generated/weft.v1.ts'
import { type EmbeddingJson, embeddingFromJson, embeddingToJson } from '../mapping/json.ts'
import type { Embedding, Usage } from '../mapping/mapping.ts'
import { type Kind, plainKind } from '../store/store.ts'
import type { Allocation } from './allocate.ts'
import { type UsageJson, usageFromJson, usageToJson } from './holdings.ts'
import type { AllocatedSegment } from './segments.ts'

/** One version of a VNet's part, decided down to what each host is told. */
export interface Version {
  /** As the VNP asked for it. */
  readonly part: VNetRequest
  readonly embedding: Embedding
  readonly allocation: Allocation
  /** By host; generation and epoch are set where they are published. */
  readonly slices: ReadonlyMap<string, Slice>
}

/** What earlier versions took and hosts may still have: not given to others before all hosts reported the present one. */
export interface Held {
  readonly usage: Usage
  readonly segments: readonly AllocatedSegment[]
}

export interface VNetRow {
  /** With its operator's name, for instance "alice.shop". */
  readonly vnet: string
  /** The VNP that made it and alone may touch it. */
  readonly client: string
  readonly generation: number
  readonly version: Version
  readonly removing: boolean
  /** Hosts that are told `absent` and have not reported gone. */
  readonly leaving: ReadonlySet<string>
  readonly held: Held | undefined
  /** Id of the reservation that was committed last: a repeated commit is known by it. */
  readonly reservation: string
  readonly timings: readonly Timing[]
  /** What was made again elsewhere as its host had died; of a node the last time. Missing in what earlier versions stored. */
  readonly recoveries?: readonly Recovery[]
  /** Nodes that their hosts may start by themselves, whatever they were told since, until all hosts reported the present version. */
  readonly bound?: readonly string[]
}

export interface ReservationRow {
  readonly id: string
  readonly client: string
  readonly vnet: string
  readonly version: Version
  /** Runs from the answer, and anew from a restart: clocks need not agree. */
  readonly leaseMs: number
  readonly timings: readonly Timing[]
}

const message = <N extends MessageName>(name: N) => ({
  to: (value: Messages[N]): unknown => toJson(name, value),
  from: (json: unknown): Messages[N] => fromJson(name, json),
})
const requests = message('VNetRequest')
const slices = message('Slice')

interface VersionJson {
  readonly part: unknown
  readonly embedding: EmbeddingJson
  readonly allocation: { readonly request: unknown; readonly segments: readonly AllocatedSegment[] }
  readonly slices: Readonly<Record<string, unknown>>
}

/** Versions written last, as JSON: each is written again when it is committed, and when it stands. */
const written = new Map<Version, VersionJson>()
const mostWritten = 256

const versionToJson = (version: Version): VersionJson => {
  const json = written.get(version) ?? jsonOf(version)
  written.delete(version)
  written.set(version, json)
  const [oldest] = written.size > mostWritten ? written.keys() : []
  if (oldest) written.delete(oldest)
  return json
}

const jsonOf = ({ part, embedding, allocation, slices: ofHosts }: Version): VersionJson => ({
  part: requests.to(part),
  embedding: embeddingToJson(embedding),
  allocation: { request: requests.to(allocation.request), segments: allocation.segments },
  slices: Object.fromEntries([...ofHosts].map(([host, slice]) => [host, slices.to(slice)])),
})

const versionFromJson = (json: VersionJson): Version => ({
  part: requests.from(json.part),
  embedding: embeddingFromJson(json.embedding),
  allocation: { request: requests.from(json.allocation.request), segments: json.allocation.segments },
  slices: new Map(Object.entries(json.slices).map(([host, slice]) => [host, slices.from(slice)])),
})

interface HeldJson {
  readonly usage: UsageJson
  readonly segments?: readonly AllocatedSegment[]
  /** VNIs: what versions before stored in place of segments. */
  readonly identifiers?: readonly number[]
}

const heldFromJson = ({ usage, segments, identifiers = [] }: HeldJson): Held => ({
  usage: usageFromJson(usage),
  segments:
    segments ?? identifiers.map((identifier) => ({ link: '', from: '', to: '', technology: 'vxlan', identifier })),
})

type VNetRowJson = Omit<VNetRow, 'version' | 'leaving' | 'held'> & {
  readonly version: VersionJson
  readonly leaving: readonly string[]
  readonly held?: HeldJson
}

export const vnetKind: Kind<VNetRow> = {
  name: 'vnet',
  toJson: ({ held, ...row }): VNetRowJson => ({
    ...row,
    version: versionToJson(row.version),
    leaving: [...row.leaving],
    ...(held ? { held: { usage: usageToJson(held.usage), segments: held.segments } } : {}),
  }),
  fromJson: (value) => {
    const { held, ...json } = value as VNetRowJson
    return {
      ...json,
      version: versionFromJson(json.version),
      leaving: new Set(json.leaving),
      held: held && heldFromJson(held),
    }
  },
}

type ReservationRowJson = Omit<ReservationRow, 'version'> & { readonly version: VersionJson }

export const reservationKind: Kind<ReservationRow> = {
  name: 'reservation',
  toJson: (row): ReservationRowJson => ({ ...row, version: versionToJson(row.version) }),
  fromJson: (value) => {
    const json = value as ReservationRowJson
    return { ...json, version: versionFromJson(json.version) }
  },
}

/** Under 'floor': the highest generation of any VNet that was removed. Hosts may remember it: a new VNet starts above. */
export const generationKind = plainKind<number>('generation')
