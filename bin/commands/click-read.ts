/** `weft click read`. */
import type { ElementInfo } from '../../agent/click/access.ts'
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { type Column, formatTable } from '../../controller/cli/table.ts'
import { openClickRouters } from '../click-routers.ts'
import type { clickRouterFlags } from '../declare-click-routers.ts'
import { writeClickText } from '../read-click.ts'

const columns: readonly Column<ElementInfo>[] = [
  { title: 'ELEMENT', cell: ({ name }) => name },
  { title: 'CLASS', cell: ({ class: of }) => of },
  { title: 'READ', cell: ({ handlers }) => namesOf(handlers.filter(({ read }) => read)) },
  { title: 'WRITE', cell: ({ handlers }) => namesOf(handlers.filter(({ write }) => write)) },
]

const namesOf = (handlers: ElementInfo['handlers']): string => handlers.map(({ name }) => name).join(',')

export const run: Run<typeof clickRouterFlags> = async (context, { args, flags }) => {
  const [name = '', handler, text] = args
  const routers = openClickRouters(context, flags)
  if (handler === undefined) {
    context.stdout.write(formatTable(columns, await routers.elements(name), context.colour.stdout))
    return exit.ok
  }
  const asked = text === undefined ? handler : `${handler} ${Buffer.from(text).toString('latin1')}`
  const value = await routers.read(name, asked)
  writeClickText(context, value === '' || value.endsWith('\n') ? value : `${value}\n`)
  return exit.ok
}
