/** On a pseudo-terminal that script(1) opens, and that stty(1) looks at. */
import { execFile, spawn } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { libvirt, libvirtProblem } from './support/libvirt.ts'

const skip = libvirtProblem()
t.setTimeout(300_000)

const terminal = async (t: Test): Promise<string> => {
  const script = spawn('script', ['-q', '-f', '-e', '-c', 'tty; exec sleep 300', '/dev/null'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  t.teardown(() => script.kill('SIGKILL'))
  for await (const line of createInterface({ input: script.stdout })) return line.trim()
  throw new Error('script(1) opened no terminal')
}

const settings = async (tty: string): Promise<readonly string[]> => {
  const { stdout } = await promisify(execFile)('stty', ['-F', tty, '-a'], { env: { ...process.env, LC_ALL: 'C' } })
  return stdout.split(/[;\s]+/)
}

const cooked = ['echo', 'icanon', 'isig', 'icrnl', 'ixon', 'opost']

t.test('a terminal hands on every byte as it is, and echoes none', { skip }, async (t) => {
  const tty = await terminal(t)
  const before = await settings(tty)
  t.same(
    cooked.filter((name) => !before.includes(name)),
    [],
    'it did not before',
  )
  const descriptor = openSync(tty, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  t.teardown(() => closeSync(descriptor))
  libvirt().rawTerminal(descriptor)
  const after = await settings(tty)
  t.same(
    cooked.filter((name) => !after.includes(`-${name}`)),
    [],
  )
})

t.test('what is no terminal is refused with what the kernel says', { skip }, async (t) => {
  const descriptor = openSync('/dev/null', constants.O_RDWR)
  t.teardown(() => closeSync(descriptor))
  t.throws(() => libvirt().rawTerminal(descriptor), { code: 'ENOTTY', syscall: 'tcgetattr' })
  t.throws(() => libvirt().rawTerminal(2 ** 31 - 1), { code: 'EBADF' })
  t.throws(() => libvirt().rawTerminal(-1), { code: 'ERR_OUT_OF_RANGE' })
  t.throws(() => libvirt().rawTerminal('0' as never), { code: 'ERR_INVALID_ARG_TYPE' })
})
