/** What a PIP keeps of hosts that are gone: deaths, what dead hosts may still have of VNets that are no more, and boots. */
import { plainKind } from '../../store/store.ts'
import type { AllocatedSegment } from '../segments.ts'

/** A host that is taken for dead. Its row goes once it is back. */
export interface DeathRow {
  readonly host: string
  /** 'fencing': it may still run; nothing that it carries is made elsewhere. 'fenced': it is off, or was. */
  readonly state: 'fencing' | 'fenced'
  /** Who says that it is off. */
  readonly by: 'command' | 'operator'
  /** The boot that it was in; '' where it was not seen. */
  readonly bootId: string
  readonly sinceUnixMs: number
  /** 0 before. */
  readonly fencedUnixMs: number
}

export const deathKind = plainKind<DeathRow>('death')

/**
 * What a dead host may still have of a VNet that is gone for everybody else. The host is told so as long as it has not reported gone, and nobody
 * is given the numbers.
 */
export interface Tombstone {
  readonly host: string
  readonly vnet: string
  /** Of the slice that says that nothing shall be left. */
  readonly generation: number
  readonly segments: readonly AllocatedSegment[]
  readonly macs: readonly string[]
}

export const tombstoneKind = plainKind<Tombstone>('tombstone')

export const tombstoneKey = ({ host, vnet }: Pick<Tombstone, 'host' | 'vnet'>): string => `${host}/${vnet}`

/** By host, the boot in which it may run all that its slices say: what was decided while it was away is in them. */
export const bootKind = plainKind<string>('boot')
