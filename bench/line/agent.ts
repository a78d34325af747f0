/** An agent on a virtual host, asked over MQTT for a slice and for its removal, as a client without a controller asks. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Broker, startBroker } from '../../controller/broker/broker.ts'
import type { HeldProcess } from '../../lab/host/hold.ts'
import type { Lab } from '../../lab/lab.ts'
import { weft } from '../../lab/stack.ts'
import { create } from '../../proto/codec.ts'
import { fromWireError, WeftError } from '../../proto/errors.ts'
import type { HostCommand, Phase, Reported, Slice } from '../../proto/generated/weft.v1.ts'
import { connectSession } from '../../proto/mqtt-session.ts'
import { topics } from '../../proto/topics.ts'

export interface BenchAgent {
  readonly process: HeldProcess
  /** Seconds from the call until all of the slice is reported ready. */
  build(slice: Slice): Promise<number>
  /** Seconds from the call until it is reported gone. */
  remove(vnet: string): Promise<number>
  /** Runs a command in a node. */
  exec(vnet: string, node: string, argv: readonly string[]): Promise<number>
  close(): Promise<void>
}

const domain = 'bench'
const client = 'bench-client'
/** For one step of the bench on a machine that does much else. */
const patienceMs = 600_000

/** `config` is the text of the agent's configuration. */
export const startBenchAgent = async (lab: Lab, host: string, config: string): Promise<BenchAgent> => {
  const path = join(lab.directory, 'broker.sock')
  const broker: Broker = await startBroker({ listeners: [{ path }] })
  const url = `unix:${path}`
  const configFile = join(lab.directory, `${host}.yaml`)
  writeFileSync(configFile, config)
  const words = ['agent', '--name', host, '--domain', domain, '--broker', url, '--config', configFile]
  const virtualHost = lab.host(host)
  const log = join(virtualHost.logs, 'agent.log')
  const agent = await virtualHost.spawn([process.execPath, weft(), ...words], log)

  const session = connectSession({ url, identity: client })
  const waiting = new Set<(reported: Reported) => void>()
  await session.subscribe(topics.reported(domain, host, '+'), 'Reported', (reported) => {
    if (reported) for (const tell of waiting) tell(reported)
  })
  const online = new Promise<void>((resolve) => {
    void session.subscribe(topics.status(domain, host), 'HostStatus', (status) => {
      if (status?.online) resolve()
    })
  })
  const dead = agent.exited.then((status) => {
    throw new WeftError('lab.failed', `the agent ended (${status}); its log is ${log}`)
  })
  // It is waited for below, and ends in order with close().
  dead.catch(() => undefined)
  await Promise.race([online, dead])

  const call = (command: Parameters<typeof create<'HostCommand'>>[1]) =>
    session.call(
      topics.command(domain, host, client),
      'HostCommand',
      create('HostCommand', command) as HostCommand,
      topics.reply(domain, host, client),
      'HostReply',
      { timeoutMs: patienceMs },
    )

  /** Seconds from the call until the report says so. */
  const timed = async (vnet: string, phase: Phase, ask: () => Promise<unknown>): Promise<number> => {
    let timer: NodeJS.Timeout | undefined
    let last: Reported | undefined
    let tell = (_: Reported): void => undefined
    const reached = new Promise<void>((resolve) => {
      tell = (reported) => {
        if (reported.vnet !== vnet) return
        last = reported
        if (reported.phase === phase) resolve()
      }
    })
    waiting.add(tell)
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(lateError(vnet, phase, last)), patienceMs)
    })
    try {
      const started = performance.now()
      await Promise.race([Promise.all([ask(), reached]), late, dead])
      return (performance.now() - started) / 1000
    } finally {
      clearTimeout(timer)
      waiting.delete(tell)
    }
  }

  return {
    process: agent,
    build: (slice) => timed(slice.vnet, 'PHASE_READY', () => call({ apply: { slice } })),
    remove: (vnet) => timed(vnet, 'PHASE_GONE', () => call({ delete: { vnet } })),
    exec: async (vnet, node, argv) => {
      const { exec } = await call({ exec: { vnet, node, argv: [...argv], timeoutMs: 60_000 } })
      return exec?.exitStatus ?? -1
    },
    close: async () => {
      await session.close()
      agent.kill('SIGTERM')
      await agent.exited
      await broker.close()
    },
  }
}

const lateError = (vnet: string, phase: Phase, last: Reported | undefined): WeftError => {
  const failed = [...(last?.nodes ?? []), ...(last?.links ?? [])].find(({ error }) => error)?.error ?? last?.error
  const why = failed ? fromWireError(failed).message : (last?.phase ?? 'nothing was reported')
  return new WeftError('call.timeout', `${vnet} did not reach ${phase} in ${patienceMs / 1000} s: ${why}`)
}
