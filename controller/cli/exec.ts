/** What came back from a command in a node: its output to ours, its status is ours. */
import type { ExecResult } from '../../proto/generated/weft.v1.ts'
import type { Context } from './context.ts'

/** How much longer than the command itself its answer may take through the roles. */
export const relayMs = 10_000

export const passOn = ({ stdout, stderr }: Context, result: ExecResult): number => {
  stdout.write(result.stdout)
  stderr.write(result.stderr)
  if (result.truncated) stderr.write('weft: the output was longer than 48 KiB; the rest is lost\n')
  return result.exitStatus
}
