/** The hypervisors that this agent can drive, by the name that requests give them. Later: qemu, xen. */
import type { Logger } from 'pino'
import type { AgentConfig } from '../config.ts'
import type { HypervisorDriver } from './driver.ts'
import { fakeHypervisor } from './fake/memory.ts'
import { fakeNamespaces } from './fake/namespaces.ts'
import { lxcHypervisor } from './lxc/lxc.ts'

export interface HypervisorOptions {
  readonly config: AgentConfig['hypervisors']
  readonly stateDir: string
  readonly imagesDirectory: string
  /** Nodes that are made or removed at a time. */
  readonly parallelNodes: number
  readonly log: Logger
}

/** undefined where the host is configured to go without. */
const makers = {
  lxc: ({ config, stateDir, imagesDirectory, parallelNodes, log }: HypervisorOptions): HypervisorDriver | undefined =>
    // Two threads more than nodes at a time: a look must not wait for a start to end.
    config.lxc && lxcHypervisor({ uri: config.lxc.uri, stateDir, imagesDirectory, threads: parallelNodes + 2, log }),
  fake: ({ config, stateDir }: HypervisorOptions): HypervisorDriver | undefined =>
    config.fake && (config.fake.namespaces ? fakeNamespaces({ stateDir }) : fakeHypervisor()),
} as const

export const openHypervisors = (options: HypervisorOptions): readonly HypervisorDriver[] =>
  Object.values(makers).flatMap((make) => make(options) ?? [])
