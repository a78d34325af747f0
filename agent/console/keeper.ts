/** The consoles of this host: one is kept for each node that is wanted here, and handed out by tokens. */
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { type ConsoleListener, type ConsolePlace, startConsoleListener } from '../../proto/console/listener.ts'
import { WeftError } from '../../proto/errors.ts'
import type { ConsoleTicket, Slice } from '../../proto/generated/weft.v1.ts'
import type { HypervisorDriver } from '../hypervisor/driver.ts'
import { type AttachOptions, keepNodeConsole, type NodeConsole } from './node-console.ts'

export interface ConsoleNode {
  readonly vnet: string
  readonly id: string
}

export interface ConsoleKeeper {
  /** Keeps the consoles of a VNet's nodes as they shall be here, and no others of it. Idempotent. */
  look(vnet: string, slice: Slice | undefined): void
  /** A node has become another one: what it has written goes along. */
  move(from: ConsoleNode, to: ConsoleNode): void
  /** A ticket for one connection. Errors: node.unknown, verb.unsupported, console.failed, not-supported. */
  open(vnet: string, node: string, options: AttachOptions): Promise<ConsoleTicket>
  /** Ends what is connected; output stays. Idempotent. */
  close(): Promise<void>
}

export interface ConsoleKeeperOptions {
  readonly place: ConsolePlace
  /** Output by VNet and node. */
  readonly directory: string
  /** Keeps key and certificate. */
  readonly keyDirectory: string
  readonly hypervisors: readonly HypervisorDriver[]
  /** All that is wanted of the host: output of other nodes is removed. */
  readonly wanted: readonly Slice[]
  readonly log: Logger
}

const nodesOf = (slice: Slice | undefined): Slice['nodes'] => (slice && !slice.absent ? slice.nodes : [])

interface Kept {
  readonly vnet: string
  readonly node: string
  readonly hypervisor: string
  readonly directory: string
  readonly console: NodeConsole
}

export const keepConsoles = (options: ConsoleKeeperOptions): ConsoleKeeper => {
  const { place, directory, keyDirectory, hypervisors, wanted, log } = options
  const consoles = new Map<string, Kept>()
  const keyOf = (vnet: string, node: string): string => `${vnet}/${node}`
  const directoryOf = (vnet: string, node: string): string => join(directory, vnet, node)
  /** What is removed, by directory: its name may be wanted again meanwhile. */
  const leaving = new Map<string, Promise<void>>()
  /** Nodes that are others by now, though they may be listed under their own names still. */
  const moved = new Set<string>()
  let isOver = false
  let closing: Promise<void> | undefined

  const listener: Promise<ConsoleListener> = startConsoleListener({ ...place, directory: keyDirectory })
  // Nodes go on without: whoever asks for a console is told.
  listener.catch((error: unknown) => log.error({ err: error }, 'consoles cannot be served'))

  const remove = async (path: string): Promise<void> => {
    try {
      await rm(path, { recursive: true, force: true })
    } catch (error) {
      log.warn({ err: error, path }, 'the output of a console is left')
    }
  }

  const end = (kept: Kept): void => {
    consoles.delete(keyOf(kept.vnet, kept.node))
    const ended = kept.console
      .close(`${kept.vnet} has no node ${kept.node} here any more`)
      .then(() => remove(kept.directory))
      // With the last node of a VNet goes its directory; of others it is not empty.
      .then(() => rmdir(dirname(kept.directory)).catch(() => {}))
    leaving.set(kept.directory, ended)
    void ended.then(() => {
      if (leaving.get(kept.directory) === ended) leaving.delete(kept.directory)
    })
  }

  const begin = (vnet: string, node: string, driver: HypervisorDriver): void => {
    const path = directoryOf(vnet, node)
    const console = keepNodeConsole({
      directory: path,
      open: () => driver.inside.console(vnet, node),
      log: log.child({ vnet, node }),
    })
    consoles.set(keyOf(vnet, node), { vnet, node, hypervisor: driver.name, directory: path, console })
  }

  const move = (from: ConsoleNode, to: ConsoleNode): void => {
    const kept = consoles.get(keyOf(from.vnet, from.id))
    const driver = hypervisors.find(({ name }) => name === kept?.hypervisor)
    if (!kept || !driver || isOver) return
    moved.add(keyOf(from.vnet, from.id))
    // That of the other may be waited for already.
    const both = [kept, consoles.get(keyOf(to.vnet, to.id))].flatMap((one) => one ?? [])
    for (const { vnet, node } of both) consoles.delete(keyOf(vnet, node))
    const path = directoryOf(to.vnet, to.id)
    const rest = async (): Promise<void> => {
      await Promise.all(both.map(({ console }) => console.close()))
      await remove(path)
      await mkdir(dirname(path), { recursive: true })
      await rename(kept.directory, path)
      await rmdir(dirname(kept.directory)).catch(() => {})
    }
    const ended = rest()
      .catch((error: unknown) => log.warn({ err: error, path }, 'the output of a console is lost'))
      .then(() => {
        leaving.delete(path)
        if (!isOver) begin(to.vnet, to.id, driver)
      })
    leaving.set(path, ended)
  }

  const look = (vnet: string, slice: Slice | undefined): void => {
    if (isOver) return
    const listed = new Set(nodesOf(slice).map(({ id }) => keyOf(vnet, id)))
    for (const key of moved) if (key.startsWith(`${vnet}/`) && !listed.has(key)) moved.delete(key)
    const nodes = nodesOf(slice).filter(({ id }) => !moved.has(keyOf(vnet, id)))
    const of = new Map(nodes.map(({ id, hypervisor }) => [id, hypervisor]))
    for (const kept of [...consoles.values()].filter((one) => one.vnet === vnet)) {
      if (of.get(kept.node) !== kept.hypervisor) end(kept)
    }
    for (const { id, hypervisor } of nodes) {
      const known = consoles.get(keyOf(vnet, id))
      const driver = hypervisors.find(({ name }) => name === hypervisor)
      if (known) known.console.wake()
      // One that is just being removed begins with a later look, or when it is asked for.
      else if (driver && !leaving.has(directoryOf(vnet, id))) begin(vnet, id, driver)
    }
  }

  /** Output of nodes that were removed while no agent was there. */
  const sweep = async (): Promise<void> => {
    const known = new Set(wanted.flatMap((slice) => nodesOf(slice).map(({ id }) => directoryOf(slice.vnet, id))))
    for (const vnet of await readdir(directory).catch(() => [])) {
      const nodes = (await readdir(join(directory, vnet)).catch(() => [])).map((node) => directoryOf(vnet, node))
      const left = nodes.filter((path) => !known.has(path))
      if (left.length === nodes.length) await remove(join(directory, vnet))
      else await Promise.all(left.map(remove))
    }
  }
  const swept = sweep().catch((error: unknown) => log.warn({ err: error }, 'output of consoles is left'))

  for (const slice of wanted) look(slice.vnet, slice)
  // A domain that starts is told of long before it is reported: its first words are kept too.
  for (const driver of hypervisors) {
    driver
      .watch((vnet, node) => {
        for (const kept of consoles.values()) {
          const isMeant = vnet === '' || (kept.vnet === vnet && kept.node === node)
          if (kept.hypervisor === driver.name && isMeant) kept.console.wake()
        }
      })
      .catch((error: unknown) => log.warn({ err: error, hypervisor: driver.name }, 'consoles are not told of nodes'))
  }

  const close = async (): Promise<void> => {
    isOver = true
    await Promise.all([...consoles.values()].map(({ console }) => console.close()))
    await Promise.all([swept, ...leaving.values()])
    await listener.then((started) => started.close()).catch(() => {})
  }

  return {
    look,
    move,
    open: async (vnet, node, attach) => {
      await leaving.get(directoryOf(vnet, node))
      const kept = consoles.get(keyOf(vnet, node))
      if (!kept) {
        throw new WeftError('node.unknown', `the console of node ${node} of ${vnet} is not there yet`, {
          object: `node/${node}`,
        })
      }
      await kept.console.ready()
      const { grant } = await listener
      return grant((socket) => kept.console.attach(socket, attach))
    },
    close: () => {
      closing ??= close()
      return closing
    },
  }
}
