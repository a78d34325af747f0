import t, { type Test } from 'tap'
import { WeftError } from '../../../proto/errors.ts'
import type { VNetState } from '../../../proto/generated/weft.v1.ts'
import { play, shop, weft } from './support.ts'

const store = shop({ vnet: 'store', generation: 1, phase: 'PHASE_BUILDING', request: { name: 'store' } })

const playing = (t: Test, states: readonly VNetState[] = [store, shop()]) =>
  play(
    t,
    'vno',
    ({ get }) => {
      if (get?.vnet === '') return { vnets: { vnets: states } }
      const vnet = states.find((state) => state.vnet === get?.vnet)
      if (!vnet) throw new WeftError('vnet.unknown', `there is no VNet ${get?.vnet}`, { object: `vnet/${get?.vnet}` })
      return { vnet }
    },
    () => states,
  )

t.test('VNets are listed by name in columns', async (t) => {
  const { directory } = await playing(t)
  const { status, stdout, stderr } = await weft(['get', '--run-dir', directory])
  t.equal(
    stdout,
    `\
NAME   PHASE     GENERATION  NODES  LINKS
shop   ready     3           2/2    1/1
store  building  1           2/2    1/1
`,
  )
  t.match({ status, stderr }, { status: 0, stderr: '' })
})

t.test('nodes, links and vifs are rows of their own', async (t) => {
  const { directory } = await playing(t, [shop()])
  const rows = async (what: string, format = 'table') =>
    (await weft(['get', what, 'shop', '-o', format, '--run-dir', directory])).stdout
  t.equal(
    await rows('nodes'),
    `\
VNET  NODE  STATE  RESTARTS  HOST  HYPERVISOR  VIFS
shop  r1    ready  0         h1    lxc         vif1.0
shop  r2    ready  0         h2    lxc         vif1.0
`,
  )
  t.equal(
    await rows('link'),
    `\
VNET  LINK   STATE  ENDS         RATE       TECHNOLOGY  PATH
shop  r1-r2  ready  r1.0 - r2.0  10 Mbit/s  vxlan       h1-h2
`,
  )
  t.equal(
    await rows('vifs', 'wide'),
    `\
VNET  NODE  INTERFACE  VIF     HOST  ADDRESSES    LINK   MAC
shop  r1    eth0       vif1.0  h1    10.1.0.1/30  r1-r2  02:00:00:00:00:01
shop  r2    eth0       vif1.0  h2    10.1.0.2/30  r1-r2  02:00:00:00:00:02
`,
  )
  t.match(
    await rows('nodes', 'wide'),
    /^VNET .* PROVIDER +CPUS +MEMORY +ADDRESSES +PROGRESS +LAST END +DOMAIN +ERROR\nshop .* 64 MiB /,
  )
  t.equal(await rows('nodes', 'name'), 'node/shop/r1\nnode/shop/r2\n')
  t.equal(await rows('vnets', 'name'), 'vnet/shop\n')
})

t.test('a state without its request shows what it has', async (t) => {
  const { request: _, ...bare } = shop()
  const { directory } = await playing(t, [bare])
  const { stdout } = await weft(['get', 'links', '--run-dir', directory])
  t.match(stdout, /shop {2}r1-r2 {2}ready {2}- {5}- {5}vxlan/)
})

t.test('JSON is canonical: a list, or the one that was named', async (t) => {
  const { directory } = await playing(t)
  const json = async (...argv: string[]) =>
    JSON.parse((await weft(['get', ...argv, '-o', 'json', '--run-dir', directory])).stdout)
  const all = await json('vnets')
  t.same(
    all.map(({ vnet }: VNetState) => vnet),
    ['shop', 'store'],
  )
  const one = await json('vnets', 'shop')
  t.match(one, { vnet: 'shop', generation: '3', phase: 'PHASE_READY', request: { prefix: '10.1.0.0/16' } })
  t.match(await json('links', 'shop'), [{ vnet: 'shop', id: 'r1-r2', mtu: 1450, path: ['h1', 'h2'] }])
})

t.test('YAML says the same', async (t) => {
  const { directory } = await playing(t, [shop()])
  const { stdout } = await weft(['get', 'links', '-o', 'yaml', '--run-dir', directory])
  t.equal(
    stdout,
    `\
- vnet: shop
  id: r1-r2
  state: OBJECT_STATE_READY
  technology: vxlan
  mtu: 1450
  path:
    - h1
    - h2
`,
  )
})

t.test('nothing to list is said on stderr, and is an empty list to programs', async (t) => {
  const { directory } = await playing(t, [])
  t.same(await weft(['get', '--run-dir', directory]), { status: 0, stdout: '', stderr: 'no vnets\n' })
  t.same(await weft(['get', '-o', 'json', '--run-dir', directory]), { status: 0, stdout: '[]\n', stderr: '' })
})

t.test('what is not there is an error', async (t) => {
  const { directory } = await playing(t)
  const unknown = await weft(['get', 'vnets', 'shp', '--run-dir', directory])
  t.same(unknown, {
    status: 1,
    stdout: '',
    stderr: 'error: there is no VNet shp [vnet.unknown] (vnet/shp)\nhint: weft get vnets lists them\n',
  })
  const what = await weft(['get', 'shop', '--run-dir', directory])
  t.match(what, { status: 1, stderr: /"shop" is nothing to get\nhint: .*weft get vnets shop/ })
})

t.test('colours come on a terminal alone, and not where NO_COLOR says so', async (t) => {
  const { directory } = await playing(t)
  const argv = ['get', '--run-dir', directory]
  t.match((await weft(argv, { isTTY: true })).stdout, '\u001b[32mready\u001b[39m')
  t.notMatch((await weft(argv, { isTTY: true, env: { NO_COLOR: '1' } })).stdout, '\u001b')
  t.notMatch((await weft(argv)).stdout, '\u001b')
})

t.test('what a role says does not steer the terminal', async (t) => {
  const evil = shop({ vnet: 'shop\u001b[2J' })
  const { directory } = await playing(t, [evil])
  t.match((await weft(['get', '--run-dir', directory])).stdout, 'shop\\x1b[2J')
})

t.test('--watch goes on with the rows that change', async (t) => {
  const role = await playing(t, [shop()])
  const ending = new AbortController()
  const changed = shop({ phase: 'PHASE_DEGRADED' })
  const { status, stdout } = await weft(['get', 'vnets', '-w', '--run-dir', role.directory], {
    signal: ending.signal,
    onOutput: (soFar) => {
      if (soFar.endsWith('ready      3           2/2        1/1\n')) {
        // The same again is no change.
        role.tell(shop())
        role.tell(changed)
      }
      if (soFar.includes('degraded')) ending.abort()
    },
  })
  t.equal(
    stdout,
    `\
NAME       PHASE      GENERATION  NODES      LINKS
shop       ready      3           2/2        1/1
shop       degraded   3           2/2        1/1
`,
  )
  t.equal(status, 0)
})

t.test('--watch -o json gives an object a line', async (t) => {
  const role = await playing(t, [shop()])
  const ending = new AbortController()
  const { stdout } = await weft(['get', 'nodes', '-w', '-o', 'json', '--run-dir', role.directory], {
    signal: ending.signal,
    onOutput: (soFar) => {
      if (soFar.split('\n').length === 3) ending.abort()
    },
  })
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.match(rows, [
    { vnet: 'shop', id: 'r1', host: 'h1' },
    { vnet: 'shop', id: 'r2', host: 'h2' },
  ])
})
