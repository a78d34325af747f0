/** Consoles from a container to the terminal, through an agent, a PIP, a VNP and a VNO, as processes of a lab. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { create } from '../../proto/codec.ts'
import { connectConsole } from '../../proto/console/connect.ts'
import { callLocal } from '../../proto/local.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { pipName, type Stack, startStack, vnpName, weft } from '../stack.ts'

t.setTimeout(900_000)

const request = `
vnet: talk
nodes:
  r1: { hypervisor: lxc }
`

/** Prints its numbered lines on the console, 50 a second, whether or not anybody reads. */
const lines = 200
const printer = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i."; sleep 0.02; done >/dev/console`

const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + 300_000; !(await condition()); ) {
    if (performance.now() > end) throw new Error(`it never came: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const watch = (t: Test, ...argv: string[]) => {
  const child: ChildProcess = spawn(process.execPath, [weft(), ...argv], { stdio: 'pipe' })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
    })
  }
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'close').then(([status]) => status as number)
  return { said, ended, type: (text: string) => child.stdin?.write(text), kill: () => child.kill('SIGKILL') }
}

/** As the stack has started it. */
const startAgent = ({ lab, brokerUrl }: Stack, host: string) => {
  const { consoleFlags, logs, spawn: start } = lab.host(host)
  const identity = ['--name', host, '--domain', pipName]
  const argv = [process.execPath, weft(), 'agent', ...identity, '--broker', brokerUrl, ...consoleFlags]
  return start(argv, join(logs, 'agent-again.log'))
}

t.test('the console of a container reaches its operator, and nobody else', { skip: labProblem() }, async (t) => {
  const stack = await startStack({ name: `test-console-${process.pid}`, hosts: 1 })
  t.teardown(() => stack.down())
  const directory = temporaryDirectory(t)
  const socket = stack.sockets['vno'] ?? ''
  const cli = async (...argv: string[]): Promise<string> => {
    const { status, stdout, stderr } = await run([process.execPath, weft(), ...argv, '--socket', socket])
    if (status !== 0) throw new Error(`weft ${argv.join(' ')}: ${stderr}`)
    return stdout
  }
  const inNode = (script: string) =>
    run([process.execPath, weft(), 'exec', 'talk/r1', '--socket', socket, '--', 'sh', '-c', script])

  writeFileSync(join(directory, 'talk.yaml'), request)
  await cli('apply', '-f', join(directory, 'talk.yaml'), '--wait', '--timeout', '3m')
  await inNode('echo said before anybody came >/dev/console')

  const reader = watch(t, 'console', 'talk/r1', '--read-only', '--socket', socket)
  const writer = watch(t, 'console', 'talk/r1', '--socket', socket)
  const second = watch(t, 'console', 'talk/r1', '--socket', socket)
  const all = [reader, writer, second]
  await until('the last output', () => all.every(({ said }) => said.stdout.includes('said before anybody came')))
  await until('one writer', () => [writer, second].some(({ said }) => said.stderr.includes('somebody else types')))
  const [first, next] = second.said.stderr.includes('somebody else') ? [writer, second] : [second, writer]

  await t.test('one types, all see it, and the next in line types when that one leaves', async (t) => {
    next.type('echo not-$((1+1))\r')
    reader.type('echo never-$((1+1))\r')
    first.type('\r')
    first.type('echo typed-$((40+2))\r')
    await until('an answer', () => all.every(({ said }) => said.stdout.includes('typed-42')))
    first.kill()
    await until('the turn of the next', () => next.said.stderr.includes('you may type now'))
    next.type('echo then-$((40+3))\r')
    await until('an answer to the next', () => reader.said.stdout.includes('then-43'))
    t.notMatch(reader.said.stdout, /not-2|never-2/)
  })

  await t.test('it survives an agent that is killed, and loses and repeats nothing', async (t) => {
    const host = [...stack.agents.keys()][0] ?? ''
    await inNode(`(${printer}) </dev/null >/dev/null 2>&1 &`)
    await until('some lines', () => reader.said.stdout.includes('line 20.'))
    const agent = stack.agents.get(host)
    agent?.kill('SIGKILL')
    await agent?.exited
    // It ends with the lab.
    await startAgent(stack, host)
    for (const { said } of [reader, next]) {
      await until('all lines', () => said.stdout.includes(`line ${lines}.`))
      const seen = [...said.stdout.matchAll(/line (\d+)\.\r/g)].map(([, number]) => Number(number))
      t.same(
        seen,
        Array.from({ length: lines }, (_, i) => i + 1),
      )
      t.match(said.stderr, 'joined again')
    }
    next.type('echo and-$((40+4))\r')
    await until('an answer after it', () => reader.said.stdout.includes('and-44'))
  })

  await t.test('a token counts once, and another VNO is refused', async (t) => {
    const message = create('ApiRequest', { console: { vnet: 'talk', node: 'r1', readOnly: true } })
    const { console: ticket } = await callLocal(socket, 'ApiRequest', message, 'ApiReply')
    if (!ticket) throw new Error('no ticket')
    const open = await connectConsole(ticket)
    await t.rejects(connectConsole(ticket), { code: 'token.invalid' })
    open.terminate()

    const bob = ['--run-dir', directory, '--store', join(directory, 'bob.db')]
    stack.lab.spawn('bob', [
      process.execPath,
      weft(),
      'vno',
      '--name',
      'bob',
      '--vnp',
      `${vnpName}=${stack.brokerUrl}`,
      ...bob,
    ])
    const asBob = (vnet: string) =>
      run([process.execPath, weft(), 'console', `${vnet}/r1`, '--run-dir', directory]).then(({ stderr }) => stderr)
    await until('the other VNO', async () => /vnet\.unknown/.test(await asBob('talk')))
    for (const vnet of ['alice.talk', '../alice.talk', 'bob.talk']) t.match(await asBob(vnet), /vnet\.unknown/, vnet)
  })

  await t.test('it ends with its node, and says so', async (t) => {
    await cli('delete', 'talk', '--yes', '--wait')
    t.same(await Promise.all([reader.ended, next.ended]), [1, 1])
    t.match(reader.said.stderr, /the console has ended: .*r1/)
  })
})
