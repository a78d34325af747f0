import t, { type Test } from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import { type Options, play, shop, typed, weft } from './support.ts'

const playing = async (t: Test) => {
  let stands = true
  const role = await play(
    t,
    'vno',
    ({ get, delete: asked }) => {
      const vnet = get?.vnet ?? asked?.vnet ?? ''
      if (!stands || vnet !== 'shop') throw new WeftError('vnet.unknown', `there is no VNet ${vnet}`)
      if (asked) {
        setTimeout(() => {
          stands = false
          role.tell(shop({ phase: 'PHASE_GONE', nodes: [], links: [] }))
        }, 100)
        return { vnet: shop({ phase: 'PHASE_REMOVING' }) }
      }
      return { vnet: shop() }
    },
    () => (stands ? [shop({ phase: 'PHASE_REMOVING' })] : []),
  )
  const isAsked = () => role.requests.some((request) => request.delete)
  const run = (argv: readonly string[], options?: Options) =>
    weft(['delete', ...argv, '--run-dir', role.directory], options)
  return { run, isAsked }
}

t.test('it asks on a terminal, and takes only a yes', async (t) => {
  const { run, isAsked } = await playing(t)
  const no = await run(['shop'], { stdin: typed('\n') })
  t.match(no, { status: 1, stdout: '', stderr: /^Delete vnet\/shop with 2 nodes and 1 links\? \[y\/N\] .*not deleted/ })
  t.notOk(isAsked())
  t.match(await run(['shop'], { stdin: typed('y\n') }), { status: 0, stdout: 'vnet/shop is being removed\n' })
  t.ok(isAsked())
})

t.test('without a terminal it refuses', async (t) => {
  const { run, isAsked } = await playing(t)
  t.match(await run(['shop']), { status: 1, stderr: /no terminal to ask on\nhint: --yes / })
  t.notOk(isAsked())
})

t.test('--yes --wait ends when nothing is left', async (t) => {
  const { run } = await playing(t)
  t.same(await run(['shop', '--yes', '--wait']), { status: 0, stdout: 'vnet/shop is gone\n', stderr: '' })
})

t.test('WEFT_YES is a yes only where it says so', async (t) => {
  const { run } = await playing(t)
  t.match(await run(['shop'], { env: { WEFT_YES: '0' } }), { status: 1 })
  t.match(await run(['shop'], { env: { WEFT_YES: '1' } }), { status: 0 })
  t.match(await run(['shop'], { env: { WEFT_YES: 'maybe' } }), { status: 1, stderr: /^error: WEFT_YES is "maybe"/ })
})

t.test('an unknown VNet is an error, before any question', async (t) => {
  const { run } = await playing(t)
  t.match(await run(['shp', '--yes']), { status: 1, stderr: /^error: there is no VNet shp \[vnet\.unknown\]/ })
})
