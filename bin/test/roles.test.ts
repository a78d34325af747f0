/** The daemons of the controller as they are started on real machines, each a process with a broker of its own. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { weft } from '../../controller/cli/test/support.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'

const entry = fileURLToPath(new URL('../weft', import.meta.url))

const substrate = `\
name: pip1
hosts:
  h1: {cpu: 4, memory: 8 GiB}
`

const startRole = async (t: Test, directory: string, role: string, ...argv: readonly string[]) => {
  const places = ['--run-dir', directory, '--store', join(directory, 'state', `${role}.db`)]
  const child = spawn(process.execPath, [entry, role, ...argv, ...places], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  child.stderr.on('data', (text) => {
    log += text
  })
  const ended = new Promise((resolve) => child.once('exit', (status, signal) => resolve(status ?? signal)))
  t.teardown(() => child.kill('SIGKILL'))
  const socket = join(directory, `${role}.sock`)
  for (let i = 0; i < 3000 && !existsSync(socket) && child.exitCode === null; i++) await sleep(20)
  if (!existsSync(socket)) throw new Error(`${role} did not start: ${log}`)
  return {
    end: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

t.test(
  'a PIP, a VNP and a VNO find each other through their embedded brokers, and end in order',
  { timeout: 300_000 },
  async (t) => {
    const directory = temporaryDirectory(t)
    const file = join(directory, 'substrate.yaml')
    writeFileSync(file, substrate)
    const pip = await startRole(t, directory, 'pip', '--name', 'pip1', '--substrate', file)
    const vnp = await startRole(
      t,
      directory,
      'vnp',
      '--name',
      'vnp1',
      '--pip',
      `pip1=unix:${directory}/pip-broker.sock`,
    )
    const vno = await startRole(
      t,
      directory,
      'vno',
      '--name',
      'alice',
      '--vnp',
      `vnp1=unix:${directory}/vnp-broker.sock`,
    )
    t.match(await weft(['hosts', '--run-dir', directory, '-o', 'name']), { status: 0, stdout: 'host/h1\n' })

    const request = join(directory, 'one.yaml')
    writeFileSync(request, 'vnet: one\nnodes: {a: {hypervisor: lxc}}\n')
    // The host has no agent: the refusal comes from the PIP, through the VNP.
    let answer = await weft(['apply', '-f', request, '--run-dir', directory])
    for (let i = 0; i < 100 && /provider\.unavailable|call\.unreachable/.test(answer.stderr); i++) {
      await sleep(100)
      answer = await weft(['apply', '-f', request, '--run-dir', directory])
    }
    t.match(answer, { status: 3, stdout: /postponed/, stderr: /\[admission\.not-now\]/ })
    t.match(await weft(['get', 'vnets', 'one', '--run-dir', directory]), { status: 0, stdout: /one +postponed/ })
    t.match(await weft(['delete', 'one', '--yes', '--wait', '--run-dir', directory]), { status: 0 })
    answer = await weft(['apply', '-f', request, '--no-wait', '--run-dir', directory])
    t.match(answer, { status: 1, stdout: '', stderr: /rejected.*\[admission\.not-now\]/s })

    t.equal(await vno.end(), 0)
    t.equal(await vnp.end(), 0)
    t.equal(await pip.end(), 0)
    t.same(
      readdirSync(directory).filter((name) => name.endsWith('.sock')),
      [],
    )
  },
)

t.test('what cannot be', async (t) => {
  const directory = temporaryDirectory(t)
  const refused = async (argv: readonly string[], stderr: RegExp) =>
    t.match(await weft([...argv, '--run-dir', directory, '--store', join(directory, 'x.db')]), {
      status: 1,
      stdout: '',
      stderr,
    })
  const both = ['--broker', 'mqtt://127.0.0.1:1', '--listen', 'mqtt://127.0.0.1:0']
  await refused(['vnp', '--name', 'v', '--pip', 'p=unix:/x', ...both], /--listen is of the embedded broker/)
  await refused(['vnp', '--name', 'v', '--pip', 'p'], /--pip is "p"\nhint: it takes DOMAIN=URL/)
  await refused(['vnp', '--name', 'v'], /needs --pip DOMAIN=URL/)
  await refused(
    ['vno', '--name', 'a', '--vnp', 'v=unix:/x', '--password-file', '/nonexistent'],
    /cannot read the password/,
  )
  await refused(['pip', '--name', 'p', '--substrate', '/nonexistent'], /ENOENT/)
})
