/**
 * Holds the declared substrate against what the agents see.
 */
import { WeftError } from '../../proto/errors.ts'
import type { HostInventory, SubstrateLink, SubstrateNode } from '../../proto/generated/weft.v1.ts'
import { formatCpu, formatRate, formatSize } from '../units.ts'
import { nicOf, nicProblem, nicTechnologies } from './nic.ts'
import type { DeclaredSubstrate, Inventories } from './substrate.ts'
import { addressInPrefix } from './tunnel-prefix.ts'

/**
 * Where what is declared and what the agents see disagree: errors substrate.mismatch, object "host/NAME" or "link/ID", where
 * the file's line. The host or link concerned cannot be used, or only as far as the inventory allows (substrateGraph).
 */
export const checkSubstrate = (substrate: DeclaredSubstrate, inventories: Inventories): readonly WeftError[] => {
  const errors: WeftError[] = []
  const mismatch = (object: string, declaration: string, message: string, hint: string): void => {
    errors.push(
      new WeftError('substrate.mismatch', message, { object, where: substrate.positions.get(declaration), hint }),
    )
  }
  for (const node of substrate.nodes) {
    if (node.kind !== 'host') continue
    const inventory = inventories.get(node.id)
    const problems: readonly Problem[] = inventory
      ? hostProblems(node, inventory, inventories, substrate.cpuOvercommit)
      : [[`no agent is known by the name ${node.id}`, `start "weft agent" there, or take ${node.id} out of the file`]]
    for (const [message, hint] of problems) mismatch(`host/${node.id}`, `node/${node.id}`, message, hint)
  }
  for (const link of substrate.links)
    for (const [message, hint] of linkProblems(link, inventories))
      mismatch(`link/${link.id}`, `link/${link.id}`, message, hint)
  return errors
}

type Problem = readonly [message: string, hint: string]

const hostProblems = (
  node: SubstrateNode,
  inventory: HostInventory,
  inventories: Inventories,
  cpuOvercommit: number,
): readonly Problem[] => {
  const problems: Problem[] = []
  const seenCpuMillis = Math.floor(inventory.cpus * 1000 * cpuOvercommit)
  if (node.cpuMillis > seenCpuMillis)
    problems.push([
      `host ${node.id} is declared with ${formatCpu(node.cpuMillis)}, its agent sees ${inventory.cpus} × ${cpuOvercommit}`,
      `declare at most ${formatCpu(seenCpuMillis)}, or raise cpu_overcommit`,
    ])
  if (node.memoryBytes > inventory.memoryBytes)
    problems.push([
      `host ${node.id} is declared with ${formatSize(node.memoryBytes)} of memory, its agent sees ${formatSize(inventory.memoryBytes)}`,
      `declare at most ${formatSize(inventory.memoryBytes)}`,
    ])
  for (const name of [...node.nics, ...node.sharedNics])
    if (!nicOf(inventory, name))
      problems.push([
        `host ${node.id} is declared with the NIC ${name}, which its agent does not see`,
        nicHint(inventory),
      ])
  const inside = addressInPrefix(node.tunnelPrefix, inventories.values())
  if (inside)
    problems.push([
      `host ${node.id} is declared with the tunnel prefix ${node.tunnelPrefix}, which holds the address ${inside}`,
      'a tunnel_prefix that no NIC has an address of; until then the host has no etherip and no ipip',
    ])
  return problems
}

const nicHint = (inventory: HostInventory): string =>
  `NICs of ${inventory.host}: ${inventory.nics.map(({ name }) => name).join(', ') || 'none'}`

const linkProblems = (link: SubstrateLink, inventories: Inventories): readonly Problem[] => {
  const problems: Problem[] = []
  for (const end of [link.a, link.b]) {
    const inventory = end && inventories.get(end.node)
    // A host without an agent is told once, of the host; a switch's or fabric's end has nothing to hold against.
    if (!end || !inventory) continue
    const nic = nicOf(inventory, end.nic)
    const name = `${end.node}/${end.nic}`
    const problem = nicProblem(nic)
    const left = nicTechnologies(nic).join(', ')
    if (problem)
      problems.push([
        `link ${link.id} ends at ${name}, and ${problem}${left && `: it carries ${left} alone`}`,
        nicHint(inventory),
      ])
    else if (nic && nic.rateBitsPerSecond > 0 && link.capacityBitsPerSecond > nic.rateBitsPerSecond)
      problems.push([
        `link ${link.id} is declared with ${formatRate(link.capacityBitsPerSecond)}, ${name} runs at ${formatRate(nic.rateBitsPerSecond)}`,
        `declare at most ${formatRate(nic.rateBitsPerSecond)}`,
      ])
  }
  return problems
}
