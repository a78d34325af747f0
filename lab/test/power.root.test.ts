/** The power of a virtual host: what goes with it, what stays, and that others do not notice. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { create } from '../../proto/codec.ts'
import { labProblem } from '../lab.ts'
import { isAlive, run } from '../processes.ts'
import { withLab } from '../testing.ts'

t.setTimeout(600_000)

const bootIdFile = '/proc/sys/kernel/random/boot_id'

t.test('a host that lost its power boots again with its disk, and nothing else', { skip: labProblem() }, async (t) => {
  const lab = await withLab(t, {
    substrate: create('Substrate', {
      nodes: [
        { id: 'west', kind: 'host' },
        { id: 'east', kind: 'host' },
        { id: 's1', kind: 'switch' },
      ],
      links: [
        { id: 'a', a: { node: 'west', nic: 'eth1' }, b: { node: 's1' } },
        { id: 'b', a: { node: 'east', nic: 'eth1' }, b: { node: 's1' } },
        { id: 'c', a: { node: 'west', nic: 'eth2' }, b: { node: 'east', nic: 'eth2' } },
      ],
    }),
  })
  const west = lab.host('west')
  const bootIdOf = async (host: string): Promise<string> => (await lab.host(host).exec(['cat', bootIdFile])).stdout
  const first = await bootIdOf('west')
  t.match(first, /^[0-9a-f-]{36}\n$/)
  t.equal(new Set([first, await bootIdOf('east'), readFileSync(bootIdFile, 'latin1')]).size, 3, 'each boots by itself')

  // A container with users of its own, as agents make them: it has to mount a /proc of its own.
  const file = join(west.directory, 'node.xml')
  writeFileSync(
    file,
    `<domain type='lxc'><name>node</name><memory unit='MiB'>64</memory><os><type>exe</type><init>/bin/sleep</init>
      <initarg>infinity</initarg></os><idmap><uid start='0' target='100000' count='65536'/><gid start='0' target='100000' count='65536'/></idmap><features><privnet/></features>
      <devices><console type='pty'/></devices></domain>`,
  )
  const virsh = (...argv: readonly string[]) => run(['virsh', '-q', '-c', lab.host('west').libvirtUri('lxc'), ...argv])
  t.equal((await virsh('define', file)).status, 0)
  const started = await virsh('start', 'node')
  t.equal(started.status, 0, started.stderr)
  writeFileSync(join(west.directory, 'weft/kept'), 'on disk')
  await west.exec(['sh', '-c', 'echo gone >/run/note; ip link add wb0 type bridge'])

  await lab.powerOff('west')
  t.notOk(isAlive(west.holder.identity))
  await t.resolves(lab.powerOff('west'), 'it may be off already')
  await t.rejects(lab.powerOn('east'), { code: 'lab.failed' }, 'a host that is on is not started')
  t.equal((await lab.host('east').exec(['hostname'])).stdout, 'east\n', 'the other one goes on')

  const again = await lab.powerOn('west')
  t.equal(lab.host('west'), again)
  t.not(await bootIdOf('west'), first)
  t.equal(readFileSync(join(again.directory, 'weft/kept'), 'utf8'), 'on disk')
  t.notOk(existsSync(join(again.directory, 'run/note')))
  t.not((await again.exec(['ip', 'link', 'show', 'wb0'])).status, 0, 'its interfaces are new')
  t.equal((await virsh('list', '--all', '--name')).stdout.trim(), 'node', 'what was defined is')
  t.equal((await virsh('list', '--name')).stdout.trim(), '', 'and does not run')
  for (const address of ['10.255.0.2', '10.255.1.2'])
    t.equal((await again.exec(['ping', '-c1', '-W20', address])).status, 0, `${address} is reached again`)
})
