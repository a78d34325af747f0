/** `weft click down`. */
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { openClickRouters } from '../click-routers.ts'
import type { clickRouterFlags } from '../declare-click-routers.ts'

export const run: Run<typeof clickRouterFlags> = async (context, { args, flags }) => {
  const [name = ''] = args
  await openClickRouters(context, flags).down(name)
  context.stdout.write(`router/${name} is down\n`)
  return exit.ok
}
