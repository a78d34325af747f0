/** Runs a configuration as an XDP program on frames, and by the reference. */
import { testRun } from '../../../ebpf/test-run.ts'
import { compile } from '../../compile/compile.ts'
import { verdict } from '../../compile/verdict.ts'
import { loadRouter } from '../../router.ts'
import { interpret } from '../reference/interpret.ts'
import { graphOf } from './compare.ts'
import type { TestConfiguration } from './configurations.ts'
import { settleTimes } from './settle.ts'

/** What a run gives to an XDP program in one buffer: a page less the room before and behind (XDP_PACKET_HEADROOM, skb_shared_info). */
export const mostXdpFrame = 4096 - 256 - 320

/** XDP_REDIRECT */
const redirected = 4

interface Comparison {
  readonly kernel: Readonly<Record<string, unknown>>
  readonly reference: Readonly<Record<string, unknown>>
  readonly sentCount: number
}

/** Frames at each device in its turn; what left, as `device: bytes`. Which ToDevice it was, its count says. */
export const compareXdp = (
  { text, handlers = [], devices = ['in'] }: TestConfiguration,
  frames: readonly Buffer[],
): Comparison => {
  const graph = graphOf(text)
  const router = loadRouter(compile(graph, { device: () => 1, hook: () => 'xdp' }))
  try {
    const fromMs = Date.now() - 1000
    const toDevices = router.elements.filter(({ element }) => element.class === 'ToDevice')
    const counts = (): readonly bigint[] => toDevices.map(({ element }) => BigInt(router.read(`${element.name}.count`)))
    const deviceOf = (number: number): string => devices[number % devices.length] ?? ''
    const left: { device: string; bytes: Buffer; cause: number }[] = []
    frames.forEach((data, cause) => {
      const program = router.programs.find(({ hook, device }) => hook === 'xdp' && device === deviceOf(cause))
      if (!program) throw new RangeError(`no program of ${deviceOf(cause)}`)
      const before = counts()
      const { result, data: bytes } = testRun(program.program, { data })
      if (result === verdict.xdp.pass) left.push({ device: '', bytes, cause })
      if (result !== redirected) return
      const after = counts()
      const by = toDevices.find((_, i) => after[i] !== before[i])
      left.push({ device: String(by?.configured.values['DEVNAME']), bytes, cause })
    })
    const outcome = interpret(
      graph,
      frames.map((bytes, i) => ({ device: deviceOf(i), bytes })),
    )
    const toMs = Date.now() + 1000
    const expected = [...outcome.sent, ...outcome.delivered].sort((one, other) => one.cause - other.cause)
    const print = (list: typeof left): readonly string[] =>
      list.map(({ cause, device, bytes }) => `${cause} ${device}: ${bytes.toString('hex')}`)
    const settled = expected.map((frame, i) => ({
      ...frame,
      bytes: settleTimes(frame.bytes, left[i]?.bytes ?? Buffer.alloc(0), fromMs, toMs),
    }))
    const read = (of: (name: string) => string) => Object.fromEntries(handlers.map((name) => [name, of(name)]))
    return {
      kernel: { left: print(left), handlers: read(router.read) },
      reference: { left: print(settled), handlers: read(outcome.handler) },
      sentCount: expected.length,
    }
  } finally {
    router.close()
  }
}
