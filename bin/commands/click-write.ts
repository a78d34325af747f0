/** `weft click write`. */
import type { Run } from '../../controller/cli/command.ts'
import type { Context } from '../../controller/cli/context.ts'
import { exit } from '../../controller/cli/exit.ts'
import { openClickRouters } from '../click-routers.ts'
import type { clickRouterFlags } from '../declare-click-routers.ts'

/** A character a byte, as handlers take it; without the end of stdin's last line. */
const textOf = async ({ stdin }: Context, given: string): Promise<string> => {
  if (given !== '-') return Buffer.from(given).toString('latin1')
  let text = ''
  for await (const chunk of stdin) text += Buffer.from(chunk as string).toString('latin1')
  return text.replace(/\n$/, '')
}

export const run: Run<typeof clickRouterFlags> = async (context, { args, flags }) => {
  const [name = '', handler = '', value = ''] = args
  await openClickRouters(context, flags).write(name, handler, await textOf(context, value))
  return exit.ok
}
