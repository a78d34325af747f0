/** `weft click list`. */
import type { RouterInfo, RouterState } from '../../agent/click/service/service.ts'
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { printRows } from '../../controller/cli/print.ts'
import type { Cell, Column } from '../../controller/cli/table.ts'
import { openClickRouters } from '../click-routers.ts'
import type { clickListFlags } from '../declare-click-routers.ts'
import { attachmentText } from '../tell-router.ts'

const tones: Readonly<Record<RouterState, 'good' | 'busy' | 'bad'>> = {
  running: 'good',
  'half-made': 'busy',
  degraded: 'bad',
  lost: 'bad',
  damaged: 'bad',
  broken: 'bad',
}

const columns: readonly Column<RouterInfo>[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'STATE', cell: ({ state }): Cell => ({ text: state, tone: tones[state] }) },
  { title: 'GENERATION', cell: ({ generation }) => `${generation}` },
  { title: 'ATTACHED', cell: ({ attachments }) => attachments.map(attachmentText).join(', ') },
  { title: 'FILE', cell: ({ file }) => file },
  { title: 'NAMESPACE', wide: true, cell: ({ namespace }) => namespace },
  { title: 'PROBLEM', wide: true, cell: ({ problem }) => problem },
]

export const run: Run<typeof clickListFlags> = async (context, { flags }) => {
  await printRows(context, await openClickRouters(context, flags).list(), {
    format: flags.output,
    columns,
    name: ({ name }) => `router/${name}`,
    json: (router) => router,
    none: 'no routers',
  })
  return exit.ok
}
