/** host: status, inventory and usage of this host, read now. */
import { create } from '../../proto/codec.ts'
import type { HostReply } from '../../proto/generated/weft.v1.ts'
import type { CommandContext } from './context.ts'

export const viewHost = async (context: CommandContext): Promise<HostReply> =>
  create('HostReply', { host: await context.hostView() })
