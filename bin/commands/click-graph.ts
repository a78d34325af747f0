/** `weft click graph`. */
import { createDiagnostics, hasErrors } from '../../click/diagnostics.ts'
import { toDot, toMermaid } from '../../click/draw.ts'
import { flatten } from '../../click/flatten/flatten.ts'
import { parse } from '../../click/language/parse.ts'
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import type { clickGraphFlags } from '../declare-click.ts'
import { clickLibraries, readClickText, tellDiagnostics } from '../read-click.ts'

export const run: Run<typeof clickGraphFlags> = async (context, { flags, args }) => {
  const { text, file } = await readClickText(context, args[0], flags.expression)
  const diagnostics = createDiagnostics()
  const body = parse(text, file, { library: clickLibraries(context) }, diagnostics)
  const graph = flatten(body, { expandVariables: true, variables: Object.fromEntries(flags.define) }, diagnostics)
  tellDiagnostics(context, diagnostics.list)
  if (hasErrors(diagnostics)) return exit.error
  context.stdout.write(flags.output === 'dot' ? toDot(graph) : toMermaid(graph))
  return exit.ok
}
