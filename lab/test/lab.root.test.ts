import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { create } from '../../proto/codec.ts'
import { createGroup, groupDirectories, groupProcesses, machineHierarchies, removeGroup } from '../cgroup.ts'
import type { VirtualHost } from '../host/host.ts'
import { type Lab, labProblem, startLab } from '../lab.ts'
import { isAlive, run, runChecked, until } from '../processes.ts'
import { endLab, leftovers } from '../remove.ts'
import { labBase, readLabState } from '../state.ts'
import { withLab, withVirtualHost } from '../testing.ts'

const skip = labProblem()
t.setTimeout(600_000)

const line = create('Substrate', {
  name: 'line',
  nodes: ['west', 'centre', 'east'].map((id) => ({ id, kind: 'host' })),
  links: [
    { id: 'a', a: { node: 'west', nic: 'eth1' }, b: { node: 'centre', nic: 'eth1' } },
    { id: 'b', a: { node: 'centre', nic: 'eth2' }, b: { node: 'east', nic: 'eth1' } },
  ],
})

/** A container on the host's own files: nothing of it but processes, an interface and control groups. */
const startContainer = async (host: VirtualHost, name: string): Promise<void> => {
  const file = join(host.directory, `${name}.xml`)
  writeFileSync(
    file,
    `<domain type='lxc'><name>${name}</name><memory unit='MiB'>64</memory><os><type>exe</type><init>/bin/sleep</init>
      <initarg>infinity</initarg></os><devices><console type='pty'/><interface type='ethernet'><target dev='vif0.0'/></interface></devices></domain>`,
  )
  const virsh = ['virsh', '-c', host.libvirtUri('lxc')]
  await runChecked([...virsh, 'define', file])
  await runChecked([...virsh, 'start', name])
}

/** What of the machine a lab could change. Named namespaces, which it never makes, come and go with other tests meanwhile. */
const machine = async () => ({
  mounts: readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((mount) => !mount.includes(' /run/netns')),
  links: (await runChecked(['ip', '-br', 'link'])).split('\n').map((text) => text.split(' ')[0]),
})

/** Everything that says that a lab was there, by what its holders were. */
const traces = (lab: Lab, state: ReturnType<typeof readLabState>) => [
  ...(state ? leftovers(state, lab.directory) : ['no state']),
  ...(existsSync(lab.directory) ? [lab.directory] : []),
]

t.test('hosts are ready, joined as declared, and gone without a trace, twice in a row', { skip }, async (t) => {
  const before = await machine()
  for (const round of [1, 2]) {
    const lab = await startLab({ name: `test-${process.pid}`, substrate: line })
    t.teardown(() => lab.down())
    const state = readLabState(lab.directory)
    for (const [name, host] of lab.hosts) {
      t.equal(
        (await run(['virsh', '-c', host.libvirtUri('lxc'), 'hostname'])).stdout.trim(),
        name,
        'its libvirt answers',
      )
      t.equal((await host.exec(['hostname'])).stdout.trim(), name)
    }
    const centre = lab.host('centre')
    t.equal((await centre.exec(['ping', '-c1', '-W20', '10.255.0.1'])).status, 0, 'centre reaches west')
    t.equal(
      (await centre.exec(['ping', '-c1', '-W20', '-s', '1572', '-M', 'do', '10.255.1.2'])).status,
      0,
      'east, 1600 bytes',
    )
    t.not((await lab.host('west').exec(['ping', '-c1', '-W1', '10.255.1.2'])).status, 0, 'west does not reach east')
    await startContainer(centre, 'node')
    t.ok(leftovers(state as NonNullable<typeof state>, lab.directory).length > 0, 'a running lab is seen')
    t.same((await machine()).links, before.links, 'the machine has no interface of it')
    await lab.down()
    t.same(traces(lab, state), [], `nothing is left in round ${round}`)
    t.same(await machine(), before)
  }
})

t.test('two labs with hosts and domains of the same names do not meet', { skip }, async (t) => {
  const [one, two] = await Promise.all([withLab(t, { substrate: line }), withLab(t, { substrate: line })])
  await Promise.all([one, two].map((lab) => startContainer(lab.host('west'), 'node')))
  await one.down()
  const { stdout } = await run(['virsh', '-c', two.host('west').libvirtUri('lxc'), 'list', '--name'])
  t.equal(stdout.trim(), 'node', 'the other still runs')
})

t.test('two hosts may have domains of one name', { skip }, async (t) => {
  const lab = await withLab(t, { substrate: line })
  await Promise.all([...lab.hosts.values()].map((host) => startContainer(host, 'node')))
  t.pass('all three run')
})

t.test('a name is one lab only', { skip }, async (t) => {
  const lab = await withLab(t, { substrate: line, drivers: [] })
  await t.rejects(startLab({ name: lab.name, substrate: line }), { code: 'lab.exists' })
  t.equal((await lab.host('west').exec(['true'])).status, 0, 'the first is untouched')
})

t.test('fabrics and switches join their hosts', { skip }, async (t) => {
  const lab = await withLab(t, {
    drivers: [],
    substrate: create('Substrate', {
      nodes: [
        ...['a', 'b', 'c', 'd'].map((id) => ({ id, kind: 'host' })),
        { id: 'net', kind: 'fabric' },
        { id: 'sw', kind: 'switch' },
      ],
      links: [
        { id: '1', a: { node: 'a', nic: 'eth1' }, b: { node: 'net' } },
        { id: '2', a: { node: 'b', nic: 'eth1' }, b: { node: 'net' } },
        { id: '3', a: { node: 'sw' }, b: { node: 'net' } },
        { id: '4', a: { node: 'c', nic: 'eth1' }, b: { node: 'sw' } },
        { id: '5', a: { node: 'd', nic: 'eth1' }, b: { node: 'sw' } },
      ],
    }),
  })
  const addressOf = async (host: string) =>
    (await lab.host(host).exec(['ip', '-4', '-o', 'address', 'show', 'eth1'])).stdout.replace(
      /^.*inet (\S+)\/.*$/s,
      '$1',
    )
  for (const [from, to] of [
    ['a', 'b'],
    ['a', 'c'],
    ['d', 'b'],
    ['c', 'd'],
  ] as const) {
    const { status, stdout } = await lab.host(from).exec(['ping', '-c1', '-W20', await addressOf(to)])
    t.equal(status, 0, `${from} reaches ${to}: ${stdout}`)
  }
})

t.test('a lab whose starter was killed is ended from elsewhere', { skip }, async (t) => {
  const name = `test-crash-${process.pid}`
  const script = `
    import { startLab } from ${JSON.stringify(new URL('../lab.ts', import.meta.url).href)}
    await startLab({ name: '${name}', substrate: ${JSON.stringify(line)} })
    console.log('up')
    setInterval(() => {}, 1000)`
  const starter = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => starter.kill('SIGKILL'))
  await once(createInterface({ input: starter.stdout }), 'line')
  const directory = join(labBase(), name)
  const state = readLabState(directory) as NonNullable<ReturnType<typeof readLabState>>
  t.equal(state.held.length, 3)
  starter.kill('SIGKILL')
  await endLab(name)
  t.same(leftovers(state, directory), [])
  t.notOk(existsSync(directory))
  t.notOk(state.held.some(({ identity }) => isAlive(identity)))
  await t.rejects(endLab(name), { code: 'lab.unknown' })
})

t.test('hosts end with a starter that was killed, and its name can be taken again', { skip }, async (t) => {
  const name = `test-again-${process.pid}`
  const script = `
    import { startLab } from ${JSON.stringify(new URL('../lab.ts', import.meta.url).href)}
    await startLab({ name: '${name}', substrate: ${JSON.stringify(line)}, drivers: [] })
    process.kill(process.pid, 'SIGKILL')`
  const starter = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: 'inherit' })
  await once(starter, 'exit')
  const group = `weft-lab-${name}`
  t.ok(await until(() => groupProcesses(machineHierarchies(), group).size === 0, 20_000), 'no process outlives it')
  t.ok(groupDirectories(machineHierarchies(), group).length > 0, 'its control groups do')
  const lab = await withLab(t, { name, substrate: line, drivers: [] })
  t.equal((await lab.host('east').exec(['true'])).status, 0)
})

t.test('a libvirtd that was killed comes back and finds its domains', { skip }, async (t) => {
  const host = await withVirtualHost(t)
  await startContainer(host, 'node')
  const pid = (await host.exec(['cat', '/run/libvirtd.pid'])).stdout.trim()
  await host.exec(['kill', '-9', pid])
  let listed = ''
  for (let round = 0; round < 200 && listed !== 'node'; round++) {
    listed = (await run(['virsh', '-c', host.libvirtUri('lxc'), 'list', '--name'])).stdout.trim()
  }
  t.equal(listed, 'node')
})

t.test('orphans of a host are reaped', { skip }, async (t) => {
  const host = await withVirtualHost(t)
  await host.exec(['sh', '-c', '(sleep 0.05 &)'])
  const zombies = async () => (await host.exec(['sh', '-c', 'grep -l "^State:.Z" /proc/[0-9]*/status'])).stdout
  await until(() => false, 500)
  t.equal(await zombies(), '')
})

t.test('a command that goes on is killed by name of signal and ends with its host', { skip }, async (t) => {
  const lab = await withLab(t, { substrate: line, drivers: [] })
  const first = await lab.host('west').spawn(['sleep', 'infinity'], join(lab.logs, 'west/first.log'))
  t.ok(first.kill('SIGTERM'))
  t.equal(await first.exited, 'SIGTERM')
  t.notOk(first.kill('SIGTERM'), 'it has ended')
  const second = await lab.host('west').spawn(['sleep', 'infinity'], join(lab.logs, 'west/second.log'))
  const role = lab.spawn('role', ['sleep', 'infinity'])
  await lab.down()
  await Promise.all([second.exited, role.exited])
  t.notOk(isAlive(second.identity))
  t.notOk(isAlive(role.identity))
})

t.test('a host that does not start leaves its logs and nothing else', { skip }, async (t) => {
  const before = await machine()
  const name = `test-fail-${process.pid}`
  t.teardown(() => runChecked(['rm', '-rf', join(labBase(), name)]))
  // Both ends of this link have one name in one namespace, which the kernel refuses.
  const links = [{ id: 'a', a: { node: 'a', nic: 'lo' }, b: { node: 'b', nic: 'eth1' } }]
  const nodes = ['a', 'b'].map((id) => ({ id, kind: 'host' }))
  await t.rejects(startLab({ name, substrate: create('Substrate', { nodes, links }), drivers: [] }), {
    code: 'lab.failed',
    message: /File exists/,
  })
  t.same(await machine(), before)
  t.same(groupDirectories(machineHierarchies(), `weft-lab-${name}`), [])
  t.ok(existsSync(join(labBase(), name, 'logs/a/init.log')))
})

t.test(
  'groups of a lab whose files are gone as well are cleared by the next lab, those in use are not',
  { skip },
  async (t) => {
    const lab = await withLab(t, { substrate: line, drivers: [] })
    const hierarchies = machineHierarchies()
    const [abandoned, fresh] = [`weft-lab-test-old-${process.pid}`, `weft-lab-test-new-${process.pid}`]
    for (const group of [abandoned, fresh]) createGroup(hierarchies, `${group}/west`)
    t.teardown(() => Promise.all([abandoned, fresh].map((group) => removeGroup(hierarchies, group))))
    const old = new Date(Date.now() - 120_000)
    for (const group of [abandoned, `weft-lab-${lab.name}`]) {
      for (const { path } of hierarchies) utimesSync(join(path, group), old, old)
    }
    await withLab(t, { substrate: line, drivers: [] })
    t.same(groupDirectories(hierarchies, abandoned), [])
    t.not(groupDirectories(hierarchies, fresh).length, 0, 'one of a lab that starts just now')
    t.not(groupProcesses(hierarchies, `weft-lab-${lab.name}`).size, 0, 'one of a lab that runs')
  },
)
