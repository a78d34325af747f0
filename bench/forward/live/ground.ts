/**
 * Where packets are forwarded live: a namespace of a router with an input and an output for each flow, and one of the ends, joined by veths.
 *
 *     ends: source0 ── in0 [router] out0 ── sink0      as often as there are flows
 *
 * The namespaces last as long as this process at most.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { openNamespace } from '../../../agent/click/run/namespace.ts'
import { openRoute, type RouteSocket } from '../../../agent/netlink/route.ts'

/** A flow's way through the router. Names are the same in every run; indexes are of the namespace that the interface is in. */
export interface Way {
  readonly input: string
  readonly output: string
  /** Ethernet addresses: of the source, the input, the output and the sink. */
  readonly sourceMac: string
  readonly inputMac: string
  readonly outputMac: string
  readonly sinkMac: string
  /** The source's address, and the next hop's behind the output, whose networks are /24. */
  readonly sourceAddress: string
  readonly inputAddress: string
  readonly outputAddress: string
  readonly nextHop: string
  readonly sourceIndex: number
  readonly inputIndex: number
  readonly outputIndex: number
  readonly sinkIndex: number
}

export interface Ground {
  readonly ways: readonly Way[]
  /** Paths of the namespaces. */
  readonly router: string
  readonly ends: string
  /** Of the router's namespace. */
  readonly route: RouteSocket
  /** Runs a command in the router's namespace. Rejects with what it said where it fails. */
  readonly run: (...command: readonly string[]) => Promise<void>
  readonly close: () => Promise<void>
}

const hex = (value: number): string => value.toString(16).padStart(2, '0')

const mtu = 1500

/** Rejects with WeftError not-supported where namespaces cannot be made, NetlinkError. */
export const openGround = async (flows: number): Promise<Ground> => {
  const held: { close(): unknown }[] = []
  const close = async (): Promise<void> => {
    for (const each of held.splice(0).reverse()) await each.close()
  }
  const hold = <T extends { close(): unknown }>(one: T): T => {
    held.push(one)
    return one
  }
  try {
    const router = hold(await openNamespace()).path
    const ends = hold(await openNamespace()).path
    const route = hold(openRoute({ namespace: router }))
    const far = hold(openRoute({ namespace: ends }))
    const run = (...command: readonly string[]): Promise<void> => runIn(router, command)
    // No address of IPv6, no neighbour discovery: nothing but what is sent moves.
    await run(
      'sh',
      '-c',
      'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6',
    )
    await runIn(ends, ['sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'])
    const ways: Way[] = []
    const descriptor = openSync(ends, 'r')
    try {
      for (let i = 0; i < flows; i++) ways.push(await makeWay(route, far, descriptor, i))
    } finally {
      closeSync(descriptor)
    }
    return { ways, router, ends, route, run, close }
  } catch (error) {
    await close()
    throw error
  }
}

const makeWay = async (router: RouteSocket, ends: RouteSocket, endsDescriptor: number, i: number): Promise<Way> => {
  const mac = (side: 1 | 2, end: 1 | 2): string => `02:00:00:${hex(side)}:${hex(i)}:${hex(end)}`
  const names = { input: `in${i}`, output: `out${i}`, source: `source${i}`, sink: `sink${i}` }
  const join = async (name: string, own: string, far: string, farMac: string): Promise<void> => {
    const peer = { name: far, mac: farMac, mtu, namespace: { fd: endsDescriptor } }
    await router.addLink({ name, mac: own, mtu, info: { kind: 'veth', peer } })
    await router.setLink(name, { up: true })
    await ends.setLink(far, { up: true })
  }
  await join(names.input, mac(1, 1), names.source, mac(1, 2))
  await join(names.output, mac(2, 1), names.sink, mac(2, 2))
  const indexOf = async (of: RouteSocket, name: string): Promise<number> => {
    const link = await of.link(name)
    if (!link) throw new Error(`the interface ${name} is gone`)
    return link.index
  }
  return {
    input: names.input,
    output: names.output,
    sourceMac: mac(1, 2),
    inputMac: mac(1, 1),
    outputMac: mac(2, 1),
    sinkMac: mac(2, 2),
    sourceAddress: `10.100.${i}.2`,
    inputAddress: `10.100.${i}.1`,
    outputAddress: `10.200.${i}.1`,
    nextHop: `10.200.${i}.2`,
    sourceIndex: await indexOf(ends, names.source),
    inputIndex: await indexOf(router, names.input),
    outputIndex: await indexOf(router, names.output),
    sinkIndex: await indexOf(ends, names.sink),
  }
}

const runIn = async (namespace: string, command: readonly string[]): Promise<void> => {
  const child = spawn('nsenter', [`--net=${namespace}`, '--', ...command], { stdio: ['ignore', 'ignore', 'pipe'] })
  const said: Buffer[] = []
  child.stderr.on('data', (data: Buffer) => said.push(data))
  const [status] = await once(child, 'close')
  if (status !== 0)
    throw new Error(`${command.join(' ')}: ${Buffer.concat(said).toString().trim() || `status ${status}`}`)
}
