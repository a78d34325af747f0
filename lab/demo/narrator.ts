/** What `npm start` says to people: one line a phase as it ends, then tables. */
import { formatTable } from '../../controller/cli/table.ts'
import { paint } from '../../controller/cli/terminal.ts'
import type { VNetState } from '../../proto/generated/weft.v1.ts'
import type { PingResult } from './pings.ts'

export interface Narrator {
  say(text: string): void
  /** A phase that ended. */
  phase(name: string, seconds: number, what?: string): void
  /** What goes on just now: on a terminal, written over by what comes next. */
  now(text: string): void
}

export interface Screen {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

const clearLine = '\r\u001b[2K'

/** Two decimals: a lab's phases take from milliseconds to seconds. */
export const formatSeconds = (seconds: number): string => `${seconds.toFixed(2).padStart(7)} s`

export const createNarrator = (screen: Screen): Narrator => {
  let pending = false
  const write = (text: string): void => {
    screen.write(`${pending ? clearLine : ''}${text}`)
    pending = false
  }
  return {
    say: (text) => write(`${text}\n`),
    phase: (name, seconds, what = '') =>
      write(`  ${name.padEnd(12)}${formatSeconds(seconds)}   ${what}`.trimEnd().concat('\n')),
    now: (text) => {
      if (!screen.isTTY) return
      write(`  ${text}`.slice(0, (screen.columns ?? 80) - 1))
      pending = true
    },
  }
}

const wordOf = (state: string): string => state.replace('OBJECT_STATE_', '').toLowerCase()

export const nodeTable = ({ nodes }: VNetState, colour: boolean): string =>
  formatTable(
    [
      { title: 'NODE', cell: ({ id }) => id },
      { title: 'HOST', cell: ({ host }) => host },
      { title: 'VIFS', cell: ({ vifs }) => vifs.map(({ name }) => name).join(' ') },
      {
        title: 'STATE',
        cell: ({ state }) => ({ text: wordOf(state), tone: state === 'OBJECT_STATE_READY' ? 'good' : 'bad' }),
      },
    ],
    nodes,
    colour,
  )

/** One row a link: where it runs, and the round trip from either end. */
export const linkTable = ({ links, request }: VNetState, pings: readonly PingResult[], colour: boolean): string => {
  const ends = new Map(request?.links.map(({ id, a, b }) => [id, [a?.node ?? '', b?.node ?? ''] as const]))
  const ping = (link: string, from: string | undefined) => {
    const result = pings.find((one) => one.link === link && one.from === from)
    if (!result) return ''
    if (!result.passed) return { text: 'failed', tone: 'bad' } as const
    const { milliseconds } = result
    return { text: milliseconds === undefined ? 'ok' : `${milliseconds.toFixed(2)} ms`, tone: 'good' } as const
  }
  return formatTable(
    [
      { title: 'LINK', cell: ({ id }) => id },
      { title: 'ENDS', cell: ({ id }) => ends.get(id)?.join(' - ') ?? '' },
      { title: 'OVER', cell: ({ path }) => path.join('-') },
      { title: 'BY', cell: ({ technology }) => technology || 'bridge' },
      { title: 'PING', cell: ({ id }) => ping(id, ends.get(id)?.[0]) },
      { title: 'BACK', cell: ({ id }) => ping(id, ends.get(id)?.[1]) },
    ],
    links,
    colour,
  )
}

/** What a person may do next; the lab is named only where there are several. */
export const nextSteps = (state: VNetState, lab: string, several: boolean, colour: boolean): string => {
  const weft = `bin/weft${several ? ` --lab ${lab}` : ''}`
  const node = state.nodes[0]?.id ?? 'NODE'
  const lines = [
    [`${weft} get nodes -o wide`, 'what there is'],
    [`${weft} describe vnet ${state.vnet}`, 'all that is known of it'],
    [`${weft} exec ${node} -- ip address`, 'a command in a node'],
    [`${weft} hosts`, 'the substrate, as its owner sees it'],
    [`${weft} delete ${state.vnet}`, 'take it down'],
  ] as const
  const width = Math.max(...lines.map(([line]) => line.length))
  return [
    'In another terminal:',
    '',
    ...lines.map(([line, text]) => `  ${line.padEnd(width)}   ${paint(`# ${text}`, 'faint', colour)}`),
    '',
    'Ctrl-C ends it and removes everything.',
  ].join('\n')
}
