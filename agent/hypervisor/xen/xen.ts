/**
 * Xen guests, PV and PVH, by libvirt's Xen driver: started from a kernel, or by GRUB from a layer over a disk, on vifs that libxl makes and our own
 * vif script names, configured by the guest agent in them over a second console, or by a seed where they have none. HVM guests are not driven.
 */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { LibvirtConnection } from '../../../native/libvirt.ts'
import { WeftError } from '../../../proto/errors.ts'
import { readBootId } from '../../boot-id.ts'
import type { OpenImage } from '../../images/image.ts'
import type { ImageStore } from '../../images/store.ts'
import { withUndo } from '../../undo.ts'
import { configurationDigest } from '../digest.ts'
import type { HypervisorDriver, IdleNode, Inside, NodeSpec } from '../driver.ts'
import { type GuestAgent, guestAgent } from '../guest/agent.ts'
import { waitForGuest } from '../guest/boot.ts'
import { execInGuest } from '../guest/exec.ts'
import { guestInterfaces, tellGuest } from '../guest/tell.ts'
import { isRunning, type MarkedDomain, unless } from '../libvirt/domains.ts'
import { libvirtDriver } from '../libvirt/driver.ts'
import { freeVifs } from '../libvirt/free-vifs.ts'
import { libvirtNodes } from '../libvirt/nodes.ts'
import { redefine } from '../libvirt/redefine.ts'
import { configurationOf, readReleased, withdrawReleased, writeReleased } from '../libvirt/released.ts'
import { dressTaken, takeInterfaces, takeNode } from '../libvirt/take.ts'
import { inRun } from '../libvirt/taken.ts'
import { isPool } from '../pool-key.ts'
import { prepareBoot } from '../qemu/boot.ts'
import type { Boot } from '../qemu/domain-xml.ts'
import { machineDetails } from '../qemu/observe.ts'
import { dressVifs, onlyInterfaces, vifName } from '../vifs.ts'
import { socketChannel } from './agent-channel.ts'
import { channelPath, domainXml, interfacesIn, interfaceXml } from './domain-xml.ts'
import { chooseType, type GuestType, hostTypes, kernelTypes } from './guest-type.ts'
import { loaderTypes } from './loader.ts'
import { setScheduling } from './scheduler.ts'
import { writeVifScript } from './vif-script.ts'

export interface XenOptions {
  /** For instance xen:///system. */
  readonly uri: string
  readonly stateDir: string
  readonly images: Pick<ImageStore, 'open' | 'release'>
  /** Kinds of guests that may be made. */
  readonly types: readonly GuestType[]
  /** Nodes that are made or removed at a time. */
  readonly parallel: number
  /** Until a guest's agent answers; a guest that takes longer never boots. */
  readonly bootTimeoutMs: number
  readonly log: Logger
}

/** Of a node that names no image. */
const fallbackImage = 'tiny'

/** Flag of virDomainAttachDevice and the like: the running domain alone; its definition is redefine.ts's. */
const live = 1

/**
 * Whether the guest is told what it is by the agent in it. A kernel of the host's own directory is taken to have one; a disk has to be said to: what is
 * in stock ones listens at virtio's port, which Xen's guests do not have.
 */
const isTold = (image: OpenImage): boolean => image.guestAgent || (image.kind === 'kernel' && image.digest === '')

export const xenHypervisor = (options: XenOptions): HypervisorDriver => {
  const name = 'xen'
  const { uri, stateDir, images, parallel, bootTimeoutMs, log } = options
  const nodes = libvirtNodes({ name, uri, directory: join(stateDir, 'machines', name), parallel, log })
  const { libvirt, directories, route } = nodes
  const bootId = readBootId()
  const vifScript = join(stateDir, 'xen', 'vif')

  const agentOf = (vnet: string, node: string): GuestAgent =>
    guestAgent(
      socketChannel(async () => {
        const { domain } = await nodes.running(vnet, node)
        const path = channelPath(await (await libvirt.get()).xml(domain.uuid))
        if (path !== undefined) return path
        const object = `node/${node}`
        throw new WeftError('verb.unsupported', `node ${node} has no channel of a guest agent`, { object })
      }, node),
    )

  const comeUp = (vnet: string, node: string): Promise<void> =>
    waitForGuest(agentOf(vnet, node), node, { timeoutMs: bootTimeoutMs })

  const definitionOf = async (
    connection: LibvirtConnection,
    spec: NodeSpec,
    boot: Boot,
    hasGuestAgent: boolean,
  ): Promise<string> => {
    const { id } = spec.node
    const started = boot.kind === 'kernel' ? kernelTypes(boot.kernel) : loaderTypes(id)
    const [capabilities, startable] = await Promise.all([connection.capabilities(), started])
    const type = chooseType(id, options.types, hostTypes(capabilities), startable)
    return domainXml({ ...spec, boot, type, hasGuestAgent, vifScript })
  }

  /** A guest that reboots is shut off for a moment before libvirt starts it again: who starts it then waits for that, and is refused. */
  const startUnlessUp = async (
    connection: LibvirtConnection,
    uuid: string,
    { vnet, node }: NodeSpec,
  ): Promise<void> => {
    try {
      await connection.start(uuid)
    } catch (error) {
      const found = await nodes.find(vnet, node.id)
      if (!found || !isRunning(found.domain)) throw error
    }
  }

  const take = async (spec: NodeSpec, from: IdleNode): Promise<boolean> => {
    const isTaken = await takeNode(nodes, spec, from, {
      bootId: await bootId,
      releasedIn: (directory) => directory,
      isTellable: async ({ domain }) => channelPath(await (await libvirt.get()).xml(domain.uuid)) !== undefined,
    })
    if (isTaken) await images.release(from.vnet, from.id)
    return isTaken
  }

  const start = async (spec: NodeSpec, from?: IdleNode): Promise<boolean> => {
    const { vnet, node } = spec
    const connection = await libvirt.get()
    const found = await nodes.find(vnet, node.id)
    if (found && isRunning(found.domain)) {
      await dressVifs(route(), onlyInterfaces(spec, found.mark.interfaces), true)
      return false
    }
    if (from && !found && (await take(spec, from))) return true
    await nodes.know(vnet, node.id)
    await withUndo(
      async (push) => {
        if (!found) {
          push(() => images.release(vnet, node.id))
          push(() => directories.remove(vnet, node.id))
          await directories.make(vnet, node.id)
        }
        const image = await images.open({ vnet, node }, { fallback: fallbackImage })
        const boot = await prepareBoot(image, spec, directories.of(vnet, node.id), true)
        await writeVifScript(vifScript)
        await freeVifs(route(), spec)
        await withdrawReleased(directories.of(vnet, node.id))
        let uuid = found?.domain.uuid
        if (found) await redefine(connection, found, spec, (index) => interfaceXml(spec, index, vifScript))
        if (uuid === undefined) {
          const defined = await connection.define(await definitionOf(connection, spec, boot, isTold(image)))
          uuid = defined.uuid
          push(() => connection.undefine(defined.uuid))
        }
        const started = uuid
        await startUnlessUp(connection, started, spec)
        push(() => connection.destroy(started).catch(unless('OPERATION_INVALID')))
        await dressVifs(route(), spec)
        await setScheduling((await nodes.running(vnet, node.id)).domain.id, node)
        if (isTold(image)) await comeUp(vnet, node.id)
      },
      (error) => log.warn({ vnet, node: node.id, err: error }, 'what a failed start left behind could not be removed'),
    )
    return false
  }

  /**
   * Attaches what is missing and detaches what is wanted no more. At each moment the mark names all that the node may have, but for what is left over
   * of a pool's: that stays, down and joined to nothing, until the guest is started again.
   */
  const changeInterfaces = async (found: MarkedDomain, spec: NodeSpec): Promise<void> => {
    const { uuid } = found.domain
    const connection = await libvirt.get()
    if (found.outdated) await takeInterfaces(nodes, found.outdated)
    const wanted = new Set(spec.node.interfaces.map(({ index }) => index))
    const unwanted = found.outdated ? [] : found.mark.interfaces.filter((index) => !wanted.has(index))
    const before = interfacesIn(await connection.xml(uuid))
    for (const index of unwanted) {
      const there = before.get(vifName(spec.slot, index))
      if (there) await connection.detachDevice(uuid, there.xml, live)
    }
    await redefine(connection, found, spec, (index) => interfaceXml(spec, index, vifScript))
    for (const { index } of spec.node.interfaces) {
      if (before.has(vifName(spec.slot, index))) continue
      await freeVifs(route(), onlyInterfaces(spec, [index]))
      await connection.attachDevice(uuid, interfaceXml(spec, index, vifScript), live)
    }
  }

  const configure = async (spec: NodeSpec): Promise<void> => {
    const { vnet, node } = spec
    const found = await nodes.running(vnet, node.id)
    const { uuid, id: domainId } = found.domain
    const directory = directories.of(vnet, node.id)
    const hasAgent = channelPath(await (await libvirt.get()).xml(uuid)) !== undefined
    // A guest that is booting lets go of no device.
    if (hasAgent) await comeUp(vnet, node.id)
    await changeInterfaces(found, spec)
    const before = configurationOf(await readReleased(directory), await bootId, domainId)
    const taken = inRun(await nodes.taken.of(vnet, node.id), await bootId, domainId)
    await dressTaken(nodes, spec, taken, before !== '')
    // Of a guest that has rebooted they are forgotten: it is another domain of Xen's.
    await setScheduling(domainId, node)
    if (hasAgent) {
      const agent = agentOf(vnet, node.id)
      const attached = interfacesIn(await (await libvirt.get()).xml(uuid))
      await tellGuest(agent, {
        node,
        interfaces: guestInterfaces(spec, attached),
        isNew: before === '',
        isIdle: isPool(vnet),
      })
    }
    await writeReleased(directory, { bootId: await bootId, domainId, configuration: configurationDigest(spec) })
  }

  const remove = async (vnet: string, node: string): Promise<void> => {
    const connection = await libvirt.get()
    const domain = (await nodes.find(vnet, node))?.domain
    if (domain) {
      if (isRunning(domain)) await connection.destroy(domain.uuid).catch(unless('OPERATION_INVALID'))
      await connection.undefine(domain.uuid).catch(unless('NO_DOMAIN'))
    }
    await images.release(vnet, node)
    await directories.remove(vnet, node)
    await nodes.forget(vnet, node)
  }

  const exec: Inside['exec'] = async (vnet, node, argv, timeoutMs) => {
    await nodes.running(vnet, node)
    return execInGuest(agentOf(vnet, node), argv, timeoutMs)
  }

  return libvirtDriver(nodes, {
    name,
    parallel,
    details: machineDetails(directories, bootId),
    start,
    configure,
    remove,
    exec,
  })
}
