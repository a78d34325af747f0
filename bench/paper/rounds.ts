/** Runs of the paper's VNet in one lab, each way in turns, so that all meet the same busy moments of the machine. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UsageError } from '../../controller/cli/usage-error.ts'
import { guestMemoryBytes, parseKinds } from '../../lab/kinds.ts'
import { pipName, type Stack, type StackOptions, startStack } from '../../lab/stack.ts'
import { generateSubstrate } from '../../lab/substrates/generate.ts'
import type { VNetRequest } from '../../proto/generated/weft.v1.ts'
import { removeByWeft } from '../vnet/weft.ts'
import { type Instantiation, instantiate } from './instantiate.ts'
import type { Hypervisor, PaperOptions } from './options.ts'
import { poolsAreFull } from './pools.ts'
import { poolsText, requestFor, roomProblem, type Way, ways } from './ways.ts'

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
/** For the pools to be filled: guests of emulated Xen hosts boot in many minutes on a machine that does much else. */
const fillMs = 3_600_000

/** A lab whose PIP has idle nodes for one such VNet. */
const stackFor = async ({ hypervisor, hosts }: PaperOptions, request: VNetRequest): Promise<Stack> => {
  const options: Readonly<Record<Hypervisor, StackOptions>> = {
    lxc: {},
    qemu: { drivers: ['qemu'] },
    kvm: { drivers: ['qemu'] },
    xen: { kinds: parseKinds('xen') },
  }
  const substrate = generateSubstrate({
    name: pipName,
    hosts,
    memoryBytes: totalmem() / 2,
    ownMemoryBytes: () => (hypervisor === 'xen' ? guestMemoryBytes.xen : undefined),
  })
  const problem = hypervisor === 'xen' && roomProblem(request, hosts, guestMemoryBytes.xen ?? 0)
  if (problem) throw new UsageError(problem, 'more of them: --hosts')
  const directory = await mkdtemp(join(tmpdir(), 'weft-bench-'))
  try {
    const substrateFile = join(directory, 'substrate.yaml')
    await writeFile(substrateFile, `${substrate}${poolsText(request, hosts)}`)
    return await startStack({ substrateFile, ...options[hypervisor] })
  } finally {
    await rm(directory, { recursive: true })
  }
}

export const measurePaper = async (
  request: VNetRequest,
  options: PaperOptions,
  onProgress: (what: string) => void,
): Promise<PaperResults> => {
  const { hypervisor, hosts, runs: count } = options
  onProgress(`starting a lab of ${hosts} hosts`)
  const stack = await stackFor(options, requestFor(request, hypervisor, 'preallocated'))
  try {
    /** The last one goes with the lab: its idle nodes need not be made again. */
    let standing: string | undefined
    const once = async (way: Way): Promise<Instantiation> => {
      if (standing !== undefined) await removeByWeft(stack, standing)
      const asked = requestFor(request, hypervisor, way)
      await poolsAreFull(stack, fillMs)
      await sleep(pauseMs)
      const done = await instantiate(stack, asked, way === 'at-vnp' ? 'vnp' : 'pip')
      standing = asked.name
      onProgress(`${way}: ${done.seconds.toFixed(2)} s`)
      return done
    }
    const first = await once('on-demand')
    const runs: Record<Way, Instantiation[]> = { 'on-demand': [], 'at-vnp': [], preallocated: [] }
    for (let round = 0; round < count; round++) {
      for (const way of ways) runs[way].push(await once(way))
    }
    return { hypervisor, nodes: request.nodes.length, links: request.links.length, hosts, first, runs }
  } finally {
    await stack.down()
  }
}
