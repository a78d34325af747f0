/** Where the role to ask is found: its socket as given, in a run directory, or in a lab that runs here. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suggest } from '../description/nearest.ts'
import type { Context, LabPlace } from './context.ts'
import { defaultRunDirectory, type Role } from './flags.ts'
import { UsageError } from './usage-error.ts'

/** `host` chooses among the agents of a lab. Throws UsageError where several labs or hosts could be meant. */
export const findSocket = async (context: Context, role: Role, host?: string): Promise<string> => {
  const { socket, 'run-dir': runDirectory, lab } = context.globals
  if (socket !== undefined) return socket
  if (runDirectory !== undefined) return join(runDirectory, `${role}.sock`)
  const usual = join(defaultRunDirectory, `${role}.sock`)
  if (lab === undefined && host === undefined && existsSync(usual)) return usual
  const places = (await context.labs?.()) ?? []
  const place = choosePlace(places, lab)
  const path = place && (role === 'agent' ? agentOf(place, host) : place.sockets[role])
  if (path === undefined) return usual
  context.verbose(`asking the ${role} of lab ${place?.name} at ${path}`)
  return path
}

const choosePlace = (places: readonly LabPlace[], lab: string | undefined): LabPlace | undefined => {
  const names = places.map(({ name }) => name)
  if (lab !== undefined) {
    const place = places.find(({ name }) => name === lab)
    if (!place) throw new UsageError(`no lab "${lab}" runs here`, suggest(lab, names))
    return place
  }
  if (places.length > 1)
    throw new UsageError(`several labs run here: ${names.join(', ')}`, `choose one: --lab ${names[0]}`)
  return places[0]
}

const agentOf = (place: LabPlace, host: string | undefined): string | undefined => {
  const hosts = Object.keys(place.agents)
  if (host !== undefined) {
    if (!hosts.includes(host)) throw new UsageError(`lab ${place.name} has no host "${host}"`, suggest(host, hosts))
    return place.agents[host]
  }
  if (hosts.length > 1) {
    throw new UsageError(`lab ${place.name} has the hosts ${hosts.join(', ')}`, `choose one: --host ${hosts[0]}`)
  }
  return place.agents[hosts[0] ?? '']
}
