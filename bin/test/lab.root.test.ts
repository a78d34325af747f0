/** The command line against everything else: a lab, its roles and agents, containers, as a person uses them. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { labProblem } from '../../lab/lab.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'

const entry = fileURLToPath(new URL('../weft', import.meta.url))

const request = (rate: string) => `\
vnet: pair
prefix: 10.77.0.0/24
defaults: {hypervisor: lxc, memory: 64 MiB}
nodes:
  left: {}
  right: {}
links:
  wire: {ends: [left, right], rate: ${rate}}
`

t.test('a VNet from lab up to lab down, by commands alone', { skip: labProblem(), timeout: 600_000 }, (t) => {
  const directory = temporaryDirectory(t)
  // Labs of others on this machine are not ours to find; hooks of the test runner are not for daemons.
  const { NODE_OPTIONS: _, ...own } = process.env
  const name = `cli-${process.pid}`
  const env = { ...own, WEFT_LAB_DIR: join(directory, 'labs'), WEFT_LISTEN: 'unix:/not/for/the/lab' }
  const weft = (...argv: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(entry, argv, { env, encoding: 'utf8', timeout: 300_000 })
    t.comment(`weft ${argv.join(' ')}: ${status}\n${stdout}${stderr}`)
    return { status, stdout, stderr }
  }
  const file = (name: string, rate: string): string => {
    const path = join(directory, name)
    writeFileSync(path, request(rate))
    return path
  }
  t.teardown(() => spawnSync(entry, ['lab', 'down', name], { env, stdio: 'ignore' }))

  const first = file('pair.yaml', '10 Mbit/s')
  const second = file('faster.yaml', '20 Mbit/s')
  t.match(weft('lab', 'list'), { status: 0, stdout: '', stderr: 'no labs\n' })
  t.match(weft('lab', 'up', name, '--hosts', '2'), { status: 0, stdout: `lab/${name} is up: centre, west\n` })
  t.match(weft('lab', 'up', name), { status: 1, stdout: '', stderr: /\[lab\.exists\]/ })
  t.match(weft('lab', 'list', '-o', 'name'), { status: 0, stdout: `lab/${name}\n` })
  t.match(weft('hosts', '-o', 'name'), { status: 0, stdout: 'host/centre\nhost/west\n' })
  t.match(weft('-v', 'get'), { status: 0, stderr: /^asking the vno of lab cli-\d+ at .*no vnets\n$/s })

  t.match(weft('plan', '-f', first), { status: 2, stdout: /^add +vnet\/pair .*Plan for vnet\/pair: 4 to add\.\n$/s })
  t.match(weft('apply', '-f', first, '--wait'), {
    status: 0,
    stdout: /^vnet\/pair accepted: .*\nvnet\/pair ready after /,
  })
  t.match(weft('apply', '-f', first), { status: 0, stdout: /^vnet\/pair unchanged: generation 1,/ })
  t.match(weft('plan', '-f', first), { status: 0, stdout: 'Plan for vnet/pair: nothing to do.\n' })
  t.match(weft('plan', '-f', second), {
    status: 2,
    stdout: /^change +link\/wire +rate a to b: 10 Mbit\/s → 20 Mbit\/s/,
  })
  t.match(weft('get', 'nodes', 'pair', '-o', 'name'), { stdout: 'node/pair/left\nnode/pair/right\n' })
  t.match(weft('wait', 'pair'), { status: 0, stdout: 'vnet/pair is ready\n' })

  t.match(weft('exec', 'pair/left', '--', 'ping', '-c', '1', '-w', '20', '10.77.0.2'), {
    status: 0,
    stdout: / 0% packet loss/,
  })
  t.match(weft('exec', 'right', '--', 'sh', '-c', 'echo no >&2; exit 9'), { status: 9, stdout: '', stderr: 'no\n' })
  t.match(weft('exec', 'pair/middle', '--', 'true'), { status: 125, stderr: /\[node\.unknown\]/ })

  const [host = ''] = JSON.parse(weft('get', 'nodes', '-o', 'json').stdout).map((node: { host: string }) => node.host)
  t.match(weft('host', '--host', host), { status: 0, stdout: /alice\.pair +ready/ })
  t.match(weft('host', 'exec', 'alice.pair/left', '--host', host, '--', 'hostname'), { status: 0 })
  t.match(weft('lab', 'exec', host, '--', 'ip', '-brief', 'link'), { status: 0, stdout: /^vif\d+\.0/m })

  t.match(weft('lab', 'exec', host, '--', 'pwd'), { status: 0, stdout: `${process.cwd()}\n` })

  t.match(weft('delete', 'pair'), { status: 1, stderr: /no terminal to ask on/ })
  t.match(weft('delete', 'pair', '--yes', '--wait'), { status: 0, stdout: 'vnet/pair is gone\n' })
  t.match(weft('wait', '--for', 'gone', 'pair'), { status: 0 })
  t.notMatch(weft('lab', 'exec', host, '--', 'ip', '-brief', 'link'), { stdout: /^vif/m })

  t.match(weft('lab', 'down'), { status: 0, stdout: `lab/${name} is gone\n` })
  t.match(weft('lab', 'down'), { status: 1, stderr: /\[lab\.unknown\]/ })
  t.match(weft('get'), { status: 1, stderr: /\[call\.unreachable\]/ })
  t.end()
})
