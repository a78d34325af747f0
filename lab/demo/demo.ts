/** `npm start`: a lab, a VNet on it, a ping over every link; then it waits, or ends. */
import { readFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { takesColour } from '../../controller/cli/terminal.ts'
import { UsageError } from '../../controller/cli/usage-error.ts'
import { parseRequest } from '../../controller/description/parse.ts'
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import { type Stack, startStack } from '../stack.ts'
import { listLabs, supervisorLives } from '../state.ts'
import { buildVNet } from './build.ts'
import { createNarrator, linkTable, nextSteps, nodeTable } from './narrator.ts'
import type { DemoOptions } from './options.ts'
import { type PingResult, pingAll, pingOnce, planPings } from './pings.ts'

interface Phase {
  readonly name: string
  readonly seconds: number
}

/** What `-o json` prints. */
export interface DemoReport {
  readonly phases: readonly Phase[]
  readonly nodes: readonly {
    readonly id: string
    readonly host: string
    readonly state: string
    readonly vifs: readonly { readonly name: string; readonly mac: string; readonly addresses: readonly string[] }[]
  }[]
  readonly links: readonly {
    readonly id: string
    readonly state: string
    readonly technology: string
    readonly mtu: number
    readonly path: readonly string[]
  }[]
  readonly pings: { readonly passed: number; readonly failed: number }
}

const wordOf = (state: string): string => state.replace('OBJECT_STATE_', '').toLowerCase()

export const reportOf = (phases: readonly Phase[], state: VNetState, pings: readonly PingResult[]): DemoReport => {
  const passed = pings.filter((ping) => ping.passed).length
  return {
    phases,
    nodes: state.nodes.map(({ id, host, state, vifs }) => ({
      id,
      host,
      state: wordOf(state),
      vifs: vifs.map(({ name, mac, addresses }) => ({ name, mac, addresses })),
    })),
    links: state.links.map(({ id, state, technology, mtu, path }) => ({
      id,
      state: wordOf(state),
      technology,
      mtu,
      path,
    })),
    pings: { passed, failed: pings.length - passed },
  }
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

/** How far a VNet is, while it is built. */
const progressOf = ({ nodes, links }: VNetState): string => {
  const ready = (objects: readonly { readonly state: string }[]) =>
    `${objects.filter(({ state }) => state === 'OBJECT_STATE_READY').length} of ${objects.length}`
  return `building: nodes ${ready(nodes)}, links ${ready(links)}`
}

/** Gives the exit status; all is removed when it settles. Throws what went wrong, with the logs kept: `onLogs` is told where. */
export const runDemo = async (
  options: DemoOptions,
  signal: AbortSignal,
  onLogs: (directory: string) => void,
): Promise<number> => {
  const { once, output, requestFile, hosts, brokerUrl, timeoutMs, name } = options
  const screen = output === 'json' ? process.stderr : process.stdout
  const colour = takesColour(screen, process.env)
  const narrator = createNarrator(screen)
  const near = relative('.', requestFile)
  const file = near.startsWith('..') ? requestFile : near
  const input = await readFile(requestFile).catch(({ code, message }: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read ${file}: ${code === 'ENOENT' ? 'there is no such file' : message}`)
  })
  const { request } = await parseRequest(input, { file, folder: dirname(requestFile) })

  const phases: Phase[] = []
  const phase = (name: string, seconds: number, what?: string): void => {
    phases.push({ name, seconds: Math.round(seconds * 1e6) / 1e6 })
    narrator.phase(name, seconds, what)
  }
  const since = (start: number): number => (performance.now() - start) / 1000

  const what = `${count(request.nodes.length, 'node')} and ${count(request.links.length, 'link')}`
  narrator.say(`\nThe VNet ${request.name} of ${file}: ${what}\n`)
  narrator.now(`starting ${count(hosts, 'virtual host')}, a broker, a PIP, a VNP and a VNO`)
  const started = performance.now()
  const stack = await startStack({
    hosts,
    signal,
    onLogs,
    timeoutMs,
    ...(name === undefined ? {} : { name }),
    ...(brokerUrl === undefined ? {} : { brokerUrl }),
  })
  let failed = true
  try {
    phase('lab', since(started), `${[...stack.lab.hosts.keys()].join(', ')}; broker, PIP, VNP, VNO`)
    const asked = performance.now()
    const vnoSocket = stack.sockets['vno'] ?? ''
    narrator.now('asking the VNO')
    const descriptions: Record<string, string> = {
      request: 'the VNO asks, the VNP checks',
      discovery: 'the VNP asks providers for offers, which they hold',
      mapping: 'the PIP maps nodes and links on its substrate',
      reservation: 'the VNP decides',
      nodes: `${count(request.nodes.length, 'node')} started by their agents, since the decision`,
      links: `${count(request.links.length, 'link')} built meanwhile`,
    }
    const state = await raceWith(stack, signal, (signal) =>
      buildVNet({
        vnoSocket,
        request,
        timeoutMs,
        signal,
        onPhase: (name, seconds) => phase(name, seconds, descriptions[name]),
        onState: (state) => narrator.now(progressOf(state)),
      }),
    )
    narrator.now('pinging over every link')
    const pinged = performance.now()
    let first: number | undefined
    const plan = planPings(state.request ?? request)
    const pings = await raceWith(stack, signal, () =>
      pingAll(
        plan,
        (ping) => pingOnce(vnoSocket, request.name, ping),
        (result) => {
          if (!result.passed || first !== undefined) return
          first = since(pinged)
          phase('first ping', first, `${result.from} to ${result.to}; ${since(asked).toFixed(2)} s after the request`)
        },
      ),
    )
    const report = reportOf(phases, state, pings)
    const { passed } = report.pings
    narrator.say(`\n${nodeTable(state, colour)}`)
    if (state.links.length > 0) narrator.say(linkTable(state, pings, colour))
    for (const { link, from, to, address, reason } of pings.filter((ping) => !ping.passed)) {
      narrator.say(`over ${link}, ${from} cannot ping ${to} (${address}): ${reason}`)
    }
    narrator.say(`${passed} of ${count(pings.length, 'ping')} passed.`)
    if (output === 'json') process.stdout.write(`${JSON.stringify(report)}\n`)
    failed = passed < pings.length || (pings.length === 0 && request.links.length > 0)
    if (once) return failed ? 1 : 0
    const labs = listLabs().filter(({ state }) => state.ready && supervisorLives(state))
    narrator.say(`\n${nextSteps(state, stack.lab.name, labs.length > 1, colour)}`)
    await raceWith(stack, signal, () => new Promise<never>(() => undefined)).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    return failed ? 1 : 0
  } finally {
    const keepLogs = failed && !signal.aborted
    if (!once) narrator.say('\nremoving everything')
    await stack.down({ keepLogs })
    if (keepLogs) onLogs(stack.lab.logs)
  }
}

/** The work, or the first of: a process of the lab that ended, the signal. */
const raceWith = async <T>(
  stack: Stack,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const ending = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true, signal: ending.signal })
  })
  try {
    return await Promise.race([work(AbortSignal.any([signal, ending.signal])), stack.broken, aborted])
  } finally {
    ending.abort()
  }
}
