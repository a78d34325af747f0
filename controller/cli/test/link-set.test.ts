import t, { type Test } from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import type { VNetRequest } from '../../../proto/generated/weft.v1.ts'
import { changeLink, type LinkChanges } from '../change-link.ts'
import { play, shop, weft } from './support.ts'

/** A VNO of one VNet: what stands has addresses that were allocated, what was asked for has none. */
const playing = async (t: Test, fail?: () => Error) => {
  const { request: stands, ...state } = shop()
  if (!stands) throw new Error('the shop has a request')
  const asked: VNetRequest = {
    ...stands,
    nodes: stands.nodes.map((node) => ({ ...node, interfaces: [{ ...node.interfaces[0], addresses: [] }] })) as never,
  }
  const role = await play(t, 'vno', ({ get, apply }) => {
    if (get) return { vnet: { ...state, request: get.asked ? asked : stands } }
    const error = fail?.()
    if (error) throw error
    return { vnet: { ...state, generation: 4, request: apply?.request } }
  })
  const set = (...flags: readonly string[]) => weft(['link', 'set', ...flags, '--run-dir', role.directory])
  const applied = () => role.requests.find(({ apply }) => apply)?.apply
  return { set, applied, asked }
}

t.test('a rate is changed in what was asked for, on the version that was seen', async (t) => {
  const { set, applied, asked } = await playing(t)
  t.same(await set('shop/r1-r2', '--rate', '20Mbit/s'), {
    status: 0,
    stdout: `\
link/r1-r2: rate a to b: 10 Mbit/s → 20 Mbit/s; rate b to a: 10 Mbit/s → 20 Mbit/s
vnet/shop accepted: generation 4, 2 nodes on h1, h2, 1 link
`,
    stderr: '',
  })
  t.match(applied(), { expectedGeneration: 3, request: { links: [{ rateAToBBitsPerSecond: 20e6 }] } })
  t.same(applied()?.request?.nodes, asked.nodes, 'nothing that was allocated is asked for')
})

t.test('impairments of one direction, and a link taken down', async (t) => {
  const { set, applied } = await playing(t)
  const { stdout } = await set('r1-r2', '--delay', '10ms', '--loss', '0.1%', '--direction', 'a-to-b', '--down')
  t.match(stdout, 'link/r1-r2: impairments a to b: none → delay 10 ms, loss 0.1 %; state: up → down\n')
  t.match(applied()?.request?.links[0], {
    impairmentAToB: { delayMicroseconds: 10_000, lossMillionths: 1000 },
    impairmentBToA: undefined,
    down: true,
    rateAToBBitsPerSecond: 10e6,
  })
})

t.test('a refusal, or a change by someone else, is the error', async (t) => {
  const stale = await playing(t, () => new WeftError('generation.stale', 'shop is at generation 5, not 3'))
  t.match(await stale.set('shop/r1-r2', '--up', '--rate', 'none'), { status: 1, stderr: /generation.stale/ })
  const full = await playing(t, () => new WeftError('admission.never-fits', 'no path'))
  t.match(await full.set('shop/r1-r2', '--rate', '1Tbit/s'), {
    status: 1,
    stdout: '',
    stderr: /shop is rejected: no path/,
  })
})

t.test('what makes no sense is said before anything is asked', async (t) => {
  const { set, applied } = await playing(t)
  for (const [flags, stderr] of [
    [[], /nothing is to be changed/],
    [['--up', '--down'], /either --up or --down/],
    [['--rate', '20'], /bandwidth such as 10Mbit\/s/],
    [['--loss', '1'], /share such as 0.1%/],
    [['--delay', '10'], /time such as 10ms/],
    [['--direction', 'a', '--up'], /one of both, a-to-b, b-to-a/],
  ] as const) {
    t.match(await set('shop/r1-r2', ...flags), { status: 1, stdout: '', stderr }, flags.join(' '))
  }
  t.match(await set('shop/r1-r3', '--up'), { status: 1, stderr: /shop has no link r1-r3/ })
  t.equal(applied(), undefined)
})

t.test('what is not named stays, unless all is to go', async (t) => {
  const request = shop().request as VNetRequest
  const change = (from: VNetRequest, changes: Partial<LinkChanges>) =>
    changeLink(from, 'r1-r2', { direction: 'both', impairment: {}, clear: false, ...changes })
  const slow = change(request, { impairment: { delayMicroseconds: 1000, lossMillionths: 5 } })
  const further = change(slow, { direction: 'b-to-a', impairment: { lossMillionths: 0, jitterMicroseconds: 10 } })
  t.match(further.links[0], {
    impairmentAToB: { delayMicroseconds: 1000, lossMillionths: 5, jitterMicroseconds: 0 },
    impairmentBToA: { delayMicroseconds: 1000, lossMillionths: 0, jitterMicroseconds: 10 },
  })
  const half = change(further, { direction: 'a-to-b', clear: true, rateBitsPerSecond: 0 })
  t.match(half.links[0], {
    impairmentAToB: undefined,
    impairmentBToA: { jitterMicroseconds: 10 },
    rateAToBBitsPerSecond: 0,
    rateBToABitsPerSecond: 10e6,
    down: false,
  })
  const again = change(change(half, { clear: true, down: true }), { down: false })
  t.match(again.links[0], { impairmentAToB: undefined, impairmentBToA: undefined, down: false })
})
