/** What a thread that maps is asked, and what it answers. */
import type { WireError } from '../../proto/errors.ts'
import type { Explanation, VNetRequest } from '../../proto/generated/weft.v1.ts'
import type { Embedding, Picture, SubstrateGraph, Usage } from '../mapping/mapping.ts'
import type { Standing } from '../mapping/standing.ts'
import type { UsageChange } from './usage-change.ts'

/** Pictures whose substrate the thread keeps: those of the providers that were asked about last. */
export const mostPictures = 4

/** A picture, told as what is other since the last one of the same substrate. */
export interface PictureTask {
  readonly substrate: number
  /** Of a substrate that is new to the thread. */
  readonly graph?: SubstrateGraph
  /** Substrates that are asked about no more. */
  readonly forget: readonly number[]
  readonly change: UsageChange
  readonly excluded: Picture['excluded']
}

export interface MapAsked {
  readonly kind: 'map'
  readonly standing: Standing | undefined
  readonly part: VNetRequest
}

/** Why a VNet is where it is (`standing`), or could not be anywhere (`part`). */
export interface ExplainAsked {
  readonly kind: 'explain'
  /** Name of the PIP. */
  readonly provider: string
  readonly vnet: string
  /** With what the VNet itself takes. */
  readonly usage: Usage
  readonly budgetMs: number
  readonly of: { readonly standing: Standing } | { readonly part: VNetRequest }
}

export type Asked = MapAsked | ExplainAsked

export interface Task {
  readonly id: number
  readonly picture: PictureTask
  readonly asked: Asked
}

export type Result = Embedding | Explanation

export type Answer =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly error: WireError }
