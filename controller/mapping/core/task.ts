/**
 * What the core of the mapping works on: a substrate and a request as numbers, nothing of names or of the wire. Pure values
 * in, a pure value out; equal input gives equal output as long as no clock ends the search.
 */

/** A substrate's shape. A link l is two arcs, 2l from its end a to its end b and 2l + 1 back; `arc ^ 1` is the other direction. */
export interface Net {
  /** Number of nodes. */
  readonly size: number
  /** Arcs that leave node n: arcs[first[n]] up to, without, arcs[first[n + 1]]. */
  readonly first: Int32Array
  readonly arcs: Int32Array
  /** Node that an arc leads to. */
  readonly head: Int32Array
  /** By link, in microseconds. */
  readonly delay: Float64Array
}

export interface TaskNode {
  /** What it takes of its host, by resource. */
  readonly needs: readonly number[]
  /** Nodes of the substrate that it may be on, ascending. */
  readonly hosts: Int32Array
  /** By node of the substrate: what being there adds to the cost. */
  readonly prefer?: Float64Array
}

export interface TaskLink {
  /** Nodes of the task, by index. */
  readonly a: number
  readonly b: number
  /** Rate from a to b, and back, in the unit of the task's `rates`. */
  readonly forward: number
  readonly backward: number
  /** What each hop costs; above 0. */
  readonly weight: number
  /** Greatest delay in microseconds; Infinity: any. */
  readonly delay: number
  /** By node: 1 where a path may lead through it (its two ends need not be). Missing: through all. */
  readonly passable?: Uint8Array
  /** By link of the substrate: 1 where a path may lead over it. Missing: over all. */
  readonly usable?: Uint8Array
  /** By node: 1 where a path may end, on the side of a and of b. Missing: anywhere. */
  readonly endsA?: Uint8Array
  readonly endsB?: Uint8Array
  /** Arcs of the path before, from the host of a to that of b: kept where it still holds. */
  readonly before?: readonly number[]
}

export interface Task {
  readonly net: Net
  /** What is free, by resource, then by node of the substrate. */
  readonly room: readonly Float64Array[]
  /** What is free, by arc. */
  readonly rates: Float64Array
  readonly nodes: readonly TaskNode[]
  readonly links: readonly TaskLink[]
  /** Most nodes of the task on one host; 1: hosts all different. */
  readonly perHost: number
  /** Pairs of nodes that may not share a host. */
  readonly apart?: readonly (readonly [number, number])[]
  /** Hosts by node that have room for all of them: something to begin from, where few others have. */
  readonly start?: Int32Array
}

export interface Budget {
  /** Work for a request of middling size, in shortest-path trees of the whole net (arcs and nodes looked at); solve.ts gives some of the large ones more. */
  readonly trees: number
  /** A clock in milliseconds and when to stop by it; without them the count of trees alone ends the search. */
  readonly now?: () => number
  readonly deadlineMs?: number
}

/** Where everything goes. */
export interface Found {
  readonly found: true
  /** Host by node. */
  readonly hosts: Int32Array
  /** Arcs by link, from the host of a to the host of b; none within a host. */
  readonly paths: readonly (readonly number[])[]
  /** Sum of weight times hops, and of what the hosts add. */
  readonly cost: number
  /** No mapping costs less than this: where it equals the cost, that is proven to be the least. */
  readonly bound: number
  /** Work done. */
  readonly trees: number
}

export interface NotFound {
  readonly found: false
  readonly trees: number
}

export type Outcome = Found | NotFound
