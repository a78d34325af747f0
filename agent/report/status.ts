/** Who this agent is and since when (host/{h}/status, also as last will). */
import { release } from 'node:os'
import { create } from '../../proto/codec.ts'
import type { HostInventory, HostStatus } from '../../proto/generated/weft.v1.ts'
import { agentVersion } from '../version.ts'

export interface StatusParts {
  readonly online: boolean
  readonly bootId: string
  /** Number of this run of the agent. */
  readonly session: number
  readonly inventory: HostInventory | undefined
}

export const hostStatus = ({ online, bootId, session, inventory }: StatusParts): HostStatus =>
  create('HostStatus', {
    online,
    bootId,
    session,
    agentVersion: agentVersion(),
    libvirtVersion: inventory?.hypervisors.find(({ name }) => name === 'lxc')?.version ?? '',
    kernelVersion: release(),
  })
