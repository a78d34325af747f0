/** The guest agent's channel, which libvirt holds: one command at a time for each domain. */
import type { LibvirtConnection } from '../../../native/libvirt.ts'
import { WeftError } from '../../../proto/errors.ts'
import type { AgentChannel } from '../guest/agent.ts'
import { isLibvirtError } from '../libvirt/connection.ts'

export const libvirtChannel =
  (connect: () => Promise<LibvirtConnection>, uuid: string, node: string): AgentChannel =>
  async (command, words, timeoutMs) => {
    const text = JSON.stringify({ execute: command, ...(Object.keys(words).length > 0 ? { arguments: words } : {}) })
    const connection = await connect()
    try {
      const answer = await connection.agentCommand(uuid, text, Math.max(1, Math.ceil(timeoutMs / 1000)))
      return (JSON.parse(answer) as { readonly return?: unknown }).return
    } catch (error) {
      if (!isLibvirtError(error)) throw error
      const object = `node/${node}`
      // It has ended meanwhile.
      if (error.code === 'OPERATION_INVALID' || error.code === 'NO_DOMAIN') {
        throw new WeftError('node.not-running', `node ${node} does not run`, { object, cause: error })
      }
      throw new WeftError('hypervisor.failed', `the guest agent of node ${node}: ${error.message}`, {
        object,
        cause: error,
      })
    }
  }
