/** `weft click check`. */
import { findingsOf } from '../../agent/click/compile/findings.ts'
import { hasErrors } from '../../click/diagnostics.ts'
import { readRouter } from '../../click/read.ts'
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import type { clickCheckFlags } from '../declare-click.ts'
import { clickLibraries, readClickText, tellDiagnostics } from '../read-click.ts'

export const run: Run<typeof clickCheckFlags> = async (context, { flags, args }) => {
  const { text, file } = await readClickText(context, args[0], flags.expression)
  const variables = Object.fromEntries(flags.define)
  const { checked, diagnostics } = readRouter(text, file, { library: clickLibraries(context), variables })
  tellDiagnostics(context, diagnostics)
  if (!checked) return exit.error
  const findings = findingsOf(checked.graph)
  tellDiagnostics(context, findings)
  return hasErrors({ list: findings }) ? exit.error : exit.ok
}
