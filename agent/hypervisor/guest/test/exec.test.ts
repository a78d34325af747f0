import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { WeftError } from '../../../../proto/errors.ts'
import { type Ended, type GuestAgent, guestAgent } from '../agent.ts'
import { waitForGuest } from '../boot.ts'
import { execInGuest, runScript } from '../exec.ts'

/** An agent whose guest is this machine. */
const localAgent = (): GuestAgent & { readonly started: readonly ChildProcess[] } => {
  const started: ChildProcess[] = []
  const ended = new Map<number, Ended>()
  return {
    started,
    ping: async () => {},
    start: async ({ path, words, env, input }) => {
      const child = spawn(path, words, { env: { ...env }, stdio: 'pipe' })
      started.push(child)
      const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
      child.stdout.on('data', (bytes) => stdout.push(bytes))
      child.stderr.on('data', (bytes) => stderr.push(bytes))
      child.stdin.on('error', () => {}).end(input)
      const pid = child.pid ?? 0
      // As the agent does: it waits for all of the output.
      child.on('close', (code) => {
        ended.set(pid, { exitStatus: code ?? 137, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) })
      })
      return pid
    },
    status: async (pid) => ended.get(pid),
  }
}

const sh = (agent: GuestAgent, script: string, timeoutMs = 60_000) =>
  execInGuest(agent, ['sh', '-c', script], timeoutMs)

t.test('output and exit status come back as from the host', async (t) => {
  const agent = localAgent()
  t.match(await sh(agent, 'echo out; echo err >&2; exit 3'), {
    exitStatus: 3,
    stdout: Buffer.from('out\n'),
    stderr: Buffer.from('err\n'),
    truncated: false,
  })
  const quoted = await execInGuest(agent, ['echo', '$HOME;`id`', `'"`], 60_000)
  t.equal(Buffer.from(quoted.stdout).toString(), `$HOME;\`id\` '"\n`)
  t.equal((await execInGuest(agent, ['/nonexistent'], 60_000)).exitStatus, 127)
})

t.test('a flood is cut and does not stop its writer', async (t) => {
  const { stdout, truncated, exitStatus } = await sh(localAgent(), 'head -c 1000000 /dev/zero; echo done >&2; exit 5')
  t.same([stdout.length, truncated, exitStatus], [48 * 1024, true, 5])
})

t.test('a daemon that keeps the output open is not waited for', async (t) => {
  const agent = localAgent()
  const begin = performance.now()
  const { stdout } = await sh(agent, 'sleep 60 & echo $!')
  t.ok(performance.now() - begin < 40_000)
  const daemon = Number(Buffer.from(stdout).toString())
  if (t.ok(daemon > 1)) process.kill(daemon, 'SIGKILL')
})

t.test('a command whose time is over is killed with all that it started', async (t) => {
  const agent = localAgent()
  await t.rejects(sh(agent, 'sleep 600 & sleep 600', 100), { code: 'call.timeout' })
  const pid = agent.started[0]?.pid ?? 0
  t.ok(pid > 1 && (await until(() => !alive(-pid))))
})

const until = async (condition: () => boolean): Promise<boolean> => {
  for (let tries = 0; tries < 1000 && !condition(); tries++) await sleep(20)
  return condition()
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

t.test('a script of ours that fails says so in its own words', async (t) => {
  const agent = localAgent()
  await runScript(agent, 'its test', `# ${'long '.repeat(50_000)}\n[ $((6 * 7)) = 42 ]`)
  await t.rejects(runScript(agent, 'its test', 'echo no such thing >&2; exit 1'), {
    code: 'hypervisor.failed',
    message: 'inside the guest, its test: no such thing',
  })
})

t.test('the protocol on the wire', async (t) => {
  const sent: unknown[] = []
  const answers: Record<string, unknown> = {
    'guest-exec': { pid: 7 },
    'guest-exec-status': { exited: true, signal: 9, 'out-data': Buffer.from('x').toString('base64') },
  }
  const agent = guestAgent(async (command, words) => {
    sent.push([command, words])
    return answers[command]
  })
  t.equal(await agent.start({ path: '/bin/true', words: ['a'], env: { A: 'b' }, input: Buffer.from('in') }), 7)
  t.same(await agent.status(7), { exitStatus: 137, stdout: Buffer.from('x'), stderr: Buffer.alloc(0) })
  t.same(sent, [
    ['guest-exec', { path: '/bin/true', arg: ['a'], env: ['A=b'], 'capture-output': true, 'input-data': 'aW4=' }],
    ['guest-exec-status', { pid: 7 }],
  ])
  answers['guest-exec-status'] = { exited: false }
  t.equal(await agent.status(7), undefined)
})

t.test('a guest that never answers is told apart from one that has ended', async (t) => {
  const silent: GuestAgent = { ...localAgent(), ping: () => Promise.reject(new Error('not connected')) }
  await t.rejects(waitForGuest(silent, 'r1', { isRunning: async () => true, timeoutMs: 10 }), {
    code: 'hypervisor.failed',
    message: /r1 did not come up.*not connected/,
  })
  await t.rejects(waitForGuest(silent, 'r1', { isRunning: async () => false, timeoutMs: 60_000 }), {
    code: 'node.not-running',
  })
  for (const code of ['node.not-running', 'node.unknown'] as const) {
    const ended: GuestAgent = { ...silent, ping: () => Promise.reject(new WeftError(code, 'as its channel knows')) }
    await t.rejects(waitForGuest(ended, 'r1', { timeoutMs: 60_000 }), { code: 'node.not-running' })
  }
})
