/** `weft click swap`. */
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { openClickRouters, readClickConfiguration } from '../click-routers.ts'
import type { clickSwapFlags } from '../declare-click-routers.ts'
import { tellRouter } from '../tell-router.ts'

export const run: Run<typeof clickSwapFlags> = async (context, { args, flags }) => {
  const [name = '', file] = args
  const configuration = await readClickConfiguration(context, file, flags)
  if (!configuration) return exit.error
  const router = await openClickRouters(context, flags).swap(name, configuration)
  tellRouter(context, router, `is at generation ${router.generation}`)
  return exit.ok
}
