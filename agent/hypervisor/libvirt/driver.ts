/** The driver interface around what a hypervisor behind libvirt does its own way: errors with a code and an object, and nodes in hand kept from looks. */
import type { HypervisorDriver, Inside } from '../driver.ts'
import { openPtyConsole } from './console.ts'
import { named } from './failure.ts'
import type { LibvirtNodes } from './nodes.ts'
import type { Details } from './observe.ts'

/** The calls as a hypervisor does them; they may throw libvirt's own errors and the disk's. */
export interface LibvirtCalls extends Pick<HypervisorDriver, 'name' | 'parallel' | 'start' | 'configure' | 'remove'> {
  readonly details: Details
  readonly exec: Inside['exec']
  /** Where the pseudo-terminal that libvirt names is not all. */
  readonly console?: Inside['console']
  /** Where more than a connection is needed. */
  readonly probe?: HypervisorDriver['probe']
}

export const libvirtDriver = (nodes: LibvirtNodes, calls: LibvirtCalls): HypervisorDriver => {
  const { held } = nodes
  const ptyConsole: Inside['console'] = async (vnet, node) => {
    const { domain } = await nodes.running(vnet, node)
    return openPtyConsole(await nodes.libvirt.get(), domain.uuid, node)
  }
  const { name, parallel, details, start, configure, remove, exec } = calls
  const { probe = nodes.probe, console = ptyConsole } = calls
  return {
    name,
    parallel,
    probe,
    observe: () => nodes.observe(details),
    start: (spec, from) => {
      const { id } = spec.node
      const work = held(spec.vnet, id, () => start(spec, from))
      return named('start', id, work)
    },
    configure: (spec) => named('configuration', spec.node.id, configure(spec)),
    remove: (vnet, node) => {
      const work = held(vnet, node, () => remove(vnet, node))
      return named('removal', node, work)
    },
    inside: {
      exec: (vnet, node, argv, timeoutMs) => named('exec', node, exec(vnet, node, argv, timeoutMs)),
      console: (vnet, node) => named('console', node, console(vnet, node)),
    },
    watch: nodes.watch,
    close: nodes.close,
  }
}
