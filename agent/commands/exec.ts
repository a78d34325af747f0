/** exec: runs a command in a container of the caller's. */
import { create } from '../../proto/codec.ts'
import { WeftError } from '../../proto/errors.ts'
import type { Exec, ExecResult, HostReply } from '../../proto/generated/weft.v1.ts'
import { type CommandContext, operatedNode } from './context.ts'

const defaultTimeoutMs = 30_000
const longestTimeoutMs = 600_000
/** Both outputs together in base64, as JSON has them, must fit a message of 128 KiB. */
const bothOutputsBytes = 90 * 1024

const fitted = (result: ExecResult): ExecResult => {
  const room = Math.max(0, bothOutputsBytes - result.stdout.length)
  return result.stderr.length <= room ? result : { ...result, stderr: result.stderr.subarray(0, room), truncated: true }
}

export const execInNode = async (
  { desired, hypervisors, execLimit }: CommandContext,
  { vnet, node: id, argv, timeoutMs }: Exec,
  owner: string,
): Promise<HostReply> => {
  const object = `node/${id}`
  const { node } = operatedNode(desired, vnet, id, owner)
  if (argv.length === 0 || argv[0] === '' || argv.some((word) => word.includes('\0'))) {
    throw new WeftError('message.malformed', `exec in ${id} has no command`, { object, hint: 'argv: ["ip", "route"]' })
  }
  const driver = hypervisors.find(({ name }) => name === node.hypervisor)
  if (!driver) {
    throw new WeftError('hypervisor.unavailable', `this host has no ${node.hypervisor} for node ${id}`, { object })
  }
  const limitMs = Math.min(timeoutMs || defaultTimeoutMs, longestTimeoutMs)
  return create('HostReply', { exec: fitted(await execLimit(() => driver.inside.exec(vnet, id, argv, limitMs))) })
}
