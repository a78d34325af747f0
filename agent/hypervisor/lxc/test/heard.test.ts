import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { DomainSummary } from '../../../../native/libvirt.ts'
import { isForsaken, isHeard, startHeard } from '../heard.ts'

const header = 'Num       RefCount Protocol Flags    Type St Inode Path'
const listener = '00000000d568fda7: 00000002 00000000 00010000 0001 01 18468858 /run/libvirt/lxc/weft-1.sock'
const accepted = '000000003c0f2cec: 00000003 00000000 00000000 0001 03 18471953 /run/libvirt/lxc/weft-1.sock'
const waiting = '000000003c0f2ced: 00000003 00000000 00000000 0001 02 0 /run/libvirt/lxc/weft-1.sock'
const other = '000000003c0f2cee: 00000003 00000000 00000000 0001 03 18471954 /run/libvirt/lxc/weft-11.sock'

t.test('a socket is forsaken where one listens and none is connected', async (t) => {
  const of = (...lines: string[]): boolean => isForsaken([header, ...lines, ''].join('\n'), 'weft-1.sock')
  t.equal(of(listener), true)
  t.equal(of(listener, other), true, 'of another container')
  t.equal(of(listener, accepted), false)
  t.equal(of(listener, waiting), false, 'the listener has not accepted it yet')
  t.equal(of(other), false, 'where nobody listens nothing is known')
  t.equal(of(), false)
})

/** As libvirt's controller of a container: it listens, and process 1 is its child. Ends, where asked, its process 1. */
const controllerScript = `
const child = require('node:child_process').spawn('sleep', ['1000'])
process.on('SIGUSR1', () => child.kill('SIGKILL'))
process.on('exit', () => child.kill('SIGKILL'))
process.on('SIGTERM', () => process.exit())
require('node:net').createServer((client) => client.resume().on('error', () => {})).listen(process.argv[1], () => console.log('up'))
`

interface Container {
  readonly domain: DomainSummary
  readonly controller: ChildProcess
  readonly connect: () => Promise<Socket>
}

const run = async (t: Test): Promise<Container> => {
  // Not below the test's own directory: a path of a socket has 107 bytes at most.
  const directory = mkdtempSync(join(tmpdir(), 'weft-heard-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const socket = join(directory, 'weft-1.sock')
  const controller = spawn(process.execPath, ['-e', controllerScript, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(controller, 'exit')
  t.teardown(async () => {
    controller.kill('SIGTERM')
    await ended
  })
  await once(controller.stdout as NodeJS.EventEmitter, 'data')
  const domain = { name: 'weft-1', uuid: 'u1', id: controller.pid ?? 0, state: 1, reason: 1, persistent: true }
  const connectTo = async (): Promise<Socket> => {
    const client = connect(socket).on('error', () => {})
    t.teardown(() => client.destroy())
    await once(client, 'connect')
    return client
  }
  return { domain, controller, connect: connectTo }
}

const refuse = async (): Promise<never> => {
  throw Object.assign(new Error('Init pid is not yet available'), { name: 'LibvirtError', code: 'OPERATION_INVALID' })
}

const never = async (): Promise<never> => {
  throw new Error('nobody asks for that')
}

/** As a test knows no process of another namespace, any process's is that of process 1. */
const itsNamespaces = async (): Promise<readonly number[]> =>
  ['pid', 'net'].map((kind) => openSync(`/proc/self/ns/${kind}`, 'r'))
const others = async (): Promise<readonly number[]> => [openSync('/proc/self/ns/net', 'r')]

const libvirtThat = (
  lookupByName: () => Promise<DomainSummary>,
  lxcNamespaces: () => Promise<readonly number[]>,
  calls: Partial<Parameters<typeof isHeard>[0]> = {},
) => ({ lookupByName, lxcNamespaces, start: never, destroy: never, ...calls })

t.test('one whose process 1 libvirt knows is heard of', async (t) => {
  const { domain, connect } = await run(t)
  await connect()
  let asked = 0
  const knowsSoon = (): Promise<readonly number[]> => (++asked < 3 ? refuse() : itsNamespaces())
  t.equal(
    await isHeard(
      libvirtThat(async () => domain, knowsSoon),
      domain,
    ),
    true,
  )
  t.equal(asked, 3)
})

t.test('one that libvirt is not connected to is not, whatever it knows of the run before', async (t) => {
  const { domain } = await run(t)
  t.equal(
    await isHeard(
      libvirtThat(async () => domain, refuse),
      domain,
    ),
    false,
  )
  t.equal(
    await isHeard(
      libvirtThat(async () => domain, others),
      domain,
    ),
    false,
  )
})

t.test('one that libvirt drops while somebody looks is not', async (t) => {
  const { domain, connect } = await run(t)
  const client = await connect()
  let asked = 0
  const drops = async (): Promise<readonly number[]> => {
    if (++asked === 3) client.destroy()
    return []
  }
  t.equal(
    await isHeard(
      libvirtThat(async () => domain, drops),
      domain,
    ),
    false,
  )
})

t.test('one that libvirt is connected to is, though it does not come to know process 1', async (t) => {
  const { domain, connect } = await run(t)
  await connect()
  t.equal(
    await isHeard(
      libvirtThat(async () => domain, refuse),
      domain,
      200,
    ),
    true,
  )
})

t.test('one whose end libvirt has seen is, also where it runs again', async (t) => {
  const { domain } = await run(t)
  for (const after of [{ id: -1, state: 5 }, { id: domain.id + 1 }]) {
    const answers = [domain, { ...domain, ...after }]
    t.equal(
      await isHeard(
        libvirtThat(async () => answers.shift() ?? domain, never),
        domain,
      ),
      true,
    )
  }
})

t.test('one that has ended is not where libvirt does not notice', async (t) => {
  const { domain, controller } = await run(t)
  controller.kill('SIGUSR1')
  t.equal(
    await isHeard(
      libvirtThat(async () => domain, refuse),
      domain,
      500,
    ),
    false,
  )
})

t.test('one that is not heard of is ended and started again', async (t) => {
  const { domain, connect } = await run(t)
  const done: string[] = []
  const start = async (): Promise<void> => {
    done.push('start')
    if (done.length > 4) await connect()
  }
  const destroy = async (): Promise<void> => void done.push('destroy')
  const knows = (): Promise<readonly number[]> => (done.length > 4 ? itsNamespaces() : refuse())
  const libvirt = libvirtThat(async () => domain, knows, { start, destroy })
  t.equal(await startHeard(libvirt, domain, () => done.push('may run')), true)
  t.same(done, ['start', 'may run', 'destroy', 'start', 'destroy', 'start'])
})

t.test('where none is heard of it is left running, and that is told', async (t) => {
  const { domain } = await run(t)
  let runs = 0
  const libvirt = libvirtThat(async () => domain, refuse, {
    start: async () => void runs++,
    destroy: async () => void runs--,
  })
  t.equal(await startHeard(libvirt, domain, () => {}), false)
  t.equal(runs, 1)
})
