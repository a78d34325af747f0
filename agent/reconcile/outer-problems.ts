/** What is wrong with objects of a VNet that no step can put right: ways to other hosts, and forwarding in Dom0. */
import type { WeftError } from '../../proto/errors.ts'
import type { Slice } from '../../proto/generated/weft.v1.ts'
import type { ForwardingKeeper } from '../forwarding/keeper.ts'
import { forwardingMode } from '../forwarding/text.ts'
import type { ObservedNode } from '../hypervisor/driver.ts'
import type { PathKeeper } from '../paths/keeper.ts'
import { asWeftError } from './plan-links.ts'

export interface OuterParts {
  /** Forwards in Dom0 for the nodes that ask for it; undefined: nobody does here. */
  readonly forwarding?: Pick<ForwardingKeeper, 'look'> | undefined
  /** Watches the ways to other hosts; undefined: nobody does here. */
  readonly paths?: Pick<PathKeeper, 'look'> | undefined
}

/** By object, as kind/name. */
type Problems = readonly (readonly [string, WeftError])[]

const pathProblems = ({ paths }: OuterParts, vnet: string, slice: Slice | undefined): Problems =>
  [...(paths?.look(vnet, slice) ?? [])].map(([link, error]) => [`link/${link}`, error])

const forwardingProblems = async (
  { forwarding }: OuterParts,
  vnet: string,
  slice: Slice | undefined,
  nodes: readonly ObservedNode[],
): Promise<Problems> => {
  try {
    const problems = await forwarding?.look(vnet, slice, nodes)
    return [...(problems ?? [])].map(([node, error]) => [`node/${node}`, error])
  } catch (error) {
    // Without its records it can tell of none whether it forwards: those who asked for it are told.
    const asked = slice?.nodes.filter((node) => node.forwarding === forwardingMode) ?? []
    return asked.map(({ id }) => [`node/${id}`, asWeftError(error)])
  }
}

export const outerProblems = async (
  parts: OuterParts,
  vnet: string,
  slice: Slice | undefined,
  nodes: readonly ObservedNode[],
): Promise<Problems> => [...pathProblems(parts, vnet, slice), ...(await forwardingProblems(parts, vnet, slice, nodes))]
