/**
 * Named network namespaces (ip-netns(8)), many by one process: rtnetlink cannot make one, and a process each costs more than the
 * namespace itself.
 */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { WeftError } from '../../../proto/errors.ts'

const directory = '/run/netns'

export const namespacePath = (name: string): string => `${directory}/${name}`

export const namespaceNames = async (): Promise<ReadonlySet<string>> =>
  new Set(
    await readdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    }),
  )

interface Wish {
  readonly line: string
  readonly name: string
  readonly resolve: () => void
  readonly reject: (error: WeftError) => void
}

const runBatch = (lines: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    // -force: a line that fails does not stop those after it; each is judged by what is there afterwards.
    const child = spawn('ip', ['-force', '-batch', '-'], { stdio: ['pipe', 'ignore', 'pipe'] })
    let words = ''
    child.stderr.on('data', (chunk: Buffer) => {
      words += chunk
    })
    child.on('error', reject)
    child.on('close', () => resolve(words.trim().split('\n')[0] ?? ''))
    child.stdin.on('error', () => {})
    child.stdin.end(`${lines.join('\n')}\n`)
  })

export interface Namespaces {
  /** Idempotent. Throws hypervisor.failed. */
  add(name: string): Promise<void>
  /** Idempotent. Throws hypervisor.failed. */
  delete(name: string): Promise<void>
}

export const batchedNamespaces = (): Namespaces => {
  let wishes: Wish[] = []
  let running = false

  const runAll = async (): Promise<void> => {
    if (running) return
    running = true
    while (wishes.length > 0) {
      const now = wishes
      wishes = []
      try {
        const words = await runBatch(now.map(({ line }) => line))
        const there = await namespaceNames()
        for (const { line, name, resolve, reject } of now) {
          if (there.has(name) === line.startsWith('netns add')) resolve()
          else reject(new WeftError('hypervisor.failed', `ip ${line}: ${words || 'no effect'}`))
        }
      } catch (cause) {
        const error = new WeftError('hypervisor.failed', `ip: ${(cause as Error).message}`, { cause })
        for (const { reject } of now) reject(error)
      }
    }
    running = false
  }

  const wish = (line: string, name: string): Promise<void> =>
    new Promise((resolve, reject) => {
      wishes.push({ line, name, resolve, reject })
      setImmediate(() => void runAll())
    })

  return {
    add: (name) => wish(`netns add ${name}`, name),
    delete: (name) => wish(`netns delete ${name}`, name),
  }
}
