/**
 * The interface of the embedding of a VNet on a substrate: pure values in, a pure value out, no I/O. The caller keeps what is
 * reserved (ledger.ts) and passes it in.
 */

import type { WeftError } from '../../proto/errors.ts'
import type { SubstrateLink, SubstrateNode, VNetRequest } from '../../proto/generated/weft.v1.ts'

/** A substrate with what can be given of it: capacities after declared limits and inventories, before reservations. */
export interface SubstrateGraph {
  readonly nodes: readonly SubstrateNode[]
  readonly links: readonly SubstrateLink[]
  /** By id of the link, the technologies whose segments can run over it; a link that is missing carries all. */
  readonly carried?: ReadonlyMap<string, ReadonlySet<string>>
}

/** What is taken of a substrate, by id. Missing: nothing is. */
export interface Usage {
  readonly cpuMillis: ReadonlyMap<string, number>
  readonly memoryBytes: ReadonlyMap<string, number>
  readonly diskBytes: ReadonlyMap<string, number>
  /** Dedicated physical interfaces that are given away, as `host/nic`. */
  readonly nics: ReadonlySet<string>
  /** Bits per second by `link/ab` and `link/ba`: a substrate link carries each direction by itself. */
  readonly rateBitsPerSecond: ReadonlyMap<string, number>
  /** Of the nodes that a host keeps idle, as `host/shape`: how many are not to be had. */
  readonly pools: ReadonlyMap<string, number>
}

/** All that a mapping is made by. */
export interface Picture {
  readonly graph: SubstrateGraph
  readonly usage: Usage
  /** Hosts that take no new node and relay nothing: their agents are away. */
  readonly excluded: ReadonlySet<string>
}

/** Where a virtual link runs: substrate nodes from the host of end a to the host of end b, and the links between them. */
export interface MappedPath {
  readonly nodes: readonly string[]
  readonly links: readonly string[]
}

export interface Embedding {
  /** Virtual node to host. */
  readonly hosts: ReadonlyMap<string, string>
  /** Virtual node to its hypervisor: the one asked for, or the one chosen where the request said "any". */
  readonly hypervisors: ReadonlyMap<string, string>
  /** Physical interfaces given, by `node.index`. */
  readonly nics: ReadonlyMap<string, string>
  readonly paths: ReadonlyMap<string, MappedPath>
  /** Virtual nodes that are taken from a pool, to the shape that they have then. */
  readonly pools: ReadonlyMap<string, string>
  /** Sum of CPU (thousandths) and of rate times hops (kbit/s). */
  readonly cost: number
}

export type EmbeddingResult =
  | { readonly outcome: 'mapped'; readonly embedding: Embedding }
  /** `error` names the binding constraint, with code admission.never-fits or admission.not-now. */
  | { readonly outcome: 'refused'; readonly error: WeftError }

export interface EmbedOptions {
  /** Virtual nodes that must stay where they are (a change of a running VNet). */
  readonly fixed?: ReadonlyMap<string, string>
  /**
   * The embedding of the version before: a fixed node keeps its hypervisor and its physical interfaces, and a link between
   * nodes that did not move its path, where that still holds; so that a change touches only what was changed.
   */
  readonly previous?: Embedding
  /** Of the nodes that stay, those that were taken from a pool, with the shape: what they need is theirs. */
  readonly taken?: ReadonlyMap<string, string>
  /** Hosts that take no new node and relay nothing (gone, drained); nodes fixed there stay. */
  readonly excluded?: ReadonlySet<string>
  /** How long the search looks for something cheaper, in shortest-path trees of the substrate; missing: `defaultTreesOf` (core/solve.ts). */
  readonly trees?: number
  /**
   * Ends the search early, and the search for the reason of a refusal after as long again. Without it both are bounded by
   * steps, so that equal input gives equal output.
   */
  readonly budgetMs?: number
}

export type Embed = (
  graph: SubstrateGraph,
  usage: Usage,
  request: VNetRequest,
  options?: EmbedOptions,
) => EmbeddingResult
