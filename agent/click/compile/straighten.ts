/**
 * The order of a program's pieces in which few jumps are left: behind a jump that is always taken comes what it leads to, where that has no
 * place yet. So what becomes of packets that an element refuses stands behind the way of those that go on.
 */
import { isLabel } from '../../ebpf/asm/asm.ts'
import { endsAt, type Item, isEnd } from './code.ts'

/** Each ends where nothing falls through to the next. */
const piecesOf = (items: readonly Item[]): readonly (readonly Item[])[] => {
  const pieces: Item[][] = [[]]
  for (const item of items) {
    pieces.at(-1)?.push(item)
    if (isEnd(item)) pieces.push([])
  }
  return pieces
}

/** The labels before the first instruction of a piece: who jumps to one further on needs what is before it, too. */
const labelsOf = (piece: readonly Item[]): readonly string[] => {
  const labels: string[] = []
  for (const item of piece) {
    if (!isLabel(item)) break
    labels.push(item.label)
  }
  return labels
}

/** What ends does so by a jump or `exit`. A function is left whole and where it was among the others: no jump leads into it from outside. */
export const straighten = (items: readonly Item[]): Item[] => {
  const pieces = piecesOf(items)
  const byLabel = new Map(pieces.flatMap((piece) => labelsOf(piece).map((name) => [name, piece])))
  const placed = new Set<readonly Item[]>()
  for (const first of pieces) {
    for (let piece: readonly Item[] | undefined = first; piece && !placed.has(piece); ) {
      placed.add(piece)
      const target = endsAt(piece)
      piece = target === undefined ? undefined : byLabel.get(target)
    }
  }
  return [...placed].flat()
}
