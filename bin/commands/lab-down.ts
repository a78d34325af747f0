/** `weft lab down`. */
import type { Run } from '../../controller/cli/command.ts'
import { exit } from '../../controller/cli/exit.ts'
import { endLab } from '../../lab/remove.ts'
import { chooseLab } from '../choose-lab.ts'

export const run: Run = async ({ globals, stdout }, { args }) => {
  const { name } = chooseLab(args[0] ?? globals.lab)
  await endLab(name)
  stdout.write(`lab/${name} is gone\n`)
  return exit.ok
}
