/** The interfaces of a run, in a namespace of their own: frames are sent in one by one, and what leaves because of one is gathered. */
import { setTimeout as sleep } from 'node:timers/promises'
import { WeftError } from '../../../proto/errors.ts'
import { attachFilter } from '../../ebpf/clsact.ts'
import { have } from '../../ebpf/features.ts'
import { attachTcx, type Direction } from '../../ebpf/link.ts'
import { type BpfMap, createMap } from '../../ebpf/map.ts'
import { strideOf } from '../../ebpf/map-spec.ts'
import { type BpfProgram, loadProgram } from '../../ebpf/program.ts'
import { testRun } from '../../ebpf/test-run.ts'
import { openRoute } from '../../netlink/route.ts'
import type { LoadedProgram } from '../router.ts'
import { openNamespace } from './namespace.ts'
import {
  barrier,
  carrierBytes,
  guard,
  hostNoter,
  leaves,
  mostFrameBytes,
  mostFrames,
  noteHeader,
  noter,
  notesMap,
  progressMap,
  requestHeader,
  requestMap,
  sender,
  side,
} from './programs.ts'

export interface SentFrame {
  readonly device: string
  /** Whether it went to the host, as if it had arrived at the device, rather than out of the device. */
  readonly toHost: boolean
  readonly bytes: Buffer
}

export interface Wires {
  /** Index of the interface. */
  readonly index: (device: string) => number
  /** Puts a program where it says. */
  readonly attach: (program: LoadedProgram) => Promise<void>
  /** Notes what leaves from now on: once all programs are attached, as it stands behind them. */
  readonly watch: () => Promise<void>
  /** Sends a frame in, from a side of an interface, and gives what left, in order, once all is done. Throws WeftError where that is too much or takes too long. */
  readonly send: (device: string, from: keyof typeof side, frame: Uint8Array) => Promise<readonly SentFrame[]>
  readonly close: () => Promise<void>
}

/** No name that a configuration is likely to give. */
const barrierName = 'weft-barrier'
const mostMtu = 65_535
const patienceMs = 30_000

/** An interface for each of these names. They are bridges without ports: ends of no wire, so that nothing but what is sent in comes. */
export const openWires = async (devices: readonly string[]): Promise<Wires> => {
  const held: { close(): unknown }[] = []
  const close = async (): Promise<void> => {
    for (const each of held.splice(0).reverse()) await each.close()
  }
  try {
    const namespace = await openNamespace()
    held.push(namespace)
    const indices = await makeInterfaces(namespace.path, [...devices, barrierName])
    const create = (spec: typeof requestMap): BpfMap => {
      const map = createMap(spec)
      held.push(map)
      return map
    }
    const maps = { request: create(requestMap), progress: create(progressMap), notes: create(notesMap) }
    const load = (name: string, instructions: typeof sender): BpfProgram => {
      const program = loadProgram({ name, kind: 'tc', instructions }, { maps })
      held.push(program)
      return program
    }
    const index = (device: string): number => {
      const found = indices.get(device)
      if (found === undefined) throw new RangeError(`no interface ${device}`)
      return found
    }
    const attachAt = openAttachments(namespace.path, held)
    const attach = (device: string, program: BpfProgram, direction: Direction): Promise<void> =>
      attachAt(program, index(device), direction)
    const send = load('weft_send', sender)
    const note = load('weft_note', noter)
    const noteHost = load('weft_note_host', hostNoter)
    const guarded = load('weft_guard', guard)
    await attach(barrierName, load('weft_barrier', barrier), 'ingress')
    const names = new Map([...indices].map(([name, number]) => [number, name]))
    const request = new DataView(maps.request.memory())
    const progress = new BigUint64Array(maps.progress.memory())
    const notes = maps.notes.memory()
    request.setUint32(8, index(barrierName), true)
    return {
      index,
      attach: async ({ program, device, direction }) => {
        if (direction === 'egress') await attach(device, guarded, 'egress')
        await attach(device, program, direction)
      },
      watch: async () => {
        for (const device of devices) {
          await attach(device, note, 'egress')
          await attach(device, noteHost, 'ingress')
        }
      },
      send: async (device, from, frame) => {
        if (frame.length < 14 || frame.length > mostFrameBytes) {
          throw new WeftError(
            'not-supported',
            `a frame of ${frame.length} bytes: 14 to ${mostFrameBytes} can be sent in`,
          )
        }
        request.setUint32(0, index(device), true)
        request.setUint32(4, frame.length, true)
        request.setUint32(12, side[from], true)
        new Uint8Array(request.buffer, requestHeader, frame.length).set(frame)
        progress[0] = 0n
        const before = progress[1] ?? 0n
        const { result } = testRun(send, { data: new Uint8Array(carrierBytes), namespace: namespace.path })
        if (result !== 0)
          throw new WeftError('datapath.failed', `the kernel does not take a frame in at ${device} (${result})`)
        await until(() => progress[1] !== before)
        return gather(notes, Number(progress[0] ?? 0n), (number) => names.get(number) ?? '')
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

type Attach = (program: BpfProgram, interfaceIndex: number, direction: Direction) => Promise<void>

/** By TCX, or before Linux 6.6 as filters, which end with their interfaces. */
const openAttachments = (namespace: string, held: { close(): unknown }[]): Attach => {
  if (have('tcx')) {
    return async (program, interfaceIndex, direction) => {
      held.push(attachTcx(program, { interfaceIndex, namespace }, direction))
    }
  }
  const route = openRoute({ namespace })
  held.push(route)
  let priority = 0
  return (program, interfaceIndex, direction) =>
    attachFilter(route, program, { interfaceIndex, direction, priority: ++priority, handle: 1 })
}

/** Interfaces for devices: their names are our own, as a capture's device may be called what no interface can be, or as one that is there (`lo`). */
const makeInterfaces = async (path: string, devices: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const route = openRoute({ namespace: path })
  const named = devices.map((device, i) => ({ device, name: `weft${i}` }))
  try {
    for (const { name } of named) {
      await route.addLink({ name, mtu: mostMtu, info: { kind: 'bridge' } })
      // Without an address of its own it has nothing to say.
      await route.setLink(name, { addressGeneration: 1 })
      await route.setLink(name, { up: true })
    }
    const indices = new Map((await route.links()).map(({ name, index }) => [name, index]))
    return new Map(named.map(({ device, name }) => [device, indices.get(name) ?? 0]))
  } finally {
    route.close()
  }
}

/** The barrier comes behind the frame in the same queue, mostly before the call returns. */
const until = async (done: () => boolean): Promise<void> => {
  const deadline = performance.now() + patienceMs
  for (let waits = 0; !done(); waits++) {
    if (performance.now() > deadline) throw new WeftError('internal', 'the kernel did not get done with a frame')
    await sleep(waits < 10 ? 0 : 5)
  }
}

const gather = (notes: ArrayBuffer, count: number, name: (index: number) => string): readonly SentFrame[] => {
  if (count > mostFrames) throw new WeftError('not-supported', `more than ${mostFrames} frames leave because of one`)
  const view = new DataView(notes)
  return Array.from({ length: count }, (_, i): SentFrame => {
    const at = i * strideOf(notesMap)
    const length = view.getUint32(at + 8, true)
    return {
      device: name(view.getUint32(at, true)),
      toHost: view.getUint32(at + 4, true) === leaves.toHost,
      bytes: Buffer.from(new Uint8Array(notes, at + noteHeader, length)),
    }
  })
}
