/**
 * Keeps a forwarding router, and somebody who follows the node's routes, for each node of this host that asks for it. Routers are pinned and recorded as
 * those of vifs are: they go on by what they know while the agent is away, and one that starts finds them.
 */
import { mkdir } from 'node:fs/promises'
import { WeftError } from '../../proto/errors.ts'
import type { Slice, SliceNode } from '../../proto/generated/weft.v1.ts'
import { readConfiguration } from '../click/service/configuration.ts'
import { putRouter, removeRouter } from '../click/service/put.ts'
import { clickService } from '../click/service/service.ts'
import { mountBpffs } from '../ebpf/pins.ts'
import type { ObservedNode } from '../hypervisor/driver.ts'
import type { Link } from '../netlink/link/link.ts'
import { openRoute, type RouteSocket } from '../netlink/route.ts'
import { type Follower, follow } from './follow.ts'
import type { GuestInterface } from './tables.ts'
import { type ForwardingInterface, forwardingMode, forwardingText } from './text.ts'

export interface ForwardingOptions {
  /** Path of the network namespace that is Dom0's; the process's own without it. */
  readonly namespace?: string | undefined
  readonly directory: string
  readonly bpffs: string
  /** Something about a VNet is worth another look. */
  readonly changed: (vnet: string) => void
}

export interface ForwardingKeeper {
  /**
   * Makes routers and followers of a VNet what they shall be; idempotent. What cannot be done is told by node, and is done when it is asked for again.
   * Calls for one VNet are not made at the same time.
   */
  look(vnet: string, slice: Slice | undefined, nodes: readonly ObservedNode[]): Promise<ReadonlyMap<string, WeftError>>
  /** Routers stay. */
  close(): void
}

interface Kept {
  /** What it follows: another one is followed anew. */
  readonly key: string
  readonly follower: Follower
  problem: Error | undefined
}

const routerOf = (vnet: string, node: string): string => `${vnet}@${node}`

export const forwardingKeeper = ({ namespace, directory, bpffs, changed }: ForwardingOptions): ForwardingKeeper => {
  const service = clickService({ namespace, directory, bpffs, group: 'forwarding' })
  const followers = new Map<string, Kept>()
  /** Text of routers that are there, by name; read when it is first asked for. */
  let routers: Promise<Map<string, string>> | undefined
  let socket: RouteSocket | undefined

  const route = (): RouteSocket => {
    if (socket === undefined || socket.closed) socket = openRoute({ namespace })
    return socket
  }

  const readRouters = async (): Promise<Map<string, string>> => {
    const found = await service.list()
    // One that is not whole is made anew.
    return new Map(found.map(({ name, state, text }) => [name, state === 'running' ? text : '']))
  }

  const stopFollowing = (router: string): void => {
    followers.get(router)?.follower.close()
    followers.delete(router)
  }

  const remove = async (router: string, known: Map<string, string>): Promise<void> => {
    stopFollowing(router)
    if (!known.has(router)) return
    await removeRouter(service, router)
    known.delete(router)
  }

  const put = async (router: string, text: string, file: string, known: Map<string, string>): Promise<void> => {
    const before = known.get(router)
    if (before === text) return
    stopFollowing(router)
    await mkdir(bpffs, { recursive: true, mode: 0o700 })
    await mountBpffs(bpffs)
    await putRouter(service, router, readConfiguration(text, file))
    known.set(router, text)
  }

  const followNode = async (
    vnet: string,
    router: string,
    node: ObservedNode,
    interfaces: readonly GuestInterface[],
  ) => {
    const path = await node.networkNamespace?.()
    if (path === undefined) throw failed(node.id, 'its network namespace cannot be found', 'a container that runs')
    const key = JSON.stringify([path, interfaces])
    const before = followers.get(router)
    if (before?.key === key) return before
    stopFollowing(router)
    const onState = (problem: Error | undefined): void => {
      const kept = followers.get(router)
      if (kept === undefined || kept.problem?.message === problem?.message) return
      kept.problem = problem
      changed(vnet)
    }
    const kept: Kept = {
      key,
      follower: follow({ namespace: path, service, router, interfaces, onState }),
      problem: undefined,
    }
    followers.set(router, kept)
    return kept
  }

  const forward = async (
    vnet: string,
    wanted: SliceNode,
    node: ObservedNode,
    known: Map<string, string>,
  ): Promise<void> => {
    const router = routerOf(vnet, wanted.id)
    const ends = await endsOf(route(), wanted, node)
    if (ends === undefined) return remove(router, known)
    await put(router, forwardingText(wanted.id, ends), `${vnet}/${wanted.id}`, known)
    const { problem } = await followNode(
      vnet,
      router,
      node,
      ends.map(({ index, link, mac }) => ({ index, link, mac })),
    )
    if (problem) throw problem
  }

  return {
    look: async (vnet, slice, nodes) => {
      const wanted = new Map(
        (slice?.nodes ?? []).filter(({ forwarding }) => forwarding === forwardingMode).map((node) => [node.id, node]),
      )
      const problems = new Map<string, WeftError>()
      routers ??= readRouters()
      const known = await routers.catch((error: unknown) => {
        routers = undefined
        throw error
      })
      const attempt = async (node: string, work: () => Promise<void>): Promise<void> => {
        try {
          await work()
        } catch (error) {
          problems.set(node, error instanceof WeftError ? error : failed(node, (error as Error).message, '', error))
        }
      }
      for (const [id, node] of wanted) {
        const observed = nodes.find((one) => one.id === id && one.running)
        await attempt(id, () =>
          observed === undefined ? remove(routerOf(vnet, id), known) : forward(vnet, node, observed, known),
        )
      }
      for (const router of [...known.keys()]) {
        const [of, id = ''] = router.split('@')
        if (of === vnet && !wanted.has(id)) await attempt(id, () => remove(router, known))
      }
      return problems
    },

    close: () => {
      for (const router of [...followers.keys()]) stopFollowing(router)
      socket?.close()
    },
  }
}

const failed = (node: string, why: string, hint = '', cause?: unknown): WeftError =>
  new WeftError('datapath.failed', `Dom0 cannot forward for node ${node}: ${why}`, {
    object: `node/${node}`,
    hint,
    cause,
  })

type End = ForwardingInterface & GuestInterface

/** Its interfaces that links join, where all their vifs are there; undefined before. */
const endsOf = async (
  route: RouteSocket,
  { interfaces }: SliceNode,
  { vifs }: ObservedNode,
): Promise<readonly End[] | undefined> => {
  const ends: End[] = []
  for (const { index, mac, nic, forwarding } of interfaces) {
    if (nic !== '' || forwarding !== 'click') continue
    const name = vifs.find((vif) => vif.index === index)?.name
    const link: Link | undefined = name === undefined ? undefined : await route.link(name)
    if (name === undefined || link?.lower === undefined) return undefined
    const vif = { name, index: link.index }
    ends.push({ index, vif, mac: mac.toLowerCase(), mtu: link.mtu, link: link.lower })
  }
  return ends
}
