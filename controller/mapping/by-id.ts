/** Parts of a substrate by their ids, found once for each list: lists of a substrate never change. */

interface Identified {
  readonly id: string
}

const made = new WeakMap<readonly Identified[], ReadonlyMap<string, Identified>>()

export const byId = <T extends Identified>(list: readonly T[]): ReadonlyMap<string, T> => {
  const known = made.get(list) as ReadonlyMap<string, T> | undefined
  if (known) return known
  const map = new Map(list.map((one) => [one.id, one]))
  made.set(list, map)
  return map
}
