import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { create } from '../../proto/codec.ts'
import { callLocal } from '../../proto/local.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { groupDirectories, groupProcesses, machineHierarchies } from '../cgroup.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { endLab } from '../remove.ts'
import { agentSocket, startStack, weft } from '../stack.ts'
import { labBase, listLabs, readLabState } from '../state.ts'

const skip = labProblem()
t.setTimeout(900_000)

const start = join(dirname(dirname(weft())), 'lab/start.ts')

/** `npm start` as a process of its own; killed with the test where it does not end. */
const demo = (t: Test, ...argv: string[]) => {
  const child = spawn(process.execPath, [start, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text
  })
  t.teardown(() => child.kill('SIGKILL'))
  const closed = once(child, 'close')
  return { child, said, ended: closed.then(([code, signal]) => ({ status: code ?? signal, ...said })) }
}

const waitFor = async (what: () => boolean): Promise<void> => {
  for (const end = performance.now() + 300_000; !what(); ) {
    if (performance.now() > end) throw new Error('it never came')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const traces = (name: string): readonly string[] => [
  ...[...groupProcesses(machineHierarchies(), `weft-lab-${name}`)].map((pid) => `process ${pid}`),
  ...groupDirectories(machineHierarchies(), `weft-lab-${name}`),
  ...(existsSync(join(labBase(), name)) ? [name] : []),
]

t.test('npm start -- --once -o json: one JSON object, every ping passed, nothing left', { skip }, async (t) => {
  const name = `test-${process.pid}`
  const { status, stdout, stderr } = await demo(t, '--once', '-o', 'json', '--name', name).ended
  t.equal(status, 0, stderr)
  t.match(stdout, /^\{[^\n]*\}\n$/, 'one line')
  const report = JSON.parse(stdout)
  t.same(Object.keys(report), ['phases', 'nodes', 'links', 'pings'])
  t.same(report.pings, { passed: 14, failed: 0 })
  const phases = report.phases.map((phase: { name: string }) => phase.name)
  t.same(phases.toSorted(), ['discovery', 'first ping', 'lab', 'links', 'mapping', 'nodes', 'request', 'reservation'])
  t.ok(report.phases.every(({ seconds }: { seconds: number }) => seconds >= 0))
  t.equal(report.nodes.length, 6)
  t.same([...new Set(report.nodes.map((node: { host: string }) => node.host))].sort(), ['centre', 'east', 'west'])
  t.ok(
    report.links.some(({ path }: { path: string[] }) => path.length === 3),
    'a link goes through a third host',
  )
  t.match(stderr, /14 of 14 pings passed/)
  t.same(traces(name), [])
})

t.test('it stays until it is told to end, and a request can be made from elsewhere meanwhile', { skip }, async (t) => {
  const name = `test-stay-${process.pid}`
  const running = demo(t, '--name', name)
  await waitFor(() => running.said.stdout.includes('Ctrl-C ends it') || running.child.exitCode !== null)
  const get = await run([process.execPath, weft(), '--lab', name, 'get', 'vnets', '-o', 'name'])
  t.equal(get.stdout, 'vnet/paper\n', get.stderr)
  const again = await demo(t, '--name', name, '--once').ended
  t.equal(again.status, 1)
  t.match(again.stderr, /runs already.*lab\.exists/s)
  running.child.kill('SIGINT')
  // As npm does: the signal of the terminal, passed on once more.
  running.child.kill('SIGINT')
  const { status, stdout } = await running.ended
  t.equal(status, 0)
  t.match(stdout, /removing everything\n$/)
  t.same(traces(name), [])
})

t.test('one that was killed leaves no process, and the next start clears what it left', { skip }, async (t) => {
  const name = `test-kill-${process.pid}`
  const running = demo(t, '--name', name)
  await waitFor(() => running.said.stdout.includes('Ctrl-C ends it') || running.child.exitCode !== null)
  running.child.kill('SIGKILL')
  await running.ended
  await waitFor(() => groupProcesses(machineHierarchies(), `weft-lab-${name}`).size === 0)
  const { status, stderr } = await demo(t, '--name', name, '--once').ended
  t.equal(status, 0, stderr)
  t.same(traces(name), [])
})

t.test('a signal while it starts ends it at once, with nothing left', { skip }, async (t) => {
  const name = `test-early-${process.pid}`
  const running = demo(t, '--name', name)
  await waitFor(() => readLabState(join(labBase(), name)) !== undefined)
  running.child.kill('SIGTERM')
  t.equal((await running.ended).status, 130)
  t.same(traces(name), [])
})

t.test('a request that is refused says why, keeps the logs and gives another status', { skip }, async (t) => {
  const name = `test-refused-${process.pid}`
  const file = join(temporaryDirectory(t), 'far.yaml')
  writeFileSync(file, 'vnet: far\nnodes:\n  a: { location: { latitude: 51.5, longitude: 0, within: 10 km } }\n')
  const { status, stderr } = await demo(t, '--once', '--name', name, '--request', file).ended
  t.equal(status, 1)
  t.match(stderr, /admission\.never-fits/)
  const logs = join(labBase(), name, 'logs')
  t.match(stderr, `the logs are in ${logs}\n`)
  for (const log of ['pip.log', 'vnp.log', 'vno.log', 'west/agent.log']) t.ok(existsSync(join(logs, log)), log)
  t.same(groupDirectories(machineHierarchies(), `weft-lab-${name}`), [])
  await t.rejects(endLab(name), { code: 'lab.unknown' }, 'it is no lab any more')
  await run(['rm', '-rf', join(labBase(), name)])
})

t.test('hosts with agents alone: each serves its local socket', { skip }, async (t) => {
  const stack = await startStack({ parts: 'agents', hosts: 2 })
  t.teardown(() => stack.down())
  for (const host of stack.lab.hosts.keys()) {
    const { host: view } = await callLocal(
      agentSocket(stack.lab, host),
      'HostCommand',
      create('HostCommand', { host: {} }),
      'HostReply',
    )
    t.equal(view?.inventory?.host, host)
    t.ok(view?.inventory?.nics.some((nic) => nic.addresses.some((address) => address.startsWith('10.255.'))))
  }
  t.same([...stack.roles.keys()], ['broker'])
})

t.test('a process of it that dies is told, with its last words', { skip }, async (t) => {
  const stack = await startStack({ hosts: 1 })
  t.teardown(() => stack.down())
  stack.roles.get('pip')?.kill('SIGKILL')
  await t.rejects(stack.broken, { code: 'lab.failed', message: 'pip ended (SIGKILL)' })
})

t.test('a role that cannot start fails the whole, with the reason', { skip }, async (t) => {
  const directory = temporaryDirectory(t)
  const substrateFile = join(directory, 'substrate.yaml')
  writeFileSync(substrateFile, 'name: x\nhosts:\n  a: {}\nlinks:\n  - { ends: [a/eth1, b/eth1], capacity: 1 Gbit/s }\n')
  await t.rejects(startStack({ substrateFile }), { code: 'substrate.invalid' })
  await t.rejects(startStack({ brokerUrl: `unix:${directory}/nobody.sock` }), {
    code: 'lab.failed',
    message: /cannot be reached/,
  })
  t.notOk(listLabs().some(({ state }) => state.supervisor.pid === process.pid))
  t.ok(readFileSync(substrateFile, 'utf8').startsWith('name: x'), 'the file is left alone')
})
