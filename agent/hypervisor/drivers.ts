/** The hypervisors that this agent can drive, by the name that requests give them. */
import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { AgentConfig } from '../config.ts'
import type { ImageStore } from '../images/store.ts'
import type { HypervisorDriver } from './driver.ts'
import { fakeHypervisor } from './fake/memory.ts'
import { fakeNamespaces } from './fake/namespaces.ts'
import { bootTimeoutMs } from './guest/boot.ts'
import { lxcHypervisor } from './lxc/lxc.ts'
import { accelerationTrial } from './qemu/acceleration.ts'
import { hasRun, qemuHypervisor } from './qemu/qemu.ts'
import { isDom0 } from './xen/dom0.ts'
import { guestTypes } from './xen/guest-type.ts'
import { xenHypervisor } from './xen/xen.ts'

export interface HypervisorOptions {
  readonly config: AgentConfig['hypervisors']
  readonly stateDir: string
  readonly images: ImageStore
  readonly log: Logger
}

/** Of libvirtd's 20 workers (max_workers, libvirtd.conf); the others are for looks and for whoever else asks. */
const mostParallelContainers = 16

/**
 * Starting a container is work for a CPU and waiting for libvirt in turn: two for each CPU keep it busy. Measured with two busy CPUs, in milliseconds a
 * container, best of four: one at a time 339, two 316, three 275, four 240, six 269, eight 255.
 */
export const parallelContainers = (cpus = availableParallelism()): number => Math.min(mostParallelContainers, 2 * cpus)

/** A guest that boots keeps a CPU busy by itself. */
const parallelGuests = (cpus = availableParallelism()): number => Math.max(2, cpus)

/** One by the name of each processor that does it. */
const virtualMachines = (name: 'qemu' | 'kvm', { config, stateDir, images, log }: HypervisorOptions) => {
  const { qemu } = config
  if (!qemu || !(qemu.isNamed || hasRun()) || (name === 'kvm' && !qemu.kvm)) return undefined
  const trial = accelerationTrial({ images })
  return qemuHypervisor({
    name,
    uri: qemu.uri,
    stateDir,
    images,
    parallel: parallelGuests(),
    bootTimeoutMs,
    trial,
    log,
  })
}

/** undefined where the host is configured to go without. */
const makers = {
  lxc: ({ config, stateDir, images, log }: HypervisorOptions): HypervisorDriver | undefined =>
    config.lxc && lxcHypervisor({ uri: config.lxc.uri, stateDir, images, parallel: parallelContainers(), log }),
  qemu: (options: HypervisorOptions): HypervisorDriver | undefined => virtualMachines('qemu', options),
  kvm: (options: HypervisorOptions): HypervisorDriver | undefined => virtualMachines('kvm', options),
  xen: ({ config: { xen }, stateDir, images, log }: HypervisorOptions): HypervisorDriver | undefined =>
    xen &&
    (xen.isNamed || isDom0()
      ? xenHypervisor({
          uri: xen.uri,
          stateDir,
          images,
          types: guestTypes.filter((type) => xen.guests === 'any' || type === xen.guests),
          parallel: parallelGuests(),
          bootTimeoutMs,
          log,
        })
      : undefined),
  fake: ({ config, stateDir }: HypervisorOptions): HypervisorDriver | undefined =>
    config.fake && (config.fake.namespaces ? fakeNamespaces({ stateDir }) : fakeHypervisor()),
} as const

export const openHypervisors = (options: HypervisorOptions): readonly HypervisorDriver[] =>
  Object.values(makers).flatMap((make) => make(options) ?? [])
