/** Runs of the paper's VNet in one lab, each way in turns, so that all meet the same busy moments of the machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseKinds } from '../../lab/kinds.ts'
import { type Stack, type StackOptions, startStack } from '../../lab/stack.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { removeByWeft } from '../vnet/weft.ts'
import { type Instantiation, instantiate } from './instantiate.ts'
import type { Hypervisor, PaperOptions } from './options.ts'
import { requestFor, type Way, ways } from './ways.ts'

export interface PaperResults {
  readonly hypervisor: Hypervisor
  readonly nodes: number
  readonly links: number
  readonly hosts: number
  /** The very first, with everything cold: in no table. */
  readonly first: Instantiation
  readonly runs: Readonly<Record<Way, readonly Instantiation[]>>
}

/** The kernel takes down at leisure what was removed; the next run shall not pay for it. */
const pauseMs = 1000

const stackFor = ({ hypervisor, hosts }: PaperOptions): Promise<Stack> => {
  const options: Readonly<Record<Hypervisor, StackOptions>> = {
    lxc: {},
    qemu: { drivers: ['qemu'] },
    kvm: { drivers: ['qemu'] },
    xen: { kinds: parseKinds('xen') },
  }
  return startStack({ hosts, ...options[hypervisor] })
}

export const measurePaper = async (
  request: VNetRequest,
  options: PaperOptions,
  onProgress: (what: string) => void,
): Promise<PaperResults> => {
  const { hypervisor, hosts, runs: count } = options
  onProgress(`starting a lab of ${hosts} hosts`)
  const stack = await stackFor(options)
  try {
    const once = async (way: Way): Promise<Instantiation> => {
      const asked = requestFor(request, hypervisor)
      await sleep(pauseMs)
      const done = await instantiate(stack, asked)
      onProgress(`${way}: ${done.seconds.toFixed(2)} s`)
      await sleep(pauseMs)
      await removeByWeft(stack, asked.name)
      return done
    }
    const first = await once('on-demand')
    const runs: Record<Way, Instantiation[]> = { 'on-demand': [] }
    for (let round = 0; round < count; round++) {
      for (const way of ways) runs[way].push(await once(way))
    }
    return { hypervisor, nodes: request.nodes.length, links: request.links.length, hosts, first, runs }
  } finally {
    await stack.down()
  }
}
