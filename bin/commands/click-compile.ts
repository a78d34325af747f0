/** `weft click compile`. */
import { compile } from '../../agent/click/compile/compile.ts'
import { formatProgram } from '../../agent/ebpf/asm/asm.ts'
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import type { clickCompileFlags } from '../declare-click-run.ts'
import { readClickGraph } from '../read-click.ts'

export const run: Run<typeof clickCompileFlags> = async (context, { args, flags }) => {
  const graph = await readClickGraph(context, args[0], flags)
  if (!graph) return exit.error
  // No interface is looked at: those that packets are sent to have the index 0 in what is printed.
  const { programs } = compile(graph, { device: () => 0 })
  if (flags.dump) {
    for (const { device, element, program } of programs) {
      context.stdout.write(`; program of ${element.name} :: FromDevice(${device})\n${formatProgram(program)}\n`)
    }
  }
  return exit.ok
}
