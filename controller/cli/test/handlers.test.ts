import t, { type Test } from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import { play, shop, weft } from './support.ts'

const playing = async (t: Test) => {
  const { directory, requests } = await play(t, 'vno', ({ get, handler }) => {
    if (get) return { vnets: { vnets: [shop()] } }
    if (handler?.handler === 'x.y')
      throw new WeftError('handler.unknown', 'own Click of r1.0 has no handler x.y to read')
    const all = [
      { name: 'c.count', value: '5' },
      { name: 'routes.table', value: '10.0.0.0/8 - 0\n' },
    ]
    const handlers = handler?.handler ? all.filter(({ name }) => name === handler.handler) : all
    return { router: { text: 'input -> c :: Counter -> output', state: 'running', handlers } }
  })
  return { requests, run: (...argv: string[]) => weft(['handlers', ...argv, '--run-dir', directory]) }
}

t.test('all, one, and one written', async (t) => {
  const { run, requests } = await playing(t)
  t.same(await run('shop/r1.0'), { status: 0, stdout: 'c.count: 5\nroutes.table: 10.0.0.0/8 - 0\n', stderr: '' })
  t.match(requests, [{ handler: { vnet: 'shop', node: 'r1', interface: 0, handler: '', write: false } }])
  t.equal((await run('shop/r1.0', 'c.count')).stdout, '5\n')
  t.equal((await run('shop/r1.0', 'routes.table')).stdout, '10.0.0.0/8 - 0\n')
  t.same(await run('shop/r1.0', 'c.reset', ''), { status: 0, stdout: '', stderr: '' })
  t.match(requests.at(-1), { handler: { handler: 'c.reset', write: true, value: '' } })
  t.same(JSON.parse((await run('shop/r1.0', 'c.count', '-o', 'json')).stdout), [{ name: 'c.count', value: '5' }])
})

t.test('an interface by its node alone, and what is none', async (t) => {
  const { run, requests } = await playing(t)
  t.equal((await run('r1.0', 'c.count')).stdout, '5\n')
  t.match(requests.at(-1), { handler: { vnet: 'shop', node: 'r1' } })
  t.match(await run('shop/r1'), { status: 1, stderr: /"shop\/r1" names no interface\nhint: VNET\/NODE\.IF/ })
  t.match(await run('shop/r1.0', 'x.y'), { status: 1, stderr: /\[handler\.unknown\]/ })
})
