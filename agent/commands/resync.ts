/** resync: status, inventory and every report are published again. */
import { create } from '../../proto/codec.ts'
import type { HostReply } from '../../proto/generated/weft.v1.ts'
import type { CommandContext } from './context.ts'

export const resync = async (context: CommandContext): Promise<HostReply> => {
  await context.resync()
  return create('HostReply')
}
