/** The contract over containers, in a virtual host: started by lxc/test/lxc.root.test.ts. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { parseConfig } from '../../../config.ts'
import { openImages } from '../../../images/open.ts'
import { interfaceNames } from '../../../interfaces.ts'
import { createLog } from '../../../log.ts'
import { isForsaken } from '../../lxc/heard.ts'
import { lxcHypervisor } from '../../lxc/lxc.ts'
import { hypervisorContract, type Subject, specOf } from '../contract.ts'
import { until } from '../until.ts'

t.setTimeout(500_000)

const run = promisify(execFile)
const virsh = async (...words: string[]): Promise<string> =>
  (await run('virsh', ['-q', '-c', 'lxc:///system', ...words])).stdout
const stateDir = '/var/lib/weft'
const imagesDirectory = `${stateDir}/images`

const images = await openImages(stateDir, parseConfig('', ''))
const open = () => lxcHypervisor({ uri: 'lxc:///system', stateDir, images, parallel: 4, log: createLog('warn') })

type End = NonNullable<Subject['ends']>[number]['end']

const inside =
  (command: string): End =>
  async (_domain, { vnet, node }, driver) => {
    // It may end before it has answered.
    await driver.inside.exec(vnet, node.id, ['sh', '-c', command], 60_000).catch(() => {})
  }

const killInit: End = async (domain) => {
  const controller = (await virsh('domid', domain)).trim()
  const [init] = (await readFile(`/proc/${controller}/task/${controller}/children`, 'utf8')).split(' ')
  process.kill(Number(init), 'SIGKILL')
}

await hypervisorContract(t, {
  open,
  stop: async (domain) => void (await virsh('destroy', domain)),
  ends: [
    { how: 'stopped', end: async (domain) => void (await virsh('destroy', domain)) },
    { how: 'stopped', end: inside('poweroff') },
    { how: 'stopped', end: inside('halt') },
    { how: 'rebooted', end: inside('reboot') },
    // reboot(2): libvirt starts it again by itself.
    { how: 'rebooted', end: inside('busybox reboot -f') },
    { how: 'crashed', end: killInit },
  ],
  traces: async () => [
    ...(await virsh('list', '--all', '--name')).split('\n').filter(Boolean),
    ...(await readdir(`${stateDir}/nodes`).catch(() => [])),
    ...[...(await interfaceNames())].filter((name) => name.startsWith('vif')).sort(),
  ],
  losesVifs: true,
  runs: true,
  startsUp: true,
})

await t.test(
  'an image is a tree whose programs are mounted read-only, and one that is not there is named',
  async (t) => {
    const driver = open()
    t.teardown(() => driver.close())
    const image = `${imagesDirectory}/tiny`
    await mkdir(`${image}/usr`, { recursive: true })
    await mkdir(`${image}/etc`)
    // As good as an unpacked distribution, and free.
    await run('mount', ['--bind', '/usr', `${image}/usr`])
    for (const name of ['bin', 'lib', 'lib64']) await symlink(`usr/${name}`, `${image}/${name}`)
    await writeFile(`${image}/etc/debian_version`, 'tiny\n')
    t.teardown(() => run('umount', [`${image}/usr`]))

    const spec = specOf('tiny', 9, { image: 'tiny' })
    await driver.start(spec)
    await driver.configure(spec)
    const { stdout } = await driver.inside.exec(
      spec.vnet,
      'tiny',
      ['cat', '/etc/debian_version', '/etc/passwd'],
      60_000,
    )
    t.equal(Buffer.from(stdout).toString(), 'tiny\nroot:x:0:0:root:/root:/bin/sh\n')
    await driver.remove(spec.vnet, 'tiny')

    await t.rejects(driver.start(specOf('other', 9, { image: 'huge' })), {
      code: 'image.unknown',
      object: 'node/other',
      hint: 'images here: host, tiny',
    })
    const startUp = { files: [{ path: '/bin/ls', content: 'x' }] }
    await t.rejects(driver.start(specOf('other', 9, { startUp })), { code: 'slice.invalid' })
    t.same(await driver.observe(), [])
    t.same(await readdir(`${stateDir}/nodes`), [])
  },
)

await t.test('limits hold, also for what is run in the node from outside', async (t) => {
  const driver = open()
  t.teardown(() => driver.close())
  const spec = specOf('small', 9, { memoryBytes: 48 * 1024 * 1024, cpu: { count: 1, quotaMillis: 200, pins: '0' } })
  await driver.start(spec)
  t.teardown(() => driver.remove(spec.vnet, 'small'))
  const out = async (...argv: string[]): Promise<string> =>
    Buffer.from((await driver.inside.exec(spec.vnet, 'small', argv, 120_000)).stdout).toString()
  t.match(await out('cat', '/proc/meminfo'), /MemTotal: +49152 kB/)
  t.match(await out('cat', '/proc/self/cgroup'), /memory:\/machine|0::\/machine/)
  t.match(await out('grep', 'Cpus_allowed_list', '/proc/self/status'), /:\t0\n/)
  // A loop that counts to a fixed number takes its CPU time and, at a fifth of a CPU, five times that.
  const times = await out(
    'sh',
    '-c',
    'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; cat /proc/uptime >/dev/null; times',
  )
  const [, userSeconds = '0'] = /0m([\d.]+)s/.exec(times) ?? []
  const begin = performance.now()
  await out('sh', '-c', 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done')
  t.ok(
    (performance.now() - begin) / 1000 > 3 * Number(userSeconds),
    `${userSeconds} s of CPU took longer than thrice that`,
  )
})

await t.test(
  'a shell is on the console; its size is the terminal’s, its keys reach what runs there, and it hangs up with the node',
  async (t) => {
    const driver = open()
    t.teardown(() => driver.close())
    const spec = specOf('talk', 9)
    await driver.start(spec)
    t.teardown(() => driver.remove(spec.vnet, 'talk'))
    await driver.configure(spec)
    const console = await driver.inside.console(spec.vnet, 'talk')
    let text = ''
    console.onData((bytes) => {
      text += Buffer.from(bytes).toString()
    })
    const said = async (words: string): Promise<void> => {
      for (const end = performance.now() + 60_000; !text.includes(words); ) {
        if (performance.now() > end) throw new Error(`"${words}" never came: ${text}`)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const type = (keys: string): Promise<void> => console.write(Buffer.from(keys))
    await said('press Enter')
    await type('\r')
    await said('# ')
    await console.resize?.(101, 33)
    await type('stty size; sleep 1000; echo interrupted-$?\r')
    await said('33 101')
    // What is pressed before sleep(1) runs would be the shell's.
    const sleeping = () => driver.inside.exec(spec.vnet, 'talk', ['pgrep', '-f', '^sleep 1000'], 60_000)
    while ((await sleeping()).exitStatus !== 0) await new Promise((resolve) => setTimeout(resolve, 50))
    await type('\u0003')
    await type('echo on-$((6*7))\r')
    await said('on-42')
    await virsh('destroy', (await driver.observe()).find(({ id }) => id === 'talk')?.domain ?? '')
    t.match(await console.closed, /hung up/)
    await t.rejects(console.write(Buffer.from('x')))
    t.equal((await driver.inside.console(spec.vnet, 'talk').catch((error) => error)).code, 'node.not-running')
  },
)

await t.test('the start-up command runs once the node is configured, in every run of it', async (t) => {
  const driver = open()
  t.teardown(() => driver.close())
  const spec = specOf('runs', 9, { startUp: { command: 'cat /sys/class/net/eth0/mtu >>/root/runs' } })
  t.teardown(() => driver.remove(spec.vnet, 'runs'))
  const domain = async () => (await driver.observe()).find(({ id }) => id === 'runs')
  const runs = async (): Promise<number> => {
    const { stdout } = await driver.inside.exec(spec.vnet, 'runs', ['cat', '/root/runs'], 60_000)
    return Buffer.from(stdout).toString().split('1400\n').length - 1
  }
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    while (!(await isSo().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  // Also where it is configured before its process 1 has looked for the first time.
  for (const run of [1, 2, 3, 4]) {
    await driver.start(spec)
    await driver.configure(spec)
    await until(async () => (await runs()) === run)
    await virsh('destroy', (await domain())?.domain ?? '')
  }
  await driver.start(spec)
  await driver.configure(spec)
  await until(async () => (await runs()) === 5)
  await driver.inside.exec(spec.vnet, 'runs', ['busybox', 'reboot', '-f'], 60_000).catch(() => {})
  await until(async () => (await domain())?.ended?.how === 'rebooted')
  await until(async () => (await runs()) === 5)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  t.equal(await runs(), 5, 'what was released the run before holds for no other')
  await driver.configure(spec)
  await until(async () => (await runs()) === 6)
})

await t.test('a container that was taken from a pool comes back from reboot(2) as what it has become', async (t) => {
  const driver = open()
  t.teardown(() => driver.close())
  const idle = { ...specOf('n1', 8, { interfaces: [{ index: 0 }, { index: 3 }] }), vnet: 'pool-small' }
  await driver.start(idle)
  await driver.configure(idle)
  const spec = specOf('back', idle.slot, { startUp: { command: 'hostname >>/root/runs' } })
  t.equal(await driver.start(spec, { vnet: idle.vnet, id: 'n1', slot: idle.slot }), true)
  await driver.configure(spec)
  t.teardown(() => driver.remove(spec.vnet, 'back'))
  const runs = async (count: number): Promise<boolean> => {
    const { stdout } = await driver.inside.exec(spec.vnet, 'back', ['cat', '/root/runs'], 60_000)
    return Buffer.from(stdout).toString() === 'back\n'.repeat(count)
  }
  t.ok(await until(() => runs(1)))
  await driver.inside.exec(spec.vnet, 'back', ['busybox', 'reboot', '-f'], 60_000).catch(() => {})
  t.ok(await until(async () => (await driver.observe())[0]?.ended?.how === 'rebooted'))
  // Where the kernel still has the interfaces that were attached, libvirt could not start it again.
  if (!(await driver.observe())[0]?.running) await driver.start(spec)
  t.match(await driver.observe(), [{ id: 'back', running: true, configuration: '' }])
  await driver.configure(spec)
  t.ok(await until(() => runs(2).catch(() => false)))

  await rm(`${stateDir}/nodes/${spec.vnet}`, { recursive: true })
  const other = open()
  t.teardown(() => other.close())
  t.match(await other.observe(), [{ id: 'back', digest: '' }], 'without its directory it is half of a node')
  await other.remove(spec.vnet, 'back')
  t.same(await other.observe(), [], 'and is removed all the same')
})

await t.test('a container whose attached interfaces outlast its reboot(2) has rebooted all the same', async (t) => {
  const driver = open()
  t.teardown(() => driver.close())
  const bare = specOf('slow', 9, { interfaces: [] })
  await driver.start(bare)
  t.teardown(() => driver.remove(bare.vnet, 'slow'))
  const spec = specOf('slow', 9)
  await driver.configure(spec)
  const namespace = (await (await driver.observe())[0]?.networkNamespace?.()) ?? ''
  // As the kernel may be slow to take down what nobody uses.
  const holder = spawn('nsenter', [`--net=${namespace}`, 'sleep', '600'], { stdio: 'ignore' })
  const ended = once(holder, 'exit')
  t.teardown(async () => {
    holder.kill()
    await ended
  })
  const there = await readlink(namespace)
  t.ok(await until(async () => (await readlink(`/proc/${holder.pid}/ns/net`)) === there))
  await driver.inside.exec(spec.vnet, 'slow', ['busybox', 'reboot', '-f'], 60_000).catch(() => {})
  t.ok(await until(async () => (await driver.observe())[0]?.ended !== undefined))
  t.match(await driver.observe(), [{ id: 'slow', running: false, ended: { how: 'rebooted' } }])
  await driver.start(spec)
  await driver.configure(spec)
  t.match(await driver.observe(), [{ id: 'slow', running: true, ended: undefined }])
})

// Unless it is seen to, that misses about one start in fifty.
await t.test('libvirt hears of every container that is started, and so of its end', async (t) => {
  const driver = open()
  t.teardown(() => driver.close())
  const spec = specOf('heard', 9, { interfaces: [] })
  t.teardown(() => driver.remove(spec.vnet, 'heard'))
  for (let starts = 0; starts < 20; starts++) {
    await driver.start(spec)
    const [node] = await driver.observe()
    const domain = node?.domain ?? ''
    const controller = Number(await virsh('domid', domain))
    t.equal(isForsaken(await readFile(`/proc/${controller}/net/unix`, 'utf8'), `${domain}.sock`), false)
    const [init] = (await readFile(`/proc/${controller}/task/${controller}/children`, 'utf8')).split(' ')
    process.kill(Number(init), 'SIGKILL')
    t.ok(await until(async () => (await virsh('domstate', domain)).trim() === 'shut off'))
  }
})
