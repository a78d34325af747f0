/** `weft broker`. */
import { runBroker } from '../../broker/main.ts'
import type { Run } from '../command.ts'
import type { brokerFlags } from '../declare-roles.ts'
import { exit } from '../exit.ts'

export const run: Run<typeof brokerFlags> = async (_context, { flags }) => {
  const ending = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort())
  await runBroker(flags.listen, ending.signal)
  return exit.ok
}
