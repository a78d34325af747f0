import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { play, shop } from '../../controller/cli/test/support.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'

const entry = fileURLToPath(new URL('../weft', import.meta.url))

const major = (node: string): number => {
  try {
    return Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1])
  } catch {
    return 0
  }
}

/** A Node of 20 to 23 outside of the project, to be started by. */
const oldNode = ['/usr/local/bin/node', '/usr/bin/node'].find((node) => major(node) >= 20 && major(node) < 24)
const noOldNode = oldNode ? false : 'no Node from 20 to 23 in /usr/local/bin or /usr/bin'

const run = (node: string, file: string, ...argv: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(node, [file, ...argv], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

const ended = (child: ChildProcess): Promise<{ status: number | null; signal: NodeJS.Signals | null }> =>
  new Promise((resolve) => child.once('exit', (status, signal) => resolve({ status, signal })))

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 3000 && !condition(); i++) await sleep(20)
}

/** A daemon that is easy to start: the embedded broker at a unix socket. */
const startDaemon = async (t: Test, node: string) => {
  const socket = join(temporaryDirectory(t), 'broker.sock')
  // Not in the foreground of a terminal, as under a supervisor.
  const child = spawn(node, [entry, 'broker', '--listen', `unix:${socket}`], { stdio: 'ignore', detached: true })
  t.teardown(() => child.kill('SIGKILL'))
  await until(() => existsSync(socket))
  return { child, socket }
}

const childrenOf = (pid: number | undefined): readonly string[] =>
  spawnSync('ps', ['--ppid', String(pid), '-o', 'pid='], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.trim() !== '')

t.test('it runs commands and gives their status', async (t) => {
  t.match(run(process.execPath, entry, 'version'), {
    status: 0,
    stdout: /^weft \d+\.\d+\.\d+ \(wire weft\.v1, Node 24\./,
  })
  t.match(run(process.execPath, entry, 'exec', 'r1'), { status: 125, stdout: '', stderr: /^error: / })
})

t.test('it becomes the pinned Node where it was started by an older one', { skip: noOldNode }, async (t) => {
  const old = oldNode ?? ''
  t.match(run(old, entry, 'version'), { status: 0, stdout: /Node 24\./, stderr: '' })
  t.match(run(old, entry, 'exec', 'r1'), { status: 125 })
  const piped = spawnSync(old, [entry, 'plan', '-f', '-'], { encoding: 'utf8', input: '<vnet' })
  t.match(piped, { status: 1, stderr: /\[request\.syntax\].* at <stdin>:1/ })
})

t.test('signals reach the daemon behind an older Node, and its end is ours', { skip: noOldNode }, async (t) => {
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    const { child, socket } = await startDaemon(t, oldNode ?? '')
    t.equal(childrenOf(child.pid).length, 1)
    const end = ended(child)
    child.kill(name)
    t.same(await end, { status: 0, signal: null }, name)
    t.notOk(existsSync(socket), 'it closed its socket')
  }
  const { child } = await startDaemon(t, oldNode ?? '')
  const end = ended(child)
  child.kill('SIGHUP')
  t.same(await end, { status: null, signal: 'SIGHUP' })
})

t.test('whoever reads may go', async (t) => {
  const role = await play(
    t,
    'vno',
    () => ({}),
    () => [shop()],
  )
  const argv = [entry, 'events', '--run-dir', role.directory]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaints = ''
  child.stderr?.on('data', (text) => {
    complaints += text
  })
  const end = ended(child)
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  child.stdout?.destroy()
  const telling = setInterval(() => role.tell(shop({ generation: Date.now() })), 50)
  t.same(await end, { status: 141, signal: null })
  clearInterval(telling)
  t.equal(complaints, '')
})

t.test('output larger than a pipe is written whole', async (t) => {
  const states = Array.from({ length: 1000 }, (_, i) => shop({ vnet: `shop-${i}` }))
  const role = await play(t, 'vno', () => ({ vnets: { vnets: states } }))
  const argv = [entry, 'get', '-o', 'json', '--run-dir', role.directory]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const json = await text(child.stdout)
  t.ok(json.length > 1_000_000, `${json.length} characters`)
  t.equal(JSON.parse(json).length, states.length)
})

/** A copy of the entry in another tree. */
const copied = (root: string): string => {
  const file = join(root, 'bin/weft.js')
  mkdirSync(dirname(file), { recursive: true })
  cpSync(realpathSync(entry), file)
  writeFileSync(join(root, 'package.json'), '{"type": "module"}')
  return file
}

t.test('a published package runs what was emitted, not the sources', async (t) => {
  const root = join(t.testdir(), 'node_modules/weft')
  const file = copied(root)
  t.match(run(process.execPath, file, 'version'), {
    status: 1,
    stderr: /dist\/bin\/main\.js is missing\nhint: npm run build/,
  })
  mkdirSync(join(root, 'dist/bin'), { recursive: true })
  writeFileSync(join(root, 'dist/bin/main.js'), 'export const main = () => console.log("emitted")')
  writeFileSync(join(root, 'bin/main.ts'), 'export const main = () => console.log("source")')
  t.match(run(process.execPath, file, 'version'), { status: 0, stdout: 'emitted\n' })
})

t.test('without a newer Node it says what is missing', { skip: noOldNode }, async (t) => {
  const file = copied(temporaryDirectory(t))
  t.match(run(oldNode ?? '', file, 'version'), {
    status: 1,
    stdout: '',
    stderr: /^error: Node v2\d\.\S+ is older than 24, and there is no other\nhint: npm install/,
  })
})
