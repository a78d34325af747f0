/** Labs that run on this machine, for commands that were not told whom to ask. */
import { join } from 'node:path'
import type { LabPlace } from '../controller/cli/context.ts'
import { type LabState, listLabs, supervisorLives } from '../lab/state.ts'

/** Its virtual hosts, by name. */
export const hostsOfLab = ({ held }: LabState): readonly string[] =>
  held.flatMap(({ kind, name }) => (kind === 'host' ? [name] : [])).sort()

export const runningLabs = (): readonly LabPlace[] =>
  listLabs()
    .filter(({ state }) => state.ready && supervisorLives(state))
    .map(({ state, directory }) => ({
      name: state.name,
      sockets: state.sockets,
      agents: Object.fromEntries(
        hostsOfLab(state).map((name) => [name, join(directory, 'hosts', name, 'run/weft/agent.sock')]),
      ),
    }))
