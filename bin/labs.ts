/** Labs that run on this machine, for commands that were not told whom to ask. */
import { join } from 'node:path'
import type { LabPlace } from '../controller/cli/context.ts'
import { listLabs, supervisorLives } from '../lab/state.ts'

export const runningLabs = (): readonly LabPlace[] =>
  listLabs()
    .filter(({ state }) => state.ready && supervisorLives(state))
    .map(({ state, directory }) => ({
      name: state.name,
      sockets: state.sockets,
      agents: Object.fromEntries(
        state.held
          .filter(({ kind }) => kind === 'host')
          .map(({ name }) => [name, join(directory, 'hosts', name, 'run/weft/agent.sock')]),
      ),
    }))
