/**
 * An instance of the embedding problem: a substrate, and requests that come and go. The form is that in which the literature's
 * settings are exchanged; fields beyond it (delay, location, hypervisors, NICs) are ours and may all be left out.
 */

export type Id = number | string

export interface InstanceHost {
  readonly id: Id
  readonly cpu: number
  /** Hierarchical name, as "eu/london". */
  readonly location?: string
  /** Missing: any. */
  readonly hypervisors?: readonly string[]
  /** Physical interfaces that may be given to one node each. */
  readonly nics?: number
}

export interface InstanceWire {
  readonly a: Id
  readonly b: Id
  /** Both directions share it. */
  readonly bw: number
  /** Missing: 0. */
  readonly delay?: number
}

export interface RequestNode {
  readonly id: Id
  readonly cpu: number
  /** Here or below. */
  readonly location?: string
  readonly hypervisor?: string
  /** Physical interfaces for itself. */
  readonly nics?: number
}

export interface RequestLink {
  readonly a: Id
  readonly b: Id
  readonly bw: number
  /** Greatest delay of its path; missing: any. */
  readonly delay?: number
}

export interface InstanceRequest {
  readonly id: Id
  readonly arrival: number
  readonly lifetime: number
  readonly nodes: readonly RequestNode[]
  readonly links: readonly RequestLink[]
}

export interface Instance {
  readonly substrate: { readonly nodes: readonly InstanceHost[]; readonly links: readonly InstanceWire[] }
  readonly requests: readonly InstanceRequest[]
}

/** Where a request went: the host of each node and the hosts along each link, in the order of the request's. */
export interface Solution {
  readonly host: readonly Id[]
  readonly paths: readonly (readonly Id[])[]
}

/** In the order of the requests; null: refused. */
export type Solutions = readonly (Solution | null)[]
