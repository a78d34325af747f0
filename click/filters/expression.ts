/** A filter as it was understood: combinations of primitives. `normalize.ts` makes terms of it. */
import type { Field } from './words.ts'

/** `one`: src or dst. `both`: src and dst. */
export type Direction = 'source' | 'destination' | 'one' | 'both'

export type Relation = 'equal' | 'above'

/**
 * Comparisons but `==` and `!=` are for numbers alone. `negated` with `equal` is `!=`, with `above` it is `<=`. A mask of 0 with `equal`
 * is always so: a comparison with a number that the field cannot reach.
 */
interface Comparison {
  readonly relation: Relation
  readonly negated: boolean
}

export type Primitive =
  /** `src host 10.0.0.1`, `net 10.0.0.0/8` */
  | {
      readonly kind: 'host'
      readonly direction: Direction
      readonly address: number
      readonly mask: number
      readonly negated: boolean
    }
  /** `ether host`; six bytes each */
  | {
      readonly kind: 'ether'
      readonly direction: Direction
      readonly address: readonly number[]
      readonly mask: readonly number[]
      readonly negated: boolean
    }
  /** `ip proto udp`; tcpOrUdp and anyTransport of arguments/names.ts are protocols here. */
  | ({ readonly kind: 'protocol'; readonly value: number; readonly mask: number } & Comparison)
  | ({
      readonly kind: 'port'
      readonly direction: Direction
      readonly protocol: number
      readonly value: number
      readonly mask: number
    } & Comparison)
  /** All of these flags are set. */
  | { readonly kind: 'tcp option'; readonly flags: number }
  | { readonly kind: 'fragment'; readonly negated: boolean }
  /** `ip ttl < 2`, `tcp[13] & 2 != 0`; value and mask count from the field's own lowest bit. */
  | ({
      readonly kind: 'field'
      readonly field: Field
      /** Which transport protocol the packet must be of. */
      readonly protocol: number | undefined
      readonly value: number
      readonly mask: number
    } & Comparison)

export type Expression =
  | { readonly kind: 'primitive'; readonly primitive: Primitive }
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Expression[] }
  | {
      readonly kind: 'choose'
      readonly condition: Expression
      readonly then: Expression
      readonly otherwise: Expression
    }
