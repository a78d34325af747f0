/** `weft lab list`. */
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { printRows } from '../../controller/cli/print.ts'
import type { Cell, Column } from '../../controller/cli/table.ts'
import { type LabState, listLabs, supervisorLives } from '../../lab/state.ts'
import type { labListFlags } from '../declare-lab.ts'
import { hostsOfLab } from '../labs.ts'

const stateOf = (lab: LabState): { readonly text: string; readonly tone: 'good' | 'busy' | 'bad' } => {
  if (!supervisorLives(lab)) return { text: 'crashed', tone: 'bad' }
  return lab.ready ? { text: 'running', tone: 'good' } : { text: 'starting', tone: 'busy' }
}

const columns: readonly Column<LabState>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'STATE', cell: (lab): Cell => stateOf(lab) },
  { title: 'HOSTS', cell: (lab) => hostsOfLab(lab).join(',') },
  { title: 'ROLES', cell: ({ sockets }) => Object.keys(sockets).join(',') },
  { title: 'HELD BY', wide: true, cell: ({ supervisor }) => `process ${supervisor.pid}` },
]

export const run: Run<typeof labListFlags> = async (context, { flags }) => {
  await printRows(
    context,
    listLabs().map(({ state }) => state),
    {
      format: flags.output,
      columns,
      name: ({ name }) => `lab/${name}`,
      json: (lab) => ({
        name: lab.name,
        state: stateOf(lab).text,
        hosts: hostsOfLab(lab),
        sockets: lab.sockets,
        supervisor: lab.supervisor.pid,
      }),
      none: 'no labs',
    },
  )
  return exit.ok
}
