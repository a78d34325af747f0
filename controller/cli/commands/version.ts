/** `weft version`. */
import type { Run } from '../command.ts'
import type { versionFlags } from '../declare-other.ts'
import { exit } from '../exit.ts'

export const run: Run<typeof versionFlags> = async ({ stdout, version }, { flags }) => {
  const node = process.versions.node
  const line = flags.output === 'json' ? JSON.stringify({ weft: version, node, wire: 'weft.v1' }) : undefined
  stdout.write(`${line ?? `weft ${version} (wire weft.v1, Node ${node})`}\n`)
  return exit.ok
}
