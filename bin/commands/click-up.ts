/** `weft click up`. */
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { makeUsualBpffs, nameOfFile, openClickRouters, readClickConfiguration } from '../click-routers.ts'
import type { clickUpFlags } from '../declare-click-routers.ts'
import { tellRouter } from '../tell-router.ts'

export const run: Run<typeof clickUpFlags> = async (context, { args, flags }) => {
  const configuration = await readClickConfiguration(context, args[0], flags)
  if (!configuration) return exit.error
  if (flags.bpffs === undefined) await makeUsualBpffs()
  const name = flags.name ?? nameOfFile(args[0])
  tellRouter(context, await openClickRouters(context, flags).up(name, configuration), 'is up')
  return exit.ok
}
