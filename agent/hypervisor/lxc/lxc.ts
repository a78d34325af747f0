/**
 * Containers by libvirt's LXC driver: idmapped, each with a root file system of its own (root-tree.ts), a control directory that is
 * read-only to it (init.ts), and its start-up command held until its interfaces are configured.
 *
 * A node's directory is made before its domain is defined and removed after it is undefined: what is half there is always found.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { DomainSummary, LibvirtConnection } from '../../../native/libvirt.ts'
import { create } from '../../../proto/codec.ts'
import { toWireError, WeftError } from '../../../proto/errors.ts'
import { readBootId } from '../../boot-id.ts'
import { openRoute, type RouteSocket } from '../../netlink/route.ts'
import { withUndo } from '../../undo.ts'
import { configurationDigest } from '../digest.ts'
import { domainName } from '../domain-name.ts'
import type { HypervisorDriver, Inside, NodeSpec, ObservedNode } from '../driver.ts'
import { configureGuest } from '../guest-network.ts'
import { hostImage, listImages } from '../images.ts'
import { runBounded } from '../run-bounded.ts'
import { dressVifs } from '../vifs.ts'
import { isLibvirtError, keepConnection } from './connection.ts'
import { nodeDirectories } from './directories.ts'
import { domainXml } from './domain-xml.ts'
import { enterCommand, initOf } from './enter.ts'
import { freeVifs } from './free-vifs.ts'
import { controlFiles, controlInside, guestPath, initCommand, initScript } from './init.ts'
import { isRunning, markOf, observeContainers, unless } from './observe.ts'
import { withdrawReleased, writeReleased } from './released.ts'
import { imageMounts, makeRootTree, prepareRootTree } from './root-tree.ts'

export interface LxcOptions {
  /** For instance lxc:///system. */
  readonly uri: string
  readonly stateDir: string
  readonly imagesDirectory: string
  /** Nodes that are made or removed at a time. */
  readonly parallel: number
  readonly log: Logger
}

/** Characters of an error that comes from elsewhere. */
const mostWords = 500

export const lxcHypervisor = (options: LxcOptions): HypervisorDriver => {
  const name = 'lxc'
  const { uri, stateDir, imagesDirectory, log } = options
  // libvirt's calls block: two threads more, so that a look does not wait for a start to end.
  const libvirt = keepConnection({ uri, threads: options.parallel + 2, log })
  const directories = nodeDirectories(stateDir)
  const bootId = readBootId()
  /** By name of the domain: libvirt's events tell no metadata. */
  const known = new Map<string, { readonly vnet: string; readonly id: string }>()
  const inHand = new Set<string>()
  let socket: RouteSocket | undefined
  const route = (): RouteSocket => {
    if (socket === undefined || socket.closed) socket = openRoute()
    return socket
  }

  const failed = (what: string, node: string, error: unknown): WeftError => {
    if (error instanceof WeftError) return error
    // libvirt adds lines of a container's log to some messages.
    const message = toWireError(error)
      .message.trim()
      .replace(/\s*\n\s*/g, '; ')
      .slice(0, mostWords)
    const operation = isLibvirtError(error) ? `${error.operation}: ` : ''
    const code = isLibvirtError(error) || (error as NodeJS.ErrnoException).code ? 'hypervisor.failed' : 'internal'
    return new WeftError(code, `${what} of node ${node}: ${operation}${message}`, {
      object: `node/${node}`,
      cause: error,
    })
  }

  /** The domain of a node, with its mark; undefined where there is none. Throws object.foreign. */
  const find = async (connection: LibvirtConnection, vnet: string, node: string) => {
    const domain = domainName(vnet, node)
    const found = await connection.lookupByName(domain).catch(unless('NO_DOMAIN'))
    if (!found) return undefined
    const mark = await markOf(connection, found)
    if (mark?.vnet === vnet && mark.node === node) return found
    const object = `node/${node}`
    throw new WeftError('object.foreign', `the domain ${domain} exists and is not node ${node} of ${vnet}`, { object })
  }

  const imageDirectory = async (image: string, node: string): Promise<string> => {
    if (image === '' || image === hostImage) return '/'
    const images = await listImages(imagesDirectory)
    if (images.includes(image)) return join(imagesDirectory, image)
    const hint = `images here: ${images.join(', ')}`
    throw new WeftError('image.unknown', `node ${node} asks for the image ${image}`, { object: `node/${node}`, hint })
  }

  const writeControl = async (control: string, { node }: NodeSpec): Promise<void> => {
    await withdrawReleased(control)
    const files = [
      [controlFiles.init, initScript()],
      [controlFiles.hostname, `${node.id}\n`],
      [controlFiles.startUp, node.startUp?.command ? `${node.startUp.command}\n` : ''],
    ] as const
    await Promise.all(files.map(([file, text]) => writeFile(join(control, file), text, { mode: 0o644 })))
  }

  const start = async (spec: NodeSpec): Promise<void> => {
    const { vnet, node } = spec
    const connection = await libvirt.get()
    const image = await imageDirectory(node.image, node.id)
    const mounts = await imageMounts(image)
    const before = await find(connection, vnet, node.id)
    if (before && isRunning(before)) return dressVifs(route(), spec)
    known.set(domainName(vnet, node.id), { vnet, id: node.id })
    const { root, control } = directories.of(vnet, node.id)
    await withUndo(
      async (push) => {
        let uuid = before?.uuid
        if (!before) {
          push(() => directories.remove(vnet, node.id))
          await directories.make(vnet, node.id)
          await makeRootTree(root, image, node.id)
        }
        await freeVifs(route(), spec)
        await writeControl(control, spec)
        await prepareRootTree(root, node, mounts)
        if (uuid === undefined) {
          const xml = domainXml({
            ...spec,
            root,
            mounts: [...mounts, { source: control, target: controlInside }],
            init: initCommand,
          })
          const defined = await connection.define(xml)
          uuid = defined.uuid
          push(() => connection.undefine(defined.uuid))
        }
        const started = uuid
        await connection.start(started)
        push(() => connection.destroy(started))
        await dressVifs(route(), spec)
      },
      (error) => log.warn({ vnet, node: node.id, err: error }, 'what a failed start left behind could not be removed'),
    )
  }

  const configure = async (spec: NodeSpec): Promise<void> => {
    const { vnet, node } = spec
    const connection = await libvirt.get()
    const domain = await find(connection, vnet, node.id)
    if (!domain || !isRunning(domain)) {
      throw new WeftError('node.not-running', `node ${node.id} does not run`, { object: `node/${node.id}` })
    }
    await configureGuest(`/proc/${await runningInit(domain, node.id)}/ns/net`, node.interfaces)
    await dressVifs(route(), spec)
    await writeReleased(directories.of(vnet, node.id).control, {
      bootId: await bootId,
      domainId: domain.id,
      configuration: configurationDigest(spec),
    })
  }

  const runningInit = async ({ id }: DomainSummary, node: string): Promise<number> => {
    const init = await initOf(id)
    if (init !== undefined) return init
    throw new WeftError('node.not-running', `process 1 of node ${node} has ended`, { object: `node/${node}` })
  }

  const remove = async (vnet: string, node: string): Promise<void> => {
    const connection = await libvirt.get()
    const domain = await find(connection, vnet, node)
    if (domain) {
      if (isRunning(domain)) await connection.destroy(domain.uuid).catch(unless('OPERATION_INVALID'))
      await connection.undefine(domain.uuid).catch(unless('NO_DOMAIN'))
    }
    await directories.remove(vnet, node)
    known.delete(domainName(vnet, node))
  }

  const observe = async (): Promise<readonly ObservedNode[]> => {
    const kept = await directories.list()
    let connection: LibvirtConnection
    try {
      connection = await libvirt.get()
    } catch (error) {
      // Every node of ours has a directory: where there is none, nothing is missed.
      if (kept.length === 0) return []
      throw error
    }
    const nodes = await observeContainers(connection, kept, { hypervisor: name, directories, bootId, inHand })
    for (const { domain, vnet, id } of nodes) known.set(domain, { vnet, id })
    return nodes
  }

  /** Throws node.unknown, node.not-running. */
  const running = async (vnet: string, node: string): Promise<DomainSummary> => {
    const object = `node/${node}`
    const domain = await find(await libvirt.get(), vnet, node)
    if (!domain) throw new WeftError('node.unknown', `${vnet} has no node ${node} here`, { object })
    if (!isRunning(domain)) throw new WeftError('node.not-running', `node ${node} does not run`, { object })
    return domain
  }

  const exec: Inside['exec'] = async (vnet, node, argv, timeoutMs) => {
    const domain = await running(vnet, node)
    const env = { PATH: guestPath, HOME: '/root', TERM: 'dumb' }
    const init = await runningInit(domain, node)
    return runBounded(await enterCommand(domain.id, init, argv), timeoutMs, env)
  }

  const openConsole: Inside['console'] = async (vnet, node) => {
    await running(vnet, node)
    const object = `node/${node}`
    throw new WeftError('verb.unsupported', `the console of node ${node} cannot be opened from here`, { object })
  }

  /** A domain that is being made or removed is in hand: whoever looks at it waits. */
  const held = async (vnet: string, node: string, work: () => Promise<void>): Promise<void> => {
    inHand.add(domainName(vnet, node))
    try {
      await work()
    } finally {
      inHand.delete(domainName(vnet, node))
    }
  }

  /** What a call throws that is no WeftError becomes one that names the operation and the node. */
  const named = <T>(what: string, node: string, work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw failed(what, node, error)
    })

  return {
    name,
    parallel: options.parallel,
    probe: async () => {
      try {
        const { library } = await (await libvirt.get()).version()
        return create('Hypervisor', { name, version: formatVersion(library) })
      } catch (error) {
        return create('Hypervisor', { name, unavailable: toWireError(error).message })
      }
    },
    observe: () => named('a look', '*', observe()),
    start: (spec) =>
      named(
        'start',
        spec.node.id,
        held(spec.vnet, spec.node.id, () => start(spec)),
      ),
    configure: (spec) => named('configuration', spec.node.id, configure(spec)),
    remove: (vnet, node) =>
      named(
        'removal',
        node,
        held(vnet, node, () => remove(vnet, node)),
      ),
    inside: {
      exec: (vnet, node, argv, timeoutMs) => named('exec', node, exec(vnet, node, argv, timeoutMs)),
      console: (vnet, node) => named('console', node, openConsole(vnet, node)),
    },
    watch: async (changed) => {
      libvirt.listen({
        onEvent: (event) => {
          const node = known.get(event.name)
          if (node) changed(node.vnet, node.id)
        },
        onConnected: () => changed('', ''),
        onLost: () => changed('', ''),
      })
    },
    close: async () => {
      socket?.close()
      await libvirt.close()
    },
  }
}

/** As libvirt counts: 1,000,000 × major + 1,000 × minor + release. */
export const formatVersion = (version: number): string =>
  [Math.floor(version / 1e6), Math.floor(version / 1e3) % 1e3, version % 1e3].join('.')
