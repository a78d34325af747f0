/** Routers of one lookup whose outputs are counted, and packets for them. */
import { readIpAddress } from '../../../../../click/arguments/addresses.ts'
import { testRun } from '../../../../ebpf/test-run.ts'
import { compile } from '../../../compile/compile.ts'
import { loadRouter, type Router } from '../../../router.ts'
import { graphOf } from '../../../test/support/compare.ts'

export const textOf = (className: string, routes: string, outputs: number): string => {
  const counters = Array.from({ length: outputs }, (_, port) => `r[${port}] -> c${port} :: Counter -> Discard;`)
  return `FromDevice(in) -> Strip(14) -> GetIPAddress(16) -> r :: ${className}(${routes}); ${counters.join(' ')}`
}

export const routerOf = (text: string): Router => loadRouter(compile(graphOf(text), { device: () => 1 }))

const frameTo = (address: number): Buffer => {
  const frame = Buffer.alloc(60)
  frame.writeUInt16BE(0x0800, 12)
  frame[14] = 0x45
  frame.writeUInt32BE(address, 30)
  return frame
}

export const send = (router: Router, address: string | number): void => {
  const [first] = router.programs
  if (!first) throw new Error('no program')
  const number = typeof address === 'number' ? address : (readIpAddress(address) ?? 0)
  testRun(first.program, { data: frameTo(number) })
}

export const counts = (router: Router, outputs: number): number[] =>
  Array.from({ length: outputs }, (_, port) => Number(router.read(`c${port}.count`)))
