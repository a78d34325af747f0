/** What a container's process 1 is given to go by (init.ts), as files of its control directory. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import { withdrawReleased } from '../libvirt/released.ts'
import { controlFiles, initScript, machineCommands } from './init.ts'
import { clearSaid } from './said.ts'

/** What differs between the node of a pool and the one that it becomes: its process 1 reads it anew then. */
export const writeWishes = async (control: string, node: SliceNode): Promise<void> => {
  const files = [
    [controlFiles.hostname, `${node.id}\n`],
    [controlFiles.startUp, node.startUp?.command ? `${node.startUp.command}\n` : ''],
  ] as const
  await Promise.all(files.map(([file, text]) => writeFile(join(control, file), text, { mode: 0o644 })))
}

/** Anew before each start: nothing of the run before is left in it. The container must not run. */
export const writeControl = async (control: string, node: SliceNode): Promise<void> => {
  await withdrawReleased(control)
  await clearSaid(control)
  const commands = join(control, controlFiles.commands)
  await mkdir(commands, { recursive: true, mode: 0o755 })
  for (const [command, text] of Object.entries(machineCommands)) {
    await writeFile(join(commands, command), text, { mode: 0o755 })
  }
  await writeFile(join(control, controlFiles.init), initScript(), { mode: 0o644 })
  await writeWishes(control, node)
}
