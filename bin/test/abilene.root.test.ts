/** The Abilene backbone over a lab of three hosts: unmodified routing daemons in containers find each other over the virtual links. */
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { labProblem } from '../../lab/lab.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'

const entry = fileURLToPath(new URL('../weft', import.meta.url))
const file = fileURLToPath(new URL('../../examples/abilene.yaml', import.meta.url))

const birdProblem = (): string | false =>
  spawnSync('bird', ['--version']).error ? 'bird is not installed (Debian: bird2)' : false

const skip = labProblem() || birdProblem()

interface Request {
  readonly defaults: object
  readonly nodes: Readonly<Record<string, object>>
  readonly links: Readonly<Record<string, readonly string[]>>
}

/** The example with Click at every interface, over ipip. */
const joinedByClick = (text: string, forwarding: string): string => {
  const request = parse(text) as Request
  const ends = Object.values(request.links).flat()
  const nodes = Object.entries(request.nodes).map(([id, node]) => {
    const count = ends.filter((end) => end === id).length
    const interfaces = Object.fromEntries(Array.from({ length: count }, (_, i) => [i, { forwarding: 'click' }]))
    return [id, { ...node, forwarding, interfaces }]
  })
  return stringify({
    ...request,
    defaults: { ...request.defaults, technology: 'ipip' },
    nodes: Object.fromEntries(nodes),
  })
}

t.test('OSPF converges over Abilene and every node reaches every loopback', { skip, timeout: 1_500_000 }, async (t) => {
  const directory = temporaryDirectory(t)
  const { NODE_OPTIONS: _, ...own } = process.env
  const name = `abilene-${process.pid}`
  const env = { ...own, WEFT_LAB_DIR: join(directory, 'labs'), WEFT_LAB: name }
  const weft = (...argv: readonly string[]) => spawnSync(entry, argv, { env, encoding: 'utf8', timeout: 300_000 })
  t.teardown(() => spawnSync(entry, ['lab', 'down', name], { env, stdio: 'ignore' }))

  t.match(weft('lab', 'up', name), { status: 0 })
  const links = () =>
    ['west', 'centre', 'east'].map((host) =>
      weft('lab', 'exec', host, '--', 'ip', '-brief', 'link').stdout.replace(/@\S+/g, '').split('\n').sort().join('\n'),
    )
  const before = links()
  t.match(weft('apply', '-f', file, '--wait'), { status: 0, stdout: /abilene ready after/ })

  const nodes: readonly { readonly id: string; readonly host: string }[] = JSON.parse(
    weft('get', 'nodes', 'abilene', '-o', 'json').stdout,
  )
  t.equal(nodes.length, 11)
  t.same(
    [...new Set(nodes.map(({ host }) => host))].sort(),
    ['centre', 'east', 'west'],
    'its cities are on three hosts',
  )

  const loopbacks = [...readFileSync(file, 'utf8').matchAll(/loopback: (\S+) \}/g)].map(([, address]) => address)
  t.equal(loopbacks.length, 11)
  // A node says which loopbacks it does not reach yet; OSPF takes some seconds, on a loaded machine many.
  const script = `for a in ${loopbacks.join(' ')}; do ping -q -c 1 -W 2 $a >/dev/null || echo $a; done`
  const unreached = (id: string): string =>
    weft('exec', `abilene/${id}`, '--timeout', '60s', '--', 'sh', '-c', script).stdout.trim()
  const converges = async (what: string): Promise<void> => {
    const deadline = Date.now() + 300_000
    for (const { id } of nodes) {
      let missing = unreached(id)
      while (missing !== '' && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 1000))
        missing = unreached(id)
      }
      t.equal(missing, '', `${what}: ${id} reaches all`)
    }
    t.match(weft('exec', 'abilene/seattle', '--', 'birdc', 'show', 'ospf', 'neighbors').stdout, /Full/)
  }
  await converges('bridges')

  // The same VNet, while it runs: every interface joined by Click, over the paper's tunnels; then its packets forwarded in Dom0, by the routes of its daemons.
  const changed = join(directory, 'abilene.yaml')
  cpSync(join(dirname(file), 'abilene'), join(directory, 'abilene'), { recursive: true })
  for (const forwarding of ['guest', 'host']) {
    writeFileSync(changed, joinedByClick(readFileSync(file, 'utf8'), forwarding))
    t.match(weft('apply', '-f', changed, '--wait'), { status: 0, stdout: /abilene ready after/ })
    await converges(`Click over ipip, forwarded by the ${forwarding}`)
  }
  for (const each of links()) t.notMatch(each, /^w[bt]/m, 'no bridge, and no tunnel of the kernel')
  const framesInto = (id: string): number => {
    const { stdout } = weft('exec', `abilene/${id}`, '--', 'sh', '-c', 'cat /sys/class/net/eth*/statistics/rx_packets')
    return stdout.split('\n').reduce((sum, line) => sum + Number(line), 0)
  }
  const before100 = framesInto('kansas-city')
  const [, chicago] =
    /chicago:\s+location:.*\n\s+variables: \{ loopback: (\S+) \}/.exec(readFileSync(file, 'utf8')) ?? []
  const hundred = weft(
    'exec',
    'abilene/denver',
    '--',
    'ping',
    '-q',
    '-n',
    '-c',
    '100',
    '-i',
    '0.02',
    '-w',
    '60',
    chicago ?? '',
  )
  t.match(hundred, { stdout: /100 received/ })
  t.ok(framesInto('kansas-city') - before100 < 100, 'what passes by a node does not enter it')

  t.match(weft('delete', 'abilene', '--yes', '--wait'), { status: 0, stdout: 'vnet/abilene is gone\n' })
  t.same(links(), before, 'no interface is left on any host')
  t.match(weft('lab', 'down', name), { status: 0 })
})
