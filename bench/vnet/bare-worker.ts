/**
 * Runs in a host of the bench, in its namespaces: makes and removes what a slice says by direct calls, on requests that come as lines of
 * JSON on standard input, and answers each with a line on standard output. Its start is no part of what is measured.
 */
import { createInterface } from 'node:readline'
import { readBootId } from '../../agent/boot-id.ts'
import { parallelContainers } from '../../agent/hypervisor/drivers.ts'
import { vifName } from '../../agent/hypervisor/vifs.ts'
import { openRoute } from '../../agent/netlink/route.ts'
import { limit } from '../../agent/reconcile/limit.ts'
import { loadLibvirt } from '../../native/libvirt.ts'
import { fromJson } from '../../proto/codec.ts'
import type { Slice } from '../../proto/generated/weft.v1.ts'
import { buildLinks, joinVif, removeLinks, sendAll } from './bare-links.ts'
import { type BareHost, configureNode, prepareHost, removeNode, startNode } from './bare-nodes.ts'
import { hostState } from './state.ts'

export type BareRequest =
  /** A slice as canonical JSON, and the slots of its nodes. */
  | { readonly do: 'prepare'; readonly slice: unknown; readonly slots: Readonly<Record<string, number>> }
  | { readonly do: 'hello' | 'build' | 'remove' | 'state' }

export interface BareReply {
  readonly error?: string
  /** Of build and remove: since the request came, by what was done then. */
  readonly seconds?: Readonly<Record<string, number>>
  readonly state?: readonly string[]
}

const stateDir = '/var/lib/weft'
process.umask(0o022)
const connection = await loadLibvirt().connect('lxc:///system', { threads: parallelContainers() + 2 })
const host: BareHost = { connection, route: openRoute(), stateDir, bootId: await readBootId() }
const { route } = host
let slice: Slice | undefined
let slots: Readonly<Record<string, number>> = {}

const prepared = (): Slice => {
  if (slice === undefined) throw new Error('there is no slice yet')
  return slice
}

const clock = () => {
  const started = performance.now()
  return (): number => (performance.now() - started) / 1000
}

const build = async (): Promise<BareReply> => {
  const { vnet, nodes, ...rest } = prepared()
  const seconds = clock()
  const links = buildLinks(route, prepared())
  // Whoever waits for it below is told.
  links.catch(() => undefined)
  const aFew = limit(parallelContainers())
  await Promise.all(
    nodes.map(async (node) => {
      const spec = { vnet, node, slot: slots[node.id] ?? 0 }
      const vifs = await aFew(() => startNode(host, spec))
      const indices = await links
      const join = async (): Promise<void> => {
        const requests = node.interfaces.flatMap(({ index }) => {
          const name = vifName(spec.slot, index)
          return joinVif({ vnet, nodes, ...rest }, node.id, { index, name, ifindex: vifs.get(name) ?? 0 }, indices)
        })
        await sendAll(route, requests)
      }
      await Promise.all([join(), configureNode(host, spec)])
    }),
  )
  return { seconds: { all: seconds() } }
}

const remove = async (): Promise<BareReply> => {
  const { vnet, nodes } = prepared()
  const seconds = clock()
  const aFew = limit(parallelContainers())
  await Promise.all([removeLinks(route, prepared()), ...nodes.map(({ id }) => aFew(() => removeNode(host, vnet, id)))])
  return { seconds: { all: seconds() } }
}

const answer = async (request: BareRequest): Promise<BareReply> => {
  switch (request.do) {
    case 'hello':
      return {}
    case 'prepare':
      slice = fromJson('Slice', request.slice)
      slots = request.slots
      await prepareHost(host, slice.vnet)
      return {}
    case 'build':
      return build()
    case 'remove':
      return remove()
    case 'state':
      return { state: await hostState(route, connection, stateDir) }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line) as BareRequest).catch(
    (error: Error): BareReply => ({ error: error.stack ?? error.message }),
  )
  process.stdout.write(`${JSON.stringify(reply)}\n`)
}
route.close()
await connection.close()
