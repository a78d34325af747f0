/**
 * Virtual machines by libvirt's QEMU driver: on taps of the agent's own (taps.ts), from a kernel or from a layer over a disk, configured
 * by the guest agent in them, or by a seed where they have none. Two drivers of it, by the name that requests give: `kvm` has the processor
 * do it, `qemu` emulates one, which works everywhere.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { create } from '../../../proto/codec.ts'
import { WeftError } from '../../../proto/errors.ts'
import { readBootId } from '../../boot-id.ts'
import type { ImageStore } from '../../images/store.ts'
import { serial } from '../../state/serial.ts'
import { withUndo } from '../../undo.ts'
import { configurationDigest } from '../digest.ts'
import type { HypervisorDriver, IdleNode, Inside, NodeSpec } from '../driver.ts'
import { type GuestAgent, guestAgent } from '../guest/agent.ts'
import { waitForGuest } from '../guest/boot.ts'
import { execInGuest } from '../guest/exec.ts'
import { guestInterfaces, tellGuest } from '../guest/tell.ts'
import { nodeDirectories } from '../libvirt/directories.ts'
import { isRunning, type MarkedDomain, unless } from '../libvirt/domains.ts'
import { libvirtDriver } from '../libvirt/driver.ts'
import { libvirtNodes } from '../libvirt/nodes.ts'
import { redefine } from '../libvirt/redefine.ts'
import { configurationOf, readReleased, withdrawReleased, writeReleased } from '../libvirt/released.ts'
import { dressTaken, takeInterfaces, takeNode } from '../libvirt/take.ts'
import { inRun, readTaken } from '../libvirt/taken.ts'
import { isPool } from '../pool-key.ts'
import { dressVifs, onlyInterfaces, vifName } from '../vifs.ts'
import type { AccelerationTrial } from './acceleration.ts'
import { libvirtChannel } from './agent-channel.ts'
import { hasGuestAgent, prepareBoot } from './boot.ts'
import { domainXml, guestAgentPort, interfacesOf, interfaceXml } from './domain-xml.ts'
import { attachInterface, detachInterface } from './interfaces.ts'
import { machineDetails } from './observe.ts'
import { deleteTaps, makeTaps } from './taps.ts'

export interface QemuOptions {
  readonly name: 'qemu' | 'kvm'
  /** For instance qemu:///system. */
  readonly uri: string
  readonly stateDir: string
  readonly images: Pick<ImageStore, 'open' | 'release'>
  /** Nodes that are made or removed at a time. */
  readonly parallel: number
  /** Until a guest's agent answers; a guest that takes longer never boots. */
  readonly bootTimeoutMs: number
  /** Whether the processor can do it; not asked by `qemu`. */
  readonly trial: AccelerationTrial
  readonly log: Logger
}

/** Whether libvirt's QEMU driver has been in use on this host: it makes that directory when it is loaded. */
export const hasRun = (): boolean => existsSync('/var/lib/libvirt/qemu')

/** Of a node that names no image. */
const fallbackImage = 'tiny'

const machinesDirectory = (stateDir: string, name: string): string => join(stateDir, 'machines', name)

export const qemuHypervisor = (options: QemuOptions): HypervisorDriver => {
  const { name, uri, stateDir, images, parallel, bootTimeoutMs, log } = options
  const isAccelerated = name === 'kvm'
  const bootId = readBootId()
  /** How often each guest has rebooted since we watch: one that does while it is configured is not. */
  const reboots = new Map<string, number>()
  /** One file is written at a time. */
  const noting = serial()
  // Both drivers see all domains of one libvirt: a node is kvm's where it has a directory there.
  const ofKvm = nodeDirectories(machinesDirectory(stateDir, 'kvm'))
  const nodes = libvirtNodes({
    name,
    uri,
    directory: machinesDirectory(stateDir, name),
    parallel,
    log,
    isOurs: async (vnet, node, domain) => {
      const isKvms = await ofKvm.has(vnet, node)
      if (isAccelerated || isKvms) return isKvms === isAccelerated
      // One that kvm has just taken from a pool says still that it is the pool's.
      if (await directories.has(vnet, node)) return true
      return (await readTaken(ofKvm)).every((taken) => taken.domain !== domain)
    },
    onReboot: (vnet, node) => {
      const key = `${vnet}/${node}`
      reboots.set(key, (reboots.get(key) ?? 0) + 1)
      return noting(async () => {
        const directory = directories.of(vnet, node)
        const released = await readReleased(directory)
        // Of no domain that runs: what was configured inside is gone.
        if (released) await writeReleased(directory, { ...released, domainId: -1 })
      })
    },
  })
  const { libvirt, directories, route } = nodes

  const agentOf = (uuid: string, node: string): GuestAgent => guestAgent(libvirtChannel(libvirt.get, uuid, node))

  const comeUp = (uuid: string, vnet: string, node: string): Promise<void> =>
    waitForGuest(agentOf(uuid, node), node, {
      timeoutMs: bootTimeoutMs,
      isRunning: async () => {
        const found = await nodes.find(vnet, node)
        return found !== undefined && isRunning(found.domain)
      },
    })

  const take = async (spec: NodeSpec, from: IdleNode): Promise<boolean> => {
    const isTaken = await takeNode(nodes, spec, from, {
      bootId: await bootId,
      releasedIn: (directory) => directory,
      isTellable: async ({ domain }) => (await (await libvirt.get()).xml(domain.uuid)).includes(guestAgentPort),
    })
    if (isTaken) await images.release(from.vnet, from.id)
    return isTaken
  }

  const start = async (spec: NodeSpec, from?: IdleNode): Promise<boolean> => {
    const { vnet, node } = spec
    const problem = isAccelerated ? await options.trial.done() : ''
    if (problem !== '') throw new WeftError('hypervisor.unavailable', problem, { object: `node/${node.id}` })
    const connection = await libvirt.get()
    const found = await nodes.find(vnet, node.id)
    if (found && isRunning(found.domain)) {
      await dressVifs(route(), onlyInterfaces(spec, found.mark.interfaces), true)
      return false
    }
    const image = await images.open({ vnet, node }, { fallback: fallbackImage })
    if (from && !found && (await take(spec, from))) return true
    await nodes.know(vnet, node.id)
    const directory = directories.of(vnet, node.id)
    await withUndo(
      async (push) => {
        let uuid = found?.domain.uuid
        if (!found) {
          push(() => directories.remove(vnet, node.id))
          await directories.make(vnet, node.id)
        }
        const boot = await prepareBoot(image, spec, directory, isAccelerated)
        if (found) await redefine(connection, found, spec, (index) => interfaceXml(spec, index))
        await withdrawReleased(directory)
        await deleteSpare(spec)
        await makeTaps(route(), spec, (tap) => push(() => deleteTaps(route(), vnet, node.id, [tap])))
        if (uuid === undefined) {
          const xml = domainXml({ ...spec, boot, isAccelerated, hasGuestAgent: hasGuestAgent(image) })
          const defined = await connection.define(xml)
          uuid = defined.uuid
          push(() => connection.undefine(defined.uuid))
        }
        const started = uuid
        await connection.start(started)
        push(() => connection.destroy(started).catch(unless('OPERATION_INVALID')))
        await dressVifs(route(), spec)
        if (hasGuestAgent(image)) await comeUp(started, vnet, node.id)
      },
      (error) => log.warn({ vnet, node: node.id, err: error }, 'what a failed start left behind could not be removed'),
    )
    return false
  }

  /** What it kept of the pool's interfaces is gone with the machine, but for the taps. */
  const deleteSpare = async ({ vnet, node, slot }: NodeSpec): Promise<void> => {
    const had = (await nodes.taken.of(vnet, node.id))?.mark.interfaces ?? []
    const spare = had.filter((index) => node.interfaces.every((one) => one.index !== index))
    const names = spare.map((index) => vifName(slot, index))
    if (names.length > 0) await deleteTaps(route(), vnet, node.id, names)
  }

  /** Indexes of those whose tap somebody deleted: what is plugged in leads nowhere. */
  const withoutTap = async (indexes: readonly number[], slot: number): Promise<readonly number[]> => {
    const taps = await Promise.all(indexes.map((index) => route().link(vifName(slot, index))))
    return indexes.filter((_, i) => taps[i] === undefined)
  }

  /**
   * Plugs in what is missing and pulls out what is wanted no more. At each moment the mark names all that the node may have, but for what is left
   * over of a pool's: that stays plugged in, down and joined to nothing, since to pull it out is the slowest that a guest can be asked for.
   */
  const changeInterfaces = async (found: MarkedDomain, spec: NodeSpec, isJoined: boolean): Promise<void> => {
    const { vnet, node, slot } = spec
    const { uuid } = found.domain
    const connection = await libvirt.get()
    const wanted = new Set(node.interfaces.map(({ index }) => index))
    if (found.outdated) await takeInterfaces(nodes, found.outdated)
    const unwanted = found.outdated ? [] : found.mark.interfaces.filter((index) => !wanted.has(index))
    for (const index of [...unwanted, ...(await withoutTap([...wanted], slot))]) {
      await detachInterface(connection, uuid, vifName(slot, index), node.id)
      await deleteTaps(route(), vnet, node.id, [vifName(slot, index)])
    }
    await redefine(connection, found, spec, (index) => interfaceXml(spec, index))
    const plugged = interfacesOf(await connection.xml(uuid))
    const missing = node.interfaces.map(({ index }) => index).filter((index) => !plugged.has(vifName(slot, index)))
    await makeTaps(route(), onlyInterfaces(spec, missing), () => {})
    for (const index of missing) await attachInterface(connection, uuid, interfaceXml(spec, index))
    const taken = inRun(await nodes.taken.of(vnet, node.id), await bootId, found.domain.id)
    await dressTaken(nodes, spec, taken, isJoined)
  }

  const configure = async (spec: NodeSpec): Promise<void> => {
    const { vnet, node } = spec
    const found = await nodes.running(vnet, node.id)
    const { uuid, id: domainId } = found.domain
    const connection = await libvirt.get()
    const directory = directories.of(vnet, node.id)
    const key = `${vnet}/${node.id}`
    const hasAgent = (await connection.xml(uuid)).includes(guestAgentPort)
    // A guest that is booting neither answers nor lets go of a device.
    if (hasAgent) await comeUp(uuid, vnet, node.id)
    // Only now: one reboot is told twice.
    const rebootsBefore = reboots.get(key)
    const before = configurationOf(await readReleased(directory), await bootId, domainId)
    await changeInterfaces(found, spec, before !== '')
    if (hasAgent) {
      const agent = agentOf(uuid, node.id)
      const plugged = interfacesOf(await connection.xml(uuid))
      await tellGuest(agent, {
        node,
        interfaces: guestInterfaces(spec, plugged),
        isNew: before === '',
        isIdle: isPool(vnet),
      })
    }
    const released = { bootId: await bootId, domainId, configuration: configurationDigest(spec) }
    await noting(async () => {
      if (reboots.get(key) === rebootsBefore) return writeReleased(directory, released)
      const object = `node/${node.id}`
      throw new WeftError('hypervisor.failed', `node ${node.id} rebooted while it was configured`, { object })
    })
  }

  const remove = async (vnet: string, node: string): Promise<void> => {
    const connection = await libvirt.get()
    const found = await nodes.find(vnet, node)
    if (found) {
      const { domain } = found
      if (isRunning(domain)) await connection.destroy(domain.uuid).catch(unless('OPERATION_INVALID'))
      await connection.undefine(domain.uuid, undefineAll).catch(unless('NO_DOMAIN'))
    }
    await deleteTaps(route(), vnet, node)
    await images.release(vnet, node)
    await directories.remove(vnet, node)
    await nodes.forget(vnet, node)
    reboots.delete(`${vnet}/${node}`)
  }

  const exec: Inside['exec'] = async (vnet, node, argv, timeoutMs) => {
    const { domain } = await nodes.running(vnet, node)
    const hasAgent = (await (await libvirt.get()).xml(domain.uuid)).includes(guestAgentPort)
    if (hasAgent) return execInGuest(agentOf(domain.uuid, node), argv, timeoutMs)
    const object = `node/${node}`
    throw new WeftError('verb.unsupported', `the image of node ${node} has no guest agent`, { object })
  }

  const probe: HypervisorDriver['probe'] = async () => {
    const answer = await nodes.probe()
    if (answer.unavailable !== '') return answer
    const problem = isAccelerated ? (options.trial.now() ?? 'it is being tried whether KVM works here') : ''
    return problem === '' ? answer : create('Hypervisor', { name, unavailable: problem })
  }

  return libvirtDriver(nodes, {
    name,
    parallel,
    probe,
    details: machineDetails(directories, bootId),
    start,
    configure,
    remove,
    exec,
  })
}

/** Flags of virDomainUndefineFlags: a saved state, snapshots' records, firmware variables. */
const undefineAll = 1 | 2 | 4
