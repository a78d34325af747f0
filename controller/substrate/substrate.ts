/**
 * A PIP's substrate as its operator declares it in a file: hosts, switches that the PIP controls, fabrics that it does not
 * (routed networks between hosts), and the links between them.
 */
import type { HostInventory, Image, Substrate } from '../../proto/generated/weft.v1.ts'
import type { Fencing } from './fencing.ts'

/** What a file declares. Limits of hosts are 0 where the file gives none: what the inventory says. */
export interface DeclaredSubstrate extends Substrate {
  /** How many CPUs may be reserved for each one that a host has; 1: none beyond. */
  readonly cpuOvercommit: number
  /** How dear a new VNet may be (admission/thrift.ts); undefined: whatever fits is taken. */
  readonly thrift?: number | undefined
  /** The catalogue of images that its hosts fetch; a name is of one image. */
  readonly images: readonly Image[]
  /** undefined: hosts are taken for dead only where the operator knows that they are off. */
  readonly fencing?: Fencing | undefined
  /** file:line of each declaration, by "node/ID", "link/ID", "image/NAME" and "pool/NAME". */
  readonly positions: ReadonlyMap<string, string>
}

/** By name of the host. */
export type Inventories = ReadonlyMap<string, HostInventory>
