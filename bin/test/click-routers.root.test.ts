/** The example of docs/click.md, and what the commands on routers say. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { missing } from '../../agent/ebpf/features.ts'
import { mountBpffs } from '../../agent/ebpf/pins.ts'

t.setTimeout(300_000)
const skip = missing('bpf')?.message ?? false
const run = promisify(execFile)
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Text that stands indented in a page, from a line on to the next empty one. */
const indentedFrom = (page: string, first: string): string => {
  const lines = readFileSync(join(root, page), 'utf8').split('\n')
  const start = lines.indexOf(`    ${first}`)
  const end = lines.indexOf('', start)
  return lines
    .slice(start, end)
    .map((line) => line.slice(4))
    .join('\n')
}

const prefix = `weft-cli-${process.pid}`

const setUp = async (t: Test) => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-click-routers-'))
  const bpffs = join(directory, 'bpf')
  mkdirSync(bpffs)
  await mountBpffs(bpffs)
  t.teardown(async () => {
    await run('umount', [bpffs])
    rmSync(directory, { recursive: true })
  })
  const weft = (...argv: readonly string[]): Promise<Ended> => inside([], argv)
  const inside = (enter: readonly string[], argv: readonly string[], stdin = ''): Promise<Ended> =>
    new Promise((resolve) => {
      const [program = '', ...args] = [...enter, process.execPath, join(root, 'bin/weft'), 'click', ...argv]
      const env = { ...process.env, WEFT_BPFFS: bpffs, WEFT_RUN_DIR: join(directory, 'run') }
      const child = execFile(program, args, { env, cwd: directory }, (error, stdout, stderr) => {
        resolve({ status: error ? Number(error.code) : 0, stdout, stderr })
      })
      child.stdin?.end(stdin)
    })
  return { directory, weft, inside }
}

t.test('the example of docs/click.md routes between two namespaces', { skip }, async (t) => {
  const { directory, weft, inside } = await setUp(t)
  const configuration = indentedFrom('docs/click.md', '// A router of two networks.')
  writeFileSync(join(directory, 'router.click'), configuration)
  const named = (text: string): string =>
    text.replaceAll(/\b(left|right|router)\b(?!\.click)/g, (name) => `${prefix}-${name}`)
  t.teardown(async () => {
    for (const host of ['left', 'right', 'router'])
      await run('ip', ['netns', 'del', `${prefix}-${host}`]).catch(() => {})
  })
  await run('sh', [
    '-ec',
    named(indentedFrom('docs/click.md', 'for host in left right router; do ip netns add $host; done')),
  ])
  t.match(await inside(['ip', 'netns', 'exec', `${prefix}-router`], ['up', 'router.click']), {
    status: 0,
    stdout: /^router\/router is up: eth0 \((tcx|clsact)\), eth1 \(\1\)\n$/,
    stderr: '',
  })
  const ping = ['netns', 'exec', `${prefix}-left`, 'ping', '-c', '3', '-W', '10', '10.0.1.2']
  t.match(await run('ip', ping), { stdout: / 0% packet loss/ })
  t.match(await weft('read', 'router', 'left/arp.table'), { stdout: /^10\.0\.0\.2 /, stderr: '' })
  t.match(await weft('list', '-o', 'wide'), { stdout: new RegExp(`router +running +1 .*/run/netns/${prefix}-router`) })
  t.match(await weft('swap', 'router', 'router.click'), {
    status: 0,
    stdout: /^router\/router is at generation 2: eth0/,
  })
  t.match(await run('ip', ping), { stdout: / 0% packet loss/ })
  const { stdout } = await weft('read', 'router', 'right/ToDevice@4.count')
  t.ok(Number(stdout) >= 6, `${stdout.trim()} packets and more went to the right`)
  t.match(await weft('down', 'router'), { status: 0, stdout: 'router/router is down\n' })
  t.match(await weft('list'), { status: 0, stdout: '', stderr: 'no routers\n' })
})

t.test('commands on routers say what is wrong', { skip }, async (t) => {
  const { directory, weft, inside } = await setUp(t)
  const text = 'FromDevice($IF) -> s :: Switch(0);\ns[0] -> c :: Counter -> Discard; s[1] -> Discard;\n'
  writeFileSync(join(directory, 'edge.1.click'), text)
  t.match(await weft('up', 'edge.1.click', '-D', 'IF=nowhere'), {
    status: 1,
    stderr: /^error: there is no interface nowhere \[nic\.unknown\] .* at edge\.1\.click:1\n/,
  })
  t.match(await weft('up', '-e', 'Idle -> Nothing'), { status: 1, stdout: '', stderr: /^config:1: / })
  t.match(await weft('list'), { stdout: '', stderr: 'no routers\n' }, 'nothing came of it')

  t.match(await weft('up', '--namespace', prefix, '-e', 'Idle -> Discard'), {
    status: 1,
    stderr: /no network namespace/,
  })
  await run('ip', ['netns', 'add', prefix])
  t.teardown(() => run('ip', ['netns', 'del', prefix]))
  await run('ip', ['-n', prefix, 'link', 'set', 'lo', 'up'])
  t.match(await weft('up', 'edge.1.click', '-D', 'IF=lo', '--namespace', prefix), {
    status: 0,
    stdout: /^router\/edge\.1 is up: lo /,
  })
  t.match(await weft('up', 'edge.1.click', '-D', 'IF=lo', '--namespace', prefix), {
    status: 1,
    stderr: /\[router\.exists\].*\nhint: swap it/,
  })
  t.match(await weft('read', 'edge.1'), { stdout: /^ELEMENT +CLASS +READ +WRITE\n(.*\n)*c +Counter +.*count.*reset/ })
  t.match(await weft('write', 'edge.1', 's.switch', '1'), { status: 0, stdout: '', stderr: '' })
  t.match(await weft('read', 'edge.1', 's.switch'), { status: 0, stdout: '1\n' })
  t.match(await inside([], ['write', 'edge.1', 's.switch', '-'], '0\n'), { status: 0 })
  t.match(await weft('read', 'edge.1', 's.switch'), { stdout: '0\n' })
  t.match(await weft('write', 'edge.1', 's.switch', 'x'), { status: 1, stderr: /s\.switch: .*integer/ })
  t.match(await weft('read', 'edge.1', 'c.nothing'), {
    status: 1,
    stderr: /no read handler 'c\.nothing'.*\nhint: c has .*count/,
  })
  t.match(await weft('read', 'edge.1', 'count'), {
    status: 1,
    stderr: /'count' is no handler.*\nhint: ELEMENT\.HANDLER/,
  })
  t.match(await weft('swap', 'edge.1', '-e', 'FromDevice(lo) -> Truncate(4) -> Discard'), {
    status: 1,
    stderr: /not supported.* at config:1/,
  })
  const [router] = JSON.parse((await weft('list', '-o', 'json')).stdout)
  t.match(router, {
    name: 'edge.1',
    state: 'running',
    generation: 1,
    attachments: [{ device: 'lo', direction: 'ingress' }],
  })
  t.match(await weft('list', '-o', 'name'), { stdout: 'router/edge.1\n' })
  t.match(await weft('down', 'edge.1'), { status: 0 })
  t.match(await weft('down', 'edge.1'), { status: 1, stderr: /\[router\.unknown\]/ })
})
