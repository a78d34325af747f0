/** `weft click flatten`. */
import { createDiagnostics, hasErrors } from '../../click/diagnostics.ts'
import { flatten } from '../../click/flatten/flatten.ts'
import { parse } from '../../click/language/parse.ts'
import { unparse } from '../../click/unparse.ts'
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import type { clickFlattenFlags } from '../declare-click.ts'
import { clickLibraries, readClickText, tellDiagnostics, writeClickText } from '../read-click.ts'

export const run: Run<typeof clickFlattenFlags> = async (context, { flags, args }) => {
  const { text, file } = await readClickText(context, args[0], flags.expression)
  const diagnostics = createDiagnostics()
  const body = parse(text, file, { library: clickLibraries(context) }, diagnostics)
  const options = { expandVariables: flags['expand-variables'], variables: Object.fromEntries(flags.define) }
  const graph = flatten(body, options, diagnostics)
  tellDiagnostics(context, diagnostics.list)
  if (hasErrors(diagnostics)) return exit.error
  writeClickText(context, unparse(graph, { landmarks: !flags.plain }))
  return exit.ok
}
