/** The hypervisors that this agent can drive, by the name that requests give them. Later: qemu, xen. */
import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { AgentConfig } from '../config.ts'
import type { ImageStore } from '../images/store.ts'
import type { HypervisorDriver } from './driver.ts'
import { fakeHypervisor } from './fake/memory.ts'
import { fakeNamespaces } from './fake/namespaces.ts'
import { lxcHypervisor } from './lxc/lxc.ts'

export interface HypervisorOptions {
  readonly config: AgentConfig['hypervisors']
  readonly stateDir: string
  readonly images: ImageStore
  readonly log: Logger
}

/**
 * Starting a container is work for a CPU and waiting for libvirt in turn: two for each CPU keep it busy. libvirtd does five calls of one
 * client at a time (max_client_requests): one has to stay free for looking.
 */
export const parallelContainers = (): number => Math.min(4, 2 * availableParallelism())

/** undefined where the host is configured to go without. */
const makers = {
  lxc: ({ config, stateDir, images, log }: HypervisorOptions): HypervisorDriver | undefined =>
    config.lxc && lxcHypervisor({ uri: config.lxc.uri, stateDir, images, parallel: parallelContainers(), log }),
  fake: ({ config, stateDir }: HypervisorOptions): HypervisorDriver | undefined =>
    config.fake && (config.fake.namespaces ? fakeNamespaces({ stateDir }) : fakeHypervisor()),
} as const

export const openHypervisors = (options: HypervisorOptions): readonly HypervisorDriver[] =>
  Object.values(makers).flatMap((make) => make(options) ?? [])
