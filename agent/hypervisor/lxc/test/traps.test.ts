import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import t from 'tap'
import { hasTraps, waitForTraps } from '../traps.ts'

t.test('a process has its traps when it catches every signal that it is told by', async (t) => {
  const status = (caught: string): string => `Name:\tsh\nSigIgn:\tffffffffffffffff\nSigCgt:\t${caught}\nCapInh:\t0\n`
  // 1 << 14 (TERM), 1 << 9 (USR1), 1 << 11 (USR2), 1 << 1 (INT)
  t.equal(hasTraps(status('0000000000004a02')), true)
  t.equal(hasTraps(status('0000000000014a03')), true)
  t.equal(hasTraps(status('0000000000004a00')), false)
  t.equal(hasTraps(status('0000000000000000')), false)
  t.equal(hasTraps(''), false)
})

t.test('a shell is waited for until it has them, and one that ends no longer', async (t) => {
  const shell = spawn('sh', ['-c', 'read -r _; trap : TERM USR1 USR2 INT; read -r _'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const ended = once(shell, 'exit')
  t.teardown(async () => {
    shell.kill('SIGKILL')
    await ended
  })
  const pid = shell.pid ?? 0
  let isOver = false
  const waiting = waitForTraps(pid).then(() => {
    isOver = true
  })
  t.equal(hasTraps(await readFile(`/proc/${pid}/status`, 'utf8')), false)
  t.equal(isOver, false)
  shell.stdin.write('\n')
  await waiting
  t.equal(hasTraps(await readFile(`/proc/${pid}/status`, 'utf8')), true)

  const other = spawn('sh', ['-c', 'read -r _'], { stdio: ['pipe', 'ignore', 'inherit'] })
  const gone = waitForTraps(other.pid ?? 0)
  other.stdin.end('\n')
  await gone
})
