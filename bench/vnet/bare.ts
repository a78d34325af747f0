/** Hosts of a lab on which slices are made by direct calls, one worker (bare-worker.ts) a host. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { entering } from '../../lab/host/hold.ts'
import type { Lab } from '../../lab/lab.ts'
import { spawnHeld } from '../../lab/processes.ts'
import { toJson } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Slice } from '../../proto/generated/weft.v1.ts'
import type { BareReply, BareRequest } from './bare-worker.ts'

/** A host's part of a VNet, and the slots of its nodes. */
export interface HostPart {
  readonly slice: Slice
  readonly slots: Readonly<Record<string, number>>
}

export interface BareHosts {
  /** Tells the workers what to make; nothing is made yet. */
  prepare(parts: ReadonlyMap<string, HostPart>): Promise<void>
  /** All hosts at once. Seconds until the last one is done. */
  build(): Promise<number>
  remove(): Promise<number>
  /** Lines of state.ts of each host. */
  state(): Promise<ReadonlyMap<string, readonly string[]>>
  close(): Promise<void>
}

interface Worker {
  ask(request: BareRequest): Promise<BareReply>
  close(): Promise<void>
}

const worker = fileURLToPath(new URL('./bare-worker.ts', import.meta.url))

const startWorker = (lab: Lab, name: string): Worker => {
  const host = lab.host(name)
  const log = join(host.logs, 'bare-worker.log')
  const descriptor = openSync(log, 'a')
  const argv = entering(host.holder, ['--', process.execPath, worker])
  const child: ChildProcess = spawnHeld(argv, { stdio: ['pipe', 'pipe', descriptor] })
  closeSync(descriptor)
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new WeftError('internal', 'a process without pipes')
  const replies: ((reply: BareReply) => void)[] = []
  createInterface({ input: stdout }).on('line', (line) => replies.shift()?.(JSON.parse(line) as BareReply))
  const exited = once(child, 'exit').then(() => {
    const error = `the worker of ${name} ended: ${readFileSync(log, 'utf8').trim().split('\n').slice(-5).join(' | ')}`
    for (const tell of replies.splice(0)) tell({ error })
  })
  stdin.on('error', () => undefined)
  return {
    ask: async (request) => {
      const reply = await new Promise<BareReply>((resolve) => {
        replies.push(resolve)
        if (child.exitCode === null) stdin.write(`${JSON.stringify(request)}\n`)
        else resolve({ error: `the worker of ${name} has ended; its log is ${log}` })
      })
      if (reply.error !== undefined) throw new WeftError('lab.failed', `${name}: ${reply.error}`)
      return reply
    },
    close: async () => {
      stdin.end()
      await exited
    },
  }
}

/** Settles when the workers have started. */
export const startBareHosts = async (lab: Lab): Promise<BareHosts> => {
  const workers = new Map([...lab.hosts.keys()].map((name) => [name, startWorker(lab, name)]))
  await Promise.all([...workers.values()].map((one) => one.ask({ do: 'hello' })))
  let asked: readonly Worker[] = []
  const timed = async (what: 'build' | 'remove'): Promise<number> => {
    const started = performance.now()
    await Promise.all(asked.map((one) => one.ask({ do: what })))
    return (performance.now() - started) / 1000
  }
  return {
    prepare: async (parts) => {
      const pairs = [...parts].map(([host, part]) => ({ worker: workers.get(host), ...part }))
      await Promise.all(
        pairs.map(async ({ worker, slice, slots }) => {
          if (!worker) throw new WeftError('lab.failed', 'there is a slice for a host that is not there')
          await worker.ask({ do: 'prepare', slice: toJson('Slice', slice), slots })
        }),
      )
      asked = pairs.flatMap(({ worker }) => worker ?? [])
    },
    build: () => timed('build'),
    remove: () => timed('remove'),
    state: async () => {
      const all = [...workers].map(async ([host, one]) => [host, (await one.ask({ do: 'state' })).state ?? []] as const)
      return new Map(await Promise.all(all))
    },
    close: async () => {
      await Promise.all([...workers.values()].map((one) => one.close()))
    },
  }
}
