/** Hosts that are taken for dead, and nodes that were made again elsewhere because of it. */
import { WeftError } from '../../../proto/errors.ts'
import type { HostEntry, Recovery } from '../../../proto/generated/weft.v1.ts'
import type { Cell, Column } from '../table.ts'

const at = (unixMs: number): string => new Date(unixMs).toISOString()

/** `dead` of one that is off for certain; undefined of one that is not taken for dead. */
export const deathCell = ({ death }: HostEntry): Cell | undefined =>
  death && { text: death.state === 'fenced' ? 'dead' : death.state, tone: 'bad' }

/** `command at 2026-11-22T20:00:00.000Z`: who says that it is off, and since when. */
export const fencedText = ({ death }: HostEntry): string =>
  death?.state === 'fenced' ? `${death.by} at ${at(death.fencedUnixMs)}` : ''

export const awayText = ({ awayUnixMs }: HostEntry): string => (awayUnixMs > 0 ? at(awayUnixMs) : '')

/** What is still to be done for a host that is dead, and why it is not. */
export const deathProblems = ({ name, death }: HostEntry): readonly WeftError[] => {
  if (!death) return []
  const { state, sinceUnixMs, error, nextTryUnixMs, vnets } = death
  const object = `host/${name}`
  if (state !== 'fenced') {
    const next = nextTryUnixMs > 0 ? `; tried again at ${at(nextTryUnixMs)}` : ''
    const how = error ? `${error.message}${next}` : 'it is being fenced'
    const message = `${name} is taken for dead since ${at(sinceUnixMs)}, and nothing of it is made elsewhere yet: ${how}`
    return [new WeftError('host.fencing-failed', message, { object, hint: error?.hint })]
  }
  if (vnets.length === 0) return []
  const message = `what ${name} carried of ${vnets.join(', ')} is not made elsewhere yet`
  return [new WeftError('host.dead', message, { object, hint: 'weft get VNET --role pip says what is missing' })]
}

/** `made again in place of h1, which is off by the command's word: memory and disk are lost`. */
export const recoveryText = ({ from, by, lost }: Recovery): string =>
  `made again in place of ${from}, which is off by the ${by}'s word: ${lost} are lost`

export const recoveryColumns: readonly Column<Recovery>[] = [
  { title: 'NODE', cell: ({ node }) => node },
  { title: 'FROM', cell: ({ from }) => from },
  { title: 'TO', cell: ({ to }) => to },
  { title: 'AT', cell: ({ unixMs }) => at(unixMs) },
  { title: 'OFF BY', cell: ({ by }) => by },
  { title: 'LOST', cell: ({ lost }) => lost },
]
