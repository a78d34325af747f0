import { join } from 'node:path'
import type { Logger } from 'pino'
import type { DomainSummary } from '../../../native/libvirt.ts'
import { WeftError } from '../../../proto/errors.ts'
import { readBootId } from '../../boot-id.ts'
import type { TreeImage } from '../../images/image.ts'
import { spaceError } from '../../images/space.ts'
import type { ImageStore } from '../../images/store.ts'
import { withUndo } from '../../undo.ts'
import { configurationDigest } from '../digest.ts'
import type { HypervisorDriver, IdleNode, Inside, NodeSpec } from '../driver.ts'
import { configureGuest } from '../guest-network.ts'
import { openPtyConsole, setTerminal } from '../libvirt/console.ts'
import { isRunning, type MarkedDomain, unless } from '../libvirt/domains.ts'
import { libvirtDriver } from '../libvirt/driver.ts'
import { freeVifs } from '../libvirt/free-vifs.ts'
import { libvirtNodes } from '../libvirt/nodes.ts'
import { redefine } from '../libvirt/redefine.ts'
import { configurationOf, readReleased, writeReleased } from '../libvirt/released.ts'
import { takeInterfaces, takeNode } from '../libvirt/take.ts'
import { isUntold } from '../libvirt/taken.ts'
import { runBounded } from '../run-bounded.ts'
import { attachPairs, detachPairs } from '../veth-pairs.ts'
import { dressVifs, onlyInterfaces } from '../vifs.ts'
import { writeControl } from './control.ts'
import { containerDirectory, makeContainerDirectory } from './directories.ts'
import { domainXml, interfaceXml } from './domain-xml.ts'
import { enterCommand, initOf } from './enter.ts'
import { isHeard, startHeard } from './heard.ts'
import { makeImageTree } from './image-tree.ts'
import { controlMounts, guestPath, initCommand } from './init.ts'
import { tellLate } from './late.ts'
import { lostContainers } from './lost.ts'
import { containerDetails } from './observe.ts'
import { imageMounts, makeRootTree, prepareRootTree } from './root-tree.ts'
import { waitForTraps } from './traps.ts'

export interface LxcOptions {
  /** For instance lxc:///system. */
  readonly uri: string
  readonly stateDir: string
  readonly images: ImageStore
  /** Nodes that are made or removed at a time. */
  readonly parallel: number
  readonly log: Logger
}

export const lxcHypervisor = (options: LxcOptions): HypervisorDriver => {
  const name = 'lxc'
  const { uri, stateDir, images, parallel, log } = options
  const nodes = libvirtNodes({ name, uri, directory: join(stateDir, 'nodes'), parallel, log })
  const { libvirt, directories, route } = nodes
  const bootId = readBootId()
  const isLost = lostContainers({
    look: async (domain) => (await libvirt.get()).lookupByName(domain).catch(unless('NO_DOMAIN')),
  })

  const openTree = async (spec: NodeSpec): Promise<TreeImage> => {
    const image = await images.open(spec)
    if (image.kind === 'tree') return image
    const { id } = spec.node
    const message = `node ${id} is a container, and the image ${image.name} is a ${image.kind}`
    const hint = 'containers start from a tar or a directory'
    throw new WeftError('image.unsuitable', message, { object: `node/${id}`, hint })
  }

  const makeTree = async (root: string, image: TreeImage, node: string): Promise<void> => {
    try {
      if (image.isMapped) await makeImageTree(root, image.root, node)
      else await makeRootTree(root, image.root, node)
    } catch (error) {
      throw spaceError(image.name, error)
    }
  }

  const take = async (spec: NodeSpec, from: IdleNode): Promise<boolean> => {
    const releasedIn = (directory: string): string => containerDirectory(directory).control
    const isTaken = await takeNode(nodes, spec, from, { bootId: await bootId, releasedIn })
    if (isTaken) await images.release(from.vnet, from.id)
    return isTaken
  }

  /** An agent ended as it had just started it, or somebody else started it. Nothing is lost with it before it is configured. */
  const isIdleUnheard = async (vnet: string, node: string, domain: DomainSummary): Promise<boolean> => {
    const { control } = containerDirectory(directories.of(vnet, node))
    const configuration = configurationOf(await readReleased(control), await bootId, domain.id)
    return configuration === '' && !(await isHeard(await libvirt.get(), domain))
  }

  /** libvirt is told of the end that it missed, and a run whose end it would miss is ended where that costs nothing. */
  const foundAsItIs = async (vnet: string, node: string): Promise<MarkedDomain | undefined> => {
    const found = await nodes.find(vnet, node)
    if (!found || !isRunning(found.domain)) return found
    if (!(await isLost(found.domain)) && !(await isIdleUnheard(vnet, node, found.domain))) return found
    await (await nodes.hand()).destroy(found.domain.uuid).catch(unless('OPERATION_INVALID'))
    return nodes.find(vnet, node)
  }

  const start = async (spec: NodeSpec, from?: IdleNode): Promise<boolean> => {
    const { vnet, node } = spec
    const connection = await nodes.hand()
    const image = await openTree(spec)
    const mounts = await imageMounts(image)
    const found = await foundAsItIs(vnet, node.id)
    if (found && isRunning(found.domain)) {
      await dressVifs(route(), onlyInterfaces(spec, found.mark.interfaces), true)
      return false
    }
    if (from && !found && (await take(spec, from))) return true
    await nodes.know(vnet, node.id)
    const { root, control } = containerDirectory(directories.of(vnet, node.id))
    await withUndo(
      async (push) => {
        let domain = found?.domain
        if (!domain) {
          push(() => directories.remove(vnet, node.id))
          push(() => images.release(vnet, node.id))
          await makeContainerDirectory(directories, vnet, node.id)
          await makeTree(root, image, node.id)
        }
        if (found) await redefine(connection, found, spec, (index) => interfaceXml(spec, index))
        await freeVifs(route(), spec)
        await writeControl(control, node)
        await prepareRootTree(root, node, mounts)
        if (!domain) {
          const xml = domainXml({
            ...spec,
            root,
            mounts: [...mounts, ...controlMounts(control)],
            init: initCommand,
          })
          const defined = await connection.define(xml)
          push(() => connection.undefine(defined.uuid))
          domain = defined
        }
        const { uuid } = domain
        const end = (): Promise<void> => connection.destroy(uuid).catch(unless('OPERATION_INVALID'))
        const isKnown = await startHeard(connection, domain, () => push(end))
        if (!isKnown)
          log.warn({ vnet, node: node.id }, 'libvirt will not hear of the end of a container: it is found late')
        await dressVifs(route(), spec)
      },
      (error) => log.warn({ vnet, node: node.id, err: error }, 'what a failed start left behind could not be removed'),
    )
    return false
  }

  const configure = async (spec: NodeSpec): Promise<void> => {
    const { vnet, slot, node } = spec
    const found = await nodes.running(vnet, node.id)
    const { domain, mark } = found
    const init = await runningInit(domain, node.id)
    const namespace = `/proc/${init}/ns/net`
    const { control } = containerDirectory(directories.of(vnet, node.id))
    const isLate = isUntold(await nodes.taken.of(vnet, node.id), await bootId, domain.id)
    const telling = isLate ? tellLate(control, node, init) : Promise.resolve()
    // Nobody waits for it where something else fails first; it is told again then.
    telling.catch(() => {})
    const wanted = new Set(node.interfaces.map(({ index }) => index))
    const unwanted = mark.interfaces.filter((index) => !wanted.has(index))
    // At each moment the mark names all that the node may have: what is detached stays in it until it is gone.
    if (found.outdated) await takeInterfaces(nodes, found.outdated)
    await detachPairs(route(), { vnet, slot, id: node.id }, unwanted, namespace)
    await redefine(await libvirt.get(), found, spec, (index) => interfaceXml(spec, index))
    await attachPairs(route(), spec, namespace)
    const before = configurationOf(await readReleased(control), await bootId, domain.id)
    // First: what joins them to links need not wait for what is done inside. Those of a taken one were dressed before.
    await dressVifs(route(), spec, before !== '' || isLate)
    await configureGuest(namespace, node.interfaces)
    await telling
    await waitForTraps(init)
    await writeReleased(control, {
      bootId: await bootId,
      domainId: domain.id,
      configuration: configurationDigest(spec),
      of: `${vnet}/${node.id}`,
    })
    if (!isLate) return
    // It ran as the pool's already, and is told that this is for it. Only then it counts as configured.
    process.kill(init, 'SIGHUP')
    await nodes.taken.told(vnet, node.id)
  }

  const runningInit = async ({ id }: DomainSummary, node: string): Promise<number> => {
    const init = await initOf(id)
    if (init !== undefined) return init
    throw new WeftError('node.not-running', `process 1 of node ${node} has ended`, { object: `node/${node}` })
  }

  const remove = async (vnet: string, node: string): Promise<void> => {
    const connection = await nodes.hand()
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
    const { domain } = await nodes.running(vnet, node)
    const env = { PATH: guestPath, HOME: '/root', TERM: 'dumb' }
    const init = await runningInit(domain, node)
    return runBounded(await enterCommand(domain.id, init, argv), timeoutMs, env)
  }

  const openConsole: Inside['console'] = async (vnet, node) => {
    const { domain } = await nodes.running(vnet, node)
    const stream = await openPtyConsole(await libvirt.get(), domain.uuid, node)
    // What libvirt hands out is one end of a pair of terminals; the size is that of the container's own, where its process 1 has it.
    const resize = async (columns: number, rows: number): Promise<void> => {
      const init = await runningInit(domain, node)
      await setTerminal(`/proc/${init}/fd/0`, ['columns', `${columns}`, 'rows', `${rows}`])
    }
    return { ...stream, resize }
  }

  return libvirtDriver(nodes, {
    name,
    parallel,
    details: containerDetails(nodes, bootId, isLost),
    start,
    configure,
    remove,
    exec,
    console: openConsole,
  })
}
