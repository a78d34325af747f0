/** The verbs of HostCommand, one file each, behind one exhaustive switch. */
import { WeftError } from '../../proto/errors.ts'
import type { HostCommand, HostReply } from '../../proto/generated/weft.v1.ts'
import { applySlice } from './apply.ts'
import { openConsole } from './console.ts'
import type { CommandContext } from './context.ts'
import { deleteSlice } from './delete.ts'
import { execInNode } from './exec.ts'
import { getSlices } from './get.ts'
import { useOwnHandler } from './handler.ts'
import { viewHost } from './host.ts'
import { countLink } from './link.ts'
import { resync } from './resync.ts'
import { viewRouter } from './router.ts'

type VerbName = keyof HostCommand
/** The verb that a command carries, tagged. */
type Verb = { [N in VerbName]-?: { readonly name: N; readonly body: NonNullable<HostCommand[N]> } }[VerbName]

const verbOf = (command: HostCommand): Verb => {
  for (const [name, body] of Object.entries(command)) if (body !== undefined) return { name, body } as Verb
  throw unknownVerb('')
}

const unknownVerb = (name: string): WeftError =>
  new WeftError('verb.unsupported', `the command has no verb that this agent knows${name && `: ${name}`}`, {
    hint: 'apply, get, delete, exec, resync, host, router, link, handler or console',
  })

/** Serves one command of `owner`: a client's name, 'controller' or 'local'. Throws WeftError. */
export const handleCommand = async (
  context: CommandContext,
  command: HostCommand,
  owner: string,
): Promise<HostReply> => {
  const verb = verbOf(command)
  switch (verb.name) {
    case 'apply':
      return applySlice(context, verb.body, owner)
    case 'get':
      return getSlices(context, verb.body, owner)
    case 'delete':
      return deleteSlice(context, verb.body, owner)
    case 'exec':
      return execInNode(context, verb.body, owner)
    case 'resync':
      return resync(context)
    case 'host':
      return viewHost(context)
    case 'router':
      return viewRouter(context, verb.body, owner)
    case 'link':
      return countLink(context, verb.body, owner)
    case 'handler':
      return useOwnHandler(context, verb.body, owner)
    case 'console':
      return openConsole(context, verb.body, owner)
    default:
      return verb satisfies never
  }
}
