/** One PIP with so many hosts: filled, then changed under the clock. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBroker } from '../../controller/broker/broker.ts'
import { percentile } from '../../controller/simulation/simulate.ts'
import { type Client, createClient, objectsPerVNet } from './clients.ts'
import { gatherCrowd, substrateText } from './crowd.ts'
import type { ScaleOptions } from './options.ts'
import type { Taken } from './pip.ts'

export interface ScaleResult {
  readonly hosts: number
  /** Nodes and links that stood while changes were timed. */
  readonly objects: number
  readonly changes: number
  /** Processor time of the PIP for all of them, in seconds: of all its threads, and of the one that decides. */
  readonly cpuSeconds: number
  readonly busySeconds: number
  readonly wallSeconds: number
  /** Until a reservation was answered. */
  readonly reservedMs: { readonly p50: number; readonly p99: number }
  /** Resident memory of the PIP when nothing was placed yet, and at the end. */
  readonly emptyBytes: number
  readonly residentBytes: number
}

const ask = async (pip: ChildProcess): Promise<Taken> => {
  const answered = once(pip, 'message')
  pip.send('usage')
  return (await answered)[0] as Taken
}

/** Works through `count` pieces, the clients at once. */
const share = async (clients: readonly Client[], count: number, work: (client: Client, n: number) => Promise<void>) => {
  let next = 0
  await Promise.all(
    clients.map(async (client) => {
      for (let n = next++; n < count; n = next++) await work(client, n)
    }),
  )
}

export const measureScale = async (
  hosts: number,
  { objectsPerHost, changes, clients: clientCount }: ScaleOptions,
  onProgress: (text: string) => void,
): Promise<ScaleResult> => {
  const directory = mkdtempSync(join(tmpdir(), 'weft-scale-'))
  writeFileSync(join(directory, 'substrate.yaml'), substrateText('pip1', hosts))
  const broker = await startBroker({ listeners: [{ path: join(directory, 'broker.sock') }] })
  const [url = ''] = broker.urls
  const pip = fork(new URL('./pip.ts', import.meta.url), [directory, url], { execArgv: [] })
  const open: { close(): Promise<void> }[] = [broker]
  try {
    const [first] = await once(pip, 'message')
    if (first !== 'ready') throw new Error(`the PIP said ${first}`)
    open.push(await gatherCrowd(url, 'pip1', hosts))
    const clients = await Promise.all(
      Array.from({ length: clientCount }, (_, index) => createClient(url, `vnp${index}`)),
    )
    open.push(...clients)
    await sleep(1000)
    const { residentBytes: emptyBytes } = await ask(pip)

    const vnets = Math.max(clientCount * 2, Math.ceil((hosts * objectsPerHost) / objectsPerVNet))
    const filled = performance.now()
    await share(clients, vnets, async (client, n) => {
      await client.make()
      if (n % 500 === 499) onProgress(`${hosts} hosts: ${n + 1} of ${vnets} VNets`)
    })
    await Promise.all(clients.map((client) => client.settled()))
    onProgress(`${hosts} hosts: filled in ${((performance.now() - filled) / 1000).toFixed(1)} s`)

    const reservedMs: number[] = []
    const before = await ask(pip)
    const started = performance.now()
    await share(clients, changes, async (client, n) => {
      if (n % 2 === 0 && client.vnets > 1) await client.remove()
      else reservedMs.push(await client.make())
    })
    await Promise.all(clients.map((client) => client.settled()))
    const wallSeconds = (performance.now() - started) / 1000
    const after = await ask(pip)
    return {
      hosts,
      objects: vnets * objectsPerVNet,
      changes,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      busySeconds: after.busySeconds - before.busySeconds,
      wallSeconds,
      reservedMs: { p50: percentile(reservedMs, 0.5), p99: percentile(reservedMs, 0.99) },
      emptyBytes,
      residentBytes: after.residentBytes,
    }
  } finally {
    pip.disconnect()
    if (pip.exitCode === null) await once(pip, 'exit')
    for (const one of open.reverse()) await one.close()
    rmSync(directory, { recursive: true, force: true })
  }
}
