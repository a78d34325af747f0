import t from 'tap'
import { eventsBetween } from '../changes.ts'
import { play, shop, weft } from './support.ts'

const error = { code: 'hypervisor.failed', message: 'it does not start', object: '', where: '', hint: '' }

t.test('everything is new to one who begins to look', async (t) => {
  t.same(
    eventsBetween(undefined, shop()).map(({ object, from, to, host }) => [object, from, to, host]),
    [
      ['vnet/shop', '', 'ready (generation 3)', ''],
      ['node/r1', '', 'ready', 'h1'],
      ['node/r2', '', 'ready', 'h2'],
      ['link/r1-r2', '', 'ready', ''],
    ],
  )
})

t.test('only what changed is told, removals too', async (t) => {
  t.same(eventsBetween(shop(), shop()), [])
  const after = shop({ links: [] })
  const [r1, r2] = after.nodes
  if (!r1 || !r2) throw new Error('the VNet has two nodes')
  const events = eventsBetween(shop(), { ...after, nodes: [r1, { ...r2, state: 'OBJECT_STATE_FAILED', error }] })
  t.same(
    events.map(({ object, from, to, error }) => [object, from, to, error?.code]),
    [
      ['node/r2', 'ready', 'failed', 'hypervisor.failed'],
      ['link/r1-r2', 'ready', 'gone', undefined],
    ],
  )
})

t.test('the end of a node is told, also where it is up again by then', async (t) => {
  const [r1, r2] = shop().nodes
  if (!r1 || !r2) throw new Error('the VNet has two nodes')
  const lastEnd = { how: 'crashed', reason: 'its process 1 was killed', unixMs: 5 }
  const after = shop({ nodes: [r1, { ...r2, restarts: 1, lastEnd }] })
  t.match(eventsBetween(shop(), after), [
    { object: 'node/r2', from: '', to: 'crashed', host: 'h2', reason: 'its process 1 was killed', error: undefined },
  ])
  t.same(eventsBetween(after, after), [])
  t.notOk(
    eventsBetween(undefined, after).some(({ to }) => to === 'crashed'),
    'what was before is no news',
  )
  const again = { ...lastEnd, how: 'rebooted', unixMs: 6 }
  t.match(eventsBetween(after, shop({ nodes: [r1, { ...r2, restarts: 2, lastEnd: again }] })), [{ to: 'rebooted' }])
})

t.test('a snapshot, then a stream, as text and as JSON', async (t) => {
  const follow = async (...argv: string[]) => {
    const role = await play(
      t,
      'vno',
      () => ({}),
      () => [shop()],
    )
    const ending = new AbortController()
    return weft(['events', ...argv, '--run-dir', role.directory], {
      signal: ending.signal,
      onOutput: (soFar) => {
        if (soFar.split('\n').length === 5) role.tell(shop({ phase: 'PHASE_DEGRADED', error }))
        if (soFar.includes('degraded') && !soFar.includes('crashed')) role.tell(crashed())
        if (soFar.includes('crashed')) ending.abort()
      },
    })
  }
  const crashed = () => {
    const [r1, ...others] = shop().nodes
    const lastEnd = { how: 'crashed', reason: 'its process 1 was killed', unixMs: 5 }
    return shop({ phase: 'PHASE_DEGRADED', error, nodes: [{ ...r1, lastEnd }, ...others] })
  }
  const { status, stdout } = await follow()
  t.equal(status, 0)
  t.equal(
    stdout.replace(/^\S+Z/gm, 'TIME'),
    `\
TIME  shop          vnet/shop         ready (generation 3)
TIME  shop          node/r1           ready on h1
TIME  shop          node/r2           ready on h2
TIME  shop          link/r1-r2        ready
TIME  shop          vnet/shop         ready (generation 3) → degraded (generation 3): it does not start [hypervisor.failed]
TIME  shop          node/r1           crashed on h1: its process 1 was killed
`,
  )
  const lines = (await follow('shop', '-o', 'json')).stdout.trim().split('\n')
  t.match(JSON.parse(lines.at(-2) ?? ''), {
    time: /Z$/,
    vnet: 'shop',
    object: 'vnet/shop',
    to: 'degraded (generation 3)',
    error: { code: 'hypervisor.failed' },
  })
})
