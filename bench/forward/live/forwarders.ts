/** What forwards between the interfaces of the ground: nothing (the floor), Weft's router, the kernel's, bridges, Click's own. */

import { exit, mov } from '../../../agent/ebpf/asm/asm.ts'
import { attachTcx, attachXdp, type BpfLink } from '../../../agent/ebpf/link.ts'
import { createMap } from '../../../agent/ebpf/map.ts'
import { type BpfProgram, loadProgram } from '../../../agent/ebpf/program.ts'
import { addRoute } from '../../../agent/netlink/routing.ts'
import { NetlinkError } from '../../../agent/netlink/socket/error.ts'
import { compileC } from '../clang.ts'
import { countersMap, definitionsOf, writings } from '../contenders.ts'
import { formatAddress, type Hook, type RouterPlan } from '../router.ts'
import type { Route } from '../routes.ts'
import { loadWeft } from '../weft.ts'
import { startClick } from './click.ts'
import type { Ground, Way } from './ground.ts'
import type { Sink } from './sink.ts'

export const forwarderNames = ['floor', 'weft', 'c', 'kernel', 'bridge', 'xdp-floor', 'weft-xdp', 'click'] as const
export type ForwarderName = (typeof forwarderNames)[number]

export interface Place {
  readonly ground: Ground
  readonly sink: Sink
  readonly routes: readonly Route[]
  /** Path of userlevel Click. */
  readonly click: string | undefined
}

export interface Running {
  /** How many packets it says that it forwarded; undefined where it does not count. */
  readonly counted?: () => Promise<number>
  /** ns of processor time that it took in processes of its own. */
  readonly processNs?: () => number
  readonly close: () => Promise<void>
}

export interface Forwarder {
  readonly name: ForwarderName
  readonly title: string
  /** At which hook packets come and go: those of XDP never become socket buffers. */
  readonly hook: Hook
  /** What a source must address. */
  readonly target: (way: Way) => string
  readonly start: (place: Place) => Promise<Running>
}

interface Attached {
  readonly tc: (program: BpfProgram, namespace: string, interfaceIndex: number) => void
  readonly xdp: (program: BpfProgram, namespace: string, interfaceIndex: number) => void
  readonly hold: <T extends { close(): unknown }>(one: T) => T
  readonly close: () => Promise<void>
}

const attaching = (): Attached => {
  const held: { close(): unknown }[] = []
  const links: BpfLink[] = []
  const hold = <T extends { close(): unknown }>(one: T): T => {
    held.push(one)
    return one
  }
  return {
    tc: (program, namespace, interfaceIndex) => {
      links.push(attachTcx(program, { namespace, interfaceIndex }, 'ingress'))
    },
    xdp: (program, namespace, interfaceIndex) => {
      links.push(attachXdp(program, { namespace, interfaceIndex }, 'native'))
    },
    hold,
    close: async () => {
      for (const link of links.splice(0).reverse()) {
        link.detach()
        link.close()
      }
      for (const each of held.splice(0).reverse()) await each.close()
    },
  }
}

/** A veth takes frames of the source's kind (XDP) only where its far end has a program of XDP. */
const takeFrames = (attached: Attached, { ground }: Place): void => {
  const pass = attached.hold(loadProgram({ name: 'weft_pass', kind: 'xdp', instructions: [mov('r0', 2), exit()] }))
  for (const { inputIndex } of ground.ways) attached.xdp(pass, ground.router, inputIndex)
}

const sinkAtEnds = (attached: Attached, hook: Hook, { ground, sink }: Place): void => {
  ground.ways.forEach(({ sinkIndex }, i) => {
    attached[hook](sink.program(hook, i), ground.ends, sinkIndex)
  })
}

/** Undone as a whole where a step fails. */
const running = async (build: (attached: Attached) => Promise<Omit<Running, 'close'>>): Promise<Running> => {
  const attached = attaching()
  try {
    return { ...(await build(attached)), close: attached.close }
  } catch (error) {
    await attached.close()
    throw error
  }
}

const startFloor = (hook: Hook) => (place: Place) =>
  running(async (attached) => {
    const { ground, sink } = place
    if (hook === 'tc') takeFrames(attached, place)
    ground.ways.forEach(({ inputIndex }, i) => {
      attached[hook](sink.program(hook, i), ground.router, inputIndex)
    })
    return {}
  })

export const planOfGround = ({ ground, routes }: Pick<Place, 'ground' | 'routes'>): RouterPlan => ({
  inputs: ground.ways.map(({ input }) => input),
  outputs: ground.ways.map(({ output, outputMac, sinkMac }) => ({ device: output, from: outputMac, to: sinkMac })),
  routes,
})

const sum = (values: readonly number[]): number => values.reduce((one, other) => one + other, 0)

const indexesOf = ({ ways }: Ground): ((name: string) => number) => {
  const indexes = new Map(
    ways.flatMap(({ input, inputIndex, output, outputIndex }) => [
      [input, inputIndex],
      [output, outputIndex],
    ]),
  )
  return (name) => {
    const index = indexes.get(name)
    if (index === undefined) throw new RangeError(`no interface ${name}`)
    return index
  }
}

const startWeft = (hook: Hook) => (place: Place) =>
  running(async (attached) => {
    const { ground } = place
    if (hook === 'tc') takeFrames(attached, place)
    const device = indexesOf(ground)
    const router = attached.hold(loadWeft(planOfGround(place), { device, hook }))
    for (const { device: name, program } of router.programs) attached[hook](program, ground.router, device(name))
    sinkAtEnds(attached, hook, place)
    const sent = ground.ways.map((_, i) => `out${i}/to.count`)
    return { counted: async () => sum(sent.map((name) => Number(router.read(name)))) }
  })

/** By hand, one program at all inputs. Its table is filled by the compiled router, which is attached nowhere. */
const startC = (place: Place) =>
  running(async (attached) => {
    const { ground } = place
    takeFrames(attached, place)
    const plan = planOfGround(place)
    const device = indexesOf(ground)
    const { table, tableDefinitions } = attached.hold(loadWeft(plan, { device, hook: 'tc' }))
    const counters = attached.hold(createMap(countersMap))
    const instructions = await compileC({ ...definitionsOf(plan, 'tc', device), ...tableDefinitions, ...writings.c })
    const program = attached.hold(
      loadProgram({ name: 'forward', kind: 'tc', instructions }, { maps: { table, counters } }),
    )
    for (const { inputIndex } of ground.ways) attached.tc(program, ground.router, inputIndex)
    sinkAtEnds(attached, 'tc', place)
    const memory = new BigUint64Array(counters.memory())
    return { counted: async () => Number(memory[1] ?? 0n) }
  })

const startKernel = (place: Place) =>
  running(async (attached) => {
    const { ground, routes } = place
    const { route, ways } = ground
    takeFrames(attached, place)
    const set = (values: Readonly<Record<string, number>>): Promise<void> =>
      ground.run(
        'sh',
        '-c',
        Object.entries(values)
          .map(([path, value]) => `echo ${value} >/proc/sys/net/ipv4/${path}`)
          .join(';'),
      )
    await set({ ip_forward: 1, 'conf/all/rp_filter': 0, 'conf/all/send_redirects': 0 })
    attached.hold({ close: () => set({ ip_forward: 0 }) })
    for (const { inputIndex, inputAddress, outputIndex, outputAddress, nextHop, sinkMac } of ways) {
      await route.addAddress(inputIndex, `${inputAddress}/24`)
      attached.hold({ close: () => route.deleteAddress(inputIndex, `${inputAddress}/24`) })
      await route.addAddress(outputIndex, `${outputAddress}/24`)
      // Its routes and neighbours go with the address.
      attached.hold({ close: () => route.deleteAddress(outputIndex, `${outputAddress}/24`) })
      await route.addNeighbour(outputIndex, nextHop, sinkMac)
      attached.hold({ close: () => route.deleteNeighbour(outputIndex, nextHop) })
    }
    const outcomes = await route.batch(
      routes.map(({ address, length, output }) => {
        const way = ways[output]
        return addRoute({
          destination: `${formatAddress(address)}/${length}`,
          gateway: way?.nextHop ?? '',
          index: way?.outputIndex ?? 0,
        })
      }),
    )
    const failure = outcomes.find((outcome) => outcome instanceof NetlinkError)
    if (failure) throw failure
    sinkAtEnds(attached, 'tc', place)
    return {}
  })

const startBridge = (place: Place) =>
  running(async (attached) => {
    const { ground } = place
    const { route, ways } = ground
    takeFrames(attached, place)
    for (const [i, { inputIndex, outputIndex, output, sinkMac }] of ways.entries()) {
      const name = `bridge${i}`
      await route.addLink({ name, info: { kind: 'bridge', forwardDelayTicks: 0, multicastSnooping: false } })
      attached.hold({ close: () => route.deleteLink(name) })
      for (const index of [inputIndex, outputIndex])
        await route.setLink(index, { master: (await route.link(name))?.index ?? 0 })
      await route.setLink(name, { up: true })
      await ground.run('bridge', 'fdb', 'replace', sinkMac, 'dev', output, 'master', 'static')
    }
    // A kernel with br_netfilter takes each packet through IP's hooks otherwise.
    await ground.run('sh', '-c', 'for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo 0 >$f; done')
    sinkAtEnds(attached, 'tc', place)
    return {}
  })

const startUserlevel = (place: Place) =>
  running(async (attached) => {
    if (place.click === undefined) throw new Error('no userlevel Click')
    takeFrames(attached, place)
    const click = attached.hold(await startClick(place.click, planOfGround(place), place.ground.router))
    sinkAtEnds(attached, 'tc', place)
    return { counted: click.sent, processNs: click.processNs }
  })

const toRouter = ({ inputMac }: Way): string => inputMac

export const forwarders: readonly Forwarder[] = [
  { name: 'floor', title: 'source and sink', hook: 'tc', target: toRouter, start: startFloor('tc') },
  { name: 'weft', title: 'Weft, TCX', hook: 'tc', target: toRouter, start: startWeft('tc') },
  { name: 'c', title: 'C by hand, TCX', hook: 'tc', target: toRouter, start: startC },
  { name: 'kernel', title: 'kernel routing', hook: 'tc', target: toRouter, start: startKernel },
  { name: 'bridge', title: 'Linux bridge', hook: 'tc', target: ({ sinkMac }) => sinkMac, start: startBridge },
  { name: 'xdp-floor', title: 'source and sink, XDP', hook: 'xdp', target: toRouter, start: startFloor('xdp') },
  { name: 'weft-xdp', title: 'Weft, XDP', hook: 'xdp', target: toRouter, start: startWeft('xdp') },
  { name: 'click', title: 'userlevel Click', hook: 'tc', target: toRouter, start: startUserlevel },
]
