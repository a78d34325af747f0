/** Runs a command to its end or its time-out: output bounded, its whole process group killed when its time is over. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { ExecResult } from '../../proto/generated/weft.v1.ts'

/** Of standard output and of standard error, each. */
const outputBytes = 48 * 1024
/** A daemon that keeps the pipes open after the command has ended is not waited for longer. */
const drainMs = 200

const collector = () => {
  const chunks: Buffer[] = []
  let length = 0
  let truncated = false
  return {
    take: (chunk: Buffer): void => {
      const room = outputBytes - length
      if (chunk.length > room) truncated = true
      if (room <= 0) return
      const part = chunk.subarray(0, room)
      chunks.push(part)
      length += part.length
    },
    bytes: () => Buffer.concat(chunks),
    truncated: () => truncated,
  }
}

/** The argv is no shell's. Throws call.timeout, hypervisor.failed where it cannot be started. A signal n gives 128 + n. */
export const runBounded = (
  argv: readonly string[],
  timeoutMs: number,
  env: Readonly<Record<string, string>>,
  input?: string,
): Promise<ExecResult> =>
  new Promise((resolve, reject) => {
    const [file = '', ...rest] = argv
    const child = spawn(file, rest, { detached: true, stdio: 'pipe', env: { ...env }, cwd: '/' })
    // It may end before it has read all.
    child.stdin.on('error', () => {}).end(input)
    const stdout = collector()
    const stderr = collector()
    child.stdout.on('data', stdout.take)
    child.stderr.on('data', stderr.take)
    let drain: NodeJS.Timeout | undefined

    const killAll = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // All of it has ended already.
      }
    }
    const timer = setTimeout(() => {
      killAll()
      end()
      reject(new WeftError('call.timeout', `the command did not end within ${timeoutMs} ms and was killed`))
    }, timeoutMs)
    const end = (): void => {
      clearTimeout(timer)
      clearTimeout(drain)
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
      end()
      const exitStatus = code ?? 128 + (signal === null ? 0 : constants.signals[signal])
      const truncated = stdout.truncated() || stderr.truncated()
      resolve(create('ExecResult', { exitStatus, stdout: stdout.bytes(), stderr: stderr.bytes(), truncated }))
    }
    child.on('error', (error) => {
      end()
      reject(new WeftError('hypervisor.failed', `${file} cannot be started: ${error.message}`, { cause: error }))
    })
    child.on('exit', (code, signal) => {
      drain = setTimeout(() => finish(code, signal), drainMs)
    })
    child.on('close', finish)
  })
