/**
 * X of vifX.Y: a small number for each node, handed out by the agent because a vif must exist before its domain has an id. It is
 * written down before it is used and kept until the node is removed, so that no two nodes ever hold the same one.
 */
import { readIfThere, writeAtomic } from './atomic-file.ts'
import { serial } from './serial.ts'

export interface SlotStore {
  get(vnet: string, node: string): number | undefined
  /**
   * The slots of these nodes; the lowest free ones for those that have none yet. Settles when it is on disk.
   * @param existing names of interfaces in Dom0: the X of a vif that is there and is no node's is left alone
   */
  allot(vnet: string, nodes: readonly string[], existing: Iterable<string>): Promise<ReadonlyMap<string, number>>
  /**
   * Takes over the slot that a node was found with, where no other holds it. False where another does.
   * @param from the node of a pool that it may have been: that one's slot it takes, in place of the one that was handed out for it
   */
  adopt(
    vnet: string,
    node: string,
    slot: number,
    from?: { readonly vnet: string; readonly id: string },
  ): Promise<boolean>
  free(vnet: string, nodes: readonly string[]): Promise<void>
  /** Nodes of a VNet that hold one. */
  nodesOf(vnet: string): readonly string[]
  vnets(): ReadonlySet<string>
}

const keyOf = (vnet: string, node: string): string => `${vnet}/${node}`

const vifPattern = /^vif(\d{1,8})\.\d+$/

const slotsOf = (names: Iterable<string>): Set<number> => {
  const slots = new Set<number>()
  for (const name of names) {
    const match = vifPattern.exec(name)
    if (match) slots.add(Number(match[1]))
  }
  return slots
}

const read = (text: string): Map<string, number> => {
  const held = new Map<string, number>()
  try {
    for (const [key, slot] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
      if (typeof slot === 'number' && Number.isSafeInteger(slot) && slot > 0) held.set(key, slot)
    }
  } catch {
    // A damaged file: the slots of what runs are adopted from what it was made with.
  }
  return held
}

/**
 * On a host with Xen, slots begin here: libxl makes each vif as vif{domain id}.{device} before it has its own name, and domain ids are below
 * DOMID_FIRST_RESERVED, 0x7ff0 (xen/include/public/xen.h).
 */
export const firstSlotBesideXen = 0x8000

/** @param first the least that is handed out; slots that are held already stay */
export const openSlots = async (path: string, first = 1): Promise<SlotStore> => {
  let held: ReadonlyMap<string, number> = read((await readIfThere(path))?.toString() ?? '{}')
  const oneAtATime = serial()

  const keep = async (next: Map<string, number>): Promise<void> => {
    await writeAtomic(path, `${JSON.stringify(Object.fromEntries(next), undefined, 1)}\n`)
    held = next
  }

  const allot = async (vnet: string, nodes: readonly string[], existing: Iterable<string>) => {
    const missing = nodes.filter((node) => !held.has(keyOf(vnet, node)))
    if (missing.length > 0) {
      const next = new Map(held)
      const used = slotsOf(existing)
      for (const slot of held.values()) used.add(slot)
      let slot = first - 1
      for (const node of missing) {
        do slot++
        while (used.has(slot))
        next.set(keyOf(vnet, node), slot)
      }
      await keep(next)
    }
    return new Map(nodes.map((node) => [node, held.get(keyOf(vnet, node)) ?? 0]))
  }

  const adopt: SlotStore['adopt'] = async (vnet, node, slot, from) => {
    const key = keyOf(vnet, node)
    if (held.get(key) === slot) return true
    if (slot < 1) return false
    const before = from && keyOf(from.vnet, from.id)
    for (const [other, taken] of held) if (taken === slot && other !== before) return false
    if (held.has(key) && before === undefined) return false
    const next = new Map(held).set(key, slot)
    if (before !== undefined && held.get(before) === slot) next.delete(before)
    await keep(next)
    return true
  }

  const free = async (vnet: string, nodes: readonly string[]): Promise<void> => {
    const keys = nodes.map((node) => keyOf(vnet, node)).filter((key) => held.has(key))
    if (keys.length === 0) return
    const next = new Map(held)
    for (const key of keys) next.delete(key)
    await keep(next)
  }

  return {
    get: (vnet, node) => held.get(keyOf(vnet, node)),
    allot: (vnet, nodes, existing) => oneAtATime(() => allot(vnet, nodes, existing)),
    adopt: (vnet, node, slot, from) => oneAtATime(() => adopt(vnet, node, slot, from)),
    free: (vnet, nodes) => oneAtATime(() => free(vnet, nodes)),
    nodesOf: (vnet) =>
      [...held.keys()].filter((key) => key.startsWith(`${vnet}/`)).map((key) => key.slice(vnet.length + 1)),
    vnets: () => new Set([...held.keys()].map((key) => key.slice(0, key.lastIndexOf('/')))),
  }
}
