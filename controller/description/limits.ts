/** What a request may be at most, and how things in it are named. */
import { maxPayloadBytes } from '../../proto/envelope.ts'
import { technologyNames } from '../../proto/technologies.ts'

/** Of a request's file, and of a file that it takes in by `source`. */
export const maxFileBytes = 4 * 1024 * 1024
export const maxSourceBytes = 64 * 1024
export const maxNodes = 1000
export const maxLinks = 4000
/** Highest index of an interface, so that vifX.Y fits the kernel's 15 characters whatever the slot X. */
export const maxInterfaceIndex = 999
export const maxAddressesPerInterface = 16
/** Of an encoded VNetRequest: what a message may be, less 2 KiB for the call around it and its envelope. */
export const maxRequestBytes = maxPayloadBytes - 2048
/** Of what a link adds to the delay of its path: one minute. */
export const maxImpairmentDelayMicroseconds = 60_000_000
/** Errors of one request that are kept; the others are counted. */
export const maxErrors = 100

/** Of a VNet, a node and a link. */
export const namePattern = /^[a-z][a-z0-9-]{0,39}$/
export const nameRule = 'lower-case letters, digits and hyphens, at most 40, starting with a letter'

export const hypervisors = ['any', 'xen', 'kvm', 'qemu', 'lxc', 'fake'] as const
export const technologies = ['any', ...technologyNames] as const
export const allocations = ['on-demand', 'preallocated'] as const
export const restartPolicies = ['always', 'on-failure', 'never'] as const
export const recoveries = ['elsewhere', 'wait'] as const
export const forwardings = ['bridge', 'click'] as const
/** Of a node, where its interfaces have one of `forwardings`. */
export const nodeForwardings = ['guest', 'host'] as const
export const physicals = ['dedicated', 'shared'] as const
/** How a VNet's nodes are laid over hosts, the default first. */
export const placements = ['spread', 'distinct', 'packed'] as const
export const affinityKinds = ['together', 'apart'] as const
export const maxAffinities = 1000
/** Either way from 0. */
export const maxPriority = 1000
