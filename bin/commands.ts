/** Every command of weft: those of controller/cli, and those of parts that it may not import. */
import type { Command } from '../controller/cli/command.ts'
import { consoleCommands } from '../controller/cli/declare-console.ts'
import { formatCommands } from '../controller/cli/declare-formats.ts'
import { hostCommands } from '../controller/cli/declare-hosts.ts'
import { linkCommands } from '../controller/cli/declare-links.ts'
import { otherCommands } from '../controller/cli/declare-other.ts'
import { roleCommands } from '../controller/cli/declare-roles.ts'
import { vnetCommands } from '../controller/cli/declare-vnets.ts'
import { agentCommands } from './declare-agent.ts'
import { clickCommands } from './declare-click.ts'
import { clickRouterCommands } from './declare-click-routers.ts'
import { clickRunCommands } from './declare-click-run.ts'
import { labCommands } from './declare-lab.ts'

export const commands: readonly Command[] = [
  ...vnetCommands,
  ...linkCommands,
  ...formatCommands,
  ...hostCommands,
  ...consoleCommands,
  ...agentCommands,
  ...roleCommands,
  ...labCommands,
  ...clickCommands,
  ...clickRunCommands,
  ...clickRouterCommands,
  ...otherCommands,
]
