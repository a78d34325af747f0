import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { bootId, childrenOf, identify, isAlive, signal, ticksNow, ticksOf, until } from '../processes.ts'
import { mountsBelow } from '../remove.ts'
import { claimLabDirectory, type LabState, labDirectory, listLabs, readLabState, supervisorLives } from '../state.ts'

const stateOf = (name: string): LabState => ({
  format: 1,
  name,
  bootId: bootId(),
  supervisor: identify(process.pid) ?? { pid: 0, startTicks: 0 },
  group: `weft-lab-${name}`,
  held: [],
  ready: false,
  sockets: {},
})

t.test('a name is claimed once, whole, and found', async (t) => {
  const base = temporaryDirectory(t)
  const directory = labDirectory('one', base)
  t.ok(claimLabDirectory(directory, stateOf('one')))
  t.notOk(claimLabDirectory(directory, stateOf('one')))
  t.same(readdirSync(base), ['one'], 'nothing lies beside it')
  t.match(readLabState(directory), { name: 'one' })
  mkdirSync(join(base, 'logs-alone/logs'), { recursive: true })
  mkdirSync(join(base, 'Not-A-Lab'))
  t.same(
    listLabs(base).map(({ state }) => state.name),
    ['one'],
  )
  t.same(listLabs(join(base, 'missing')), [])
  mkdirSync(join(base, 'broken'))
  writeFileSync(join(base, 'broken/lab.json'), '{"for')
  t.equal(readLabState(join(base, 'broken')), undefined)
})

t.test('names that cannot be a directory or a group are refused', async (t) => {
  for (const name of ['', '-a', 'A', 'a/b', '..', 'a'.repeat(25)])
    t.throws(() => labDirectory(name), { code: 'lab.unknown' })
})

t.test('a process id that was given to another process is not taken for the first', async (t) => {
  const child = spawn('sleep', ['100'])
  const identity = identify(child.pid ?? 0)
  if (!identity) throw new Error('no sleep')
  t.same(
    childrenOf(process.pid).filter(({ pid }) => pid === child.pid),
    [identity],
  )
  t.ok(isAlive(identity))
  const reused = { ...identity, startTicks: identity.startTicks - 1 }
  t.notOk(isAlive(reused))
  t.notOk(signal(reused, 'SIGKILL'))
  t.ok(isAlive(identity), 'it was not killed')
  const exited = once(child, 'exit')
  t.ok(signal(identity, 'SIGKILL'))
  t.same(await exited, [null, 'SIGKILL'])
  t.ok(await until(() => !isAlive(identity), 5000))
  t.notOk(signal(identity, 'SIGKILL'))
  t.notOk(existsSync(`/proc/${identity.pid}/stat`) && isAlive(identity))
})

t.test('the time is told as start times of processes are', async (t) => {
  const before = ticksNow()
  const child = spawn('sleep', ['100'])
  t.teardown(() => child.kill('SIGKILL'))
  const { startTicks = 0 } = identify(child.pid ?? 0) ?? {}
  t.ok(before <= startTicks && startTicks <= ticksNow(), `${before} ${startTicks}`)
  t.equal(ticksOf('19596.35 39012.70'), 1_959_635, 'of a number that is a little less in floating point')
})

t.test('a supervisor of another boot does not live', async (t) => {
  const state = stateOf('one')
  t.ok(supervisorLives(state))
  t.notOk(supervisorLives({ ...state, bootId: 'another' }))
  t.notOk(supervisorLives({ ...state, supervisor: { ...state.supervisor, startTicks: 1 } }))
})

t.test('mounts below a directory are found by their mount point alone', async (t) => {
  const mountinfo = `21 1 254:0 / / rw shared:1 - ext4 /dev/vda rw
22 21 0:20 / /var/lib/weft-lab/a/hosts/x rw - tmpfs tmpfs rw
23 21 254:0 /var/lib/weft-lab/a /mnt rw - ext4 /dev/vda rw
24 21 0:21 / /var/lib/weft-lab/ab rw - tmpfs tmpfs rw`
  t.same(mountsBelow(mountinfo, '/var/lib/weft-lab/a'), ['/var/lib/weft-lab/a/hosts/x'])
})
