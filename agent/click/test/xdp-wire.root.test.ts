/** An XDP program at a real interface: what it redirects and what it passes on arrives. */
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { exit, mov, type Program } from '../../ebpf/asm/asm.ts'
import { missing } from '../../ebpf/features.ts'
import { attachTcx, attachXdp } from '../../ebpf/link.ts'
import { createMap } from '../../ebpf/map.ts'
import { strideOf } from '../../ebpf/map-spec.ts'
import { loadProgram } from '../../ebpf/program.ts'
import { testRun } from '../../ebpf/test-run.ts'
import { openRoute } from '../../netlink/route.ts'
import { compile } from '../compile/compile.ts'
import { loadRouter } from '../router.ts'
import { openNamespace } from '../run/namespace.ts'
import {
  carrierBytes,
  hostNoter,
  noteHeader,
  notesMap,
  progressMap,
  requestHeader,
  requestMap,
  sender,
  side,
} from '../run/programs.ts'
import { graphOf } from './support/compare.ts'

const skip = missing('bpf')?.message ?? missing('tcx')?.message ?? false
const pass: Program = [mov('r0', 2), exit()]

t.test(
  'frames that an XDP program sends and passes on arrive as they should be',
  { skip, timeout: 120_000 },
  async (t) => {
    const namespace = await openNamespace()
    t.teardown(() => namespace.close())
    const route = openRoute({ namespace: namespace.path })
    t.teardown(() => route.close())
    for (const name of ['in', 'out']) {
      await route.addLink({ name, info: { kind: 'veth', peer: { name: `${name}-far` } } })
      for (const end of [name, `${name}-far`]) {
        await route.setLink(end, { addressGeneration: 1 })
        await route.setLink(end, { up: true })
      }
    }
    const indices = new Map((await route.links()).map(({ name, index }) => [name, index]))
    const index = (name: string): number => indices.get(name) ?? 0
    const place = (name: string) => ({ interfaceIndex: index(name), namespace: namespace.path })

    const maps = { request: createMap(requestMap), progress: createMap(progressMap), notes: createMap(notesMap) }
    for (const map of Object.values(maps)) t.teardown(() => map.close())
    const load = (name: string, instructions: Program, kind: 'tc' | 'xdp' = 'tc') => {
      const program = loadProgram({ name, kind, instructions }, { maps })
      t.teardown(() => program.close())
      return program
    }
    const graph = graphOf(
      `FromDevice(in, ATTACH xdp) -> c :: Classifier(12/0800, -);
     c[0] -> Strip(14) -> EtherEncap(0x0800, 2:0:0:0:0:8, 2:0:0:0:0:9) -> ToDevice(out); c[1] -> ToHost`,
    )
    const router = loadRouter(compile(graph, { device: index }))
    t.teardown(() => router.close())
    for (const { program, device, direction, hook } of router.programs) {
      const link =
        hook === 'xdp' ? attachXdp(program, place(device), 'native') : attachTcx(program, place(device), direction)
      t.teardown(() => link.close())
    }
    // A veth takes frames from XDP where its other end has a program, too.
    const taking = attachXdp(load('take', pass, 'xdp'), place('out-far'), 'native')
    t.teardown(() => taking.close())
    const note = load('note', hostNoter)
    for (const name of ['in', 'out-far']) {
      const link = attachTcx(note, place(name), 'ingress')
      t.teardown(() => link.close())
    }

    const send = load('send', sender)
    const request = new DataView(maps.request.memory())
    const progress = new BigUint64Array(maps.progress.memory())
    const notes = new DataView(maps.notes.memory())
    const sent = async (frame: Buffer, count: bigint) => {
      request.setUint32(0, index('in-far'), true)
      request.setUint32(4, frame.length, true)
      request.setUint32(8, index('in-far'), true)
      request.setUint32(12, side.host, true)
      new Uint8Array(request.buffer, requestHeader, frame.length).set(frame)
      testRun(send, { data: new Uint8Array(carrierBytes), namespace: namespace.path })
      for (let tries = 0; (progress[0] ?? 0n) < count && tries < 2000; tries++) await sleep(5)
      const at = Number(count - 1n) * strideOf(notesMap)
      const bytes = Buffer.from(notes.buffer, at + noteHeader, notes.getUint32(at + 8, true)).toString('hex')
      return { at: notes.getUint32(at, true), bytes }
    }
    const payload = '45'.padEnd(100, '0')
    t.same(await sent(Buffer.from(`0200000000010200000000020800${payload}`, 'hex'), 1n), {
      at: index('out-far'),
      bytes: `0200000000090200000000080800${payload}`,
    })
    const arp = `ffffffffffff0200000000020806${payload}`
    t.same(await sent(Buffer.from(arp, 'hex'), 2n), { at: index('in'), bytes: arp })
  },
)
