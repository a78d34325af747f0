/** How many maps the kernel gives a program. */
import { isLabel, type Program } from '../../ebpf/asm/asm.ts'
import type { PlacedElement } from './compile.ts'
import { notSupported } from './refusal.ts'

/** MAX_USED_MAPS of the kernel: of one program. */
const mostMaps = 64

/** The kernel would say E2BIG. Names the element whose map is the first too many. */
export const refuseMaps = (program: Program, elements: readonly PlacedElement[]): void => {
  const used = new Set(program.flatMap((item) => (isLabel(item) || item.map === undefined ? [] : [item.map])))
  if (used.size <= mostMaps) return
  const owned = [...used].filter((map) => map.includes('.'))
  const first = owned[owned.length - (used.size - mostMaps)]
  const owner = elements.find(({ maps }) => [...maps.values()].some((map) => map === first))
  if (!owner) throw new RangeError(`${used.size} maps`)
  throw notSupported(owner.element, `a program of ${used.size} maps (the kernel takes ${mostMaps})`)
}
