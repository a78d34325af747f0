/**
 * How far hosts are from each other for each link of a task: fewest hops over what has its rates free, keeps its delay and may
 * be crossed by it. What the task itself takes is left aside, so that a distance never is more than what a path will cost.
 */
import { type BitNet, bitNetOf, bitNetsOf, fillHops, leastFree, mostBits } from './bits.ts'
import type { Task, TaskLink } from './task.ts'
import type { Work } from './work.ts'

/** No path leads there. */
export const unreached = 255

/** Hops from one host to every node, for a link. */
export type Row = Uint8Array

export interface Reach {
  /** From a host on the side of a (0) or b (1) of a link to every host where its other side can end. */
  readonly row: (link: number, side: 0 | 1, host: number) => Row
  /** The same to every node, for what is on the way: what no link can end at may be crossed. */
  readonly hops: (link: number, side: 0 | 1, host: number) => Row
  /** Gives the rows back, which others then get: neither they nor this may be used any more. */
  readonly release: () => void
}

/** Links that the same is open to share their rows. */
interface Kind {
  readonly link: TaskLink
  /** To where it can end, and to every node. */
  readonly rows: Rows
  readonly hops: Rows
  /** On each side, what may be crossed from each node; found when it is first asked for. */
  readonly nets: [BitNet | undefined, BitNet | undefined]
  readonly open: [Open | undefined, Open | undefined]
}

/** By side, then by host. */
type Rows = readonly [(Row | undefined)[], (Row | undefined)[]]

/** Nodes that arcs lead to which may be taken, by node that they leave: head[first[n]] up to, without, head[first[n + 1]]. */
interface Open {
  readonly first: Int32Array
  readonly head: Int32Array
}

export const reachOf = (task: Task, work: Work): Reach => {
  const { size } = task.net
  const isSmall = size <= mostBits
  const kindOf = kindsOf(task, isSmall, work)
  const queue = new Int32Array(isSmall ? 0 : size)
  const given: Row[] = []
  const emptyRow = (): Row => {
    const row = spareRows.get(size)?.pop() ?? new Uint8Array(size)
    given.push(row)
    return row.fill(unreached)
  }
  const hopsFrom = (kind: Kind, side: 0 | 1, host: number): Row => {
    const all = kind.hops[side]
    all[host] ??= fill(task, kind, side, host, emptyRow(), queue, work)
    return all[host]
  }
  return {
    row: (link, side, host) => {
      const kind = kindOf[link] as Kind
      const rows = kind.rows[side]
      rows[host] ??= toEnds(hopsFrom(kind, side, host), side === 0 ? kind.link.endsB : kind.link.endsA, host)
      return rows[host]
    },
    hops: (link, side, host) => hopsFrom(kindOf[link] as Kind, side, host),
    release: () => {
      const spare = spareRows.get(size) ?? []
      for (const row of given) if (spare.length * size < mostSpareBytes) spare.push(row)
      spareRows.set(size, spare)
      given.length = 0
      kindOf.length = 0
    },
  }
}

/** Rows of requests before, by their length: to allocate them takes longer than to fill them. */
const spareRows = new Map<number, Row[]>()
const mostSpareBytes = 2 ** 20

/** By link. */
const kindsOf = (task: Task, isSmall: boolean, work: Work): Kind[] => {
  const kinds: Kind[] = []
  const add = (link: TaskLink, net: BitNet | undefined, open: Open | undefined): Kind => {
    const kind: Kind = {
      link,
      rows: emptyRows(task, link),
      hops: emptyRows(task, link),
      nets: [net, net],
      open: [open, open],
    }
    kinds.push(kind)
    return kind
  }
  const nets = new Map<TaskLink, BitNet>()
  if (isSmall) evenNets(task, nets, work)
  return task.links.map((link) => {
    // What two rates leave open is the same where it is as much: less is open to the greater one.
    const net = nets.get(link)
    const open = isEven(link) && !net ? openOf(task, link, link.forward, link.backward, work) : undefined
    const known = kinds.find((kind) => {
      if (net) return kind.nets[0] === net && isLikeButRate(kind.link, link)
      return open ? isLikeButRate(kind.link, link) && isAsOpen(kind.open[0], open) : isLike(kind.link, link)
    })
    return known ?? add(link, net, open)
  })
}

/** Where the rates are the same on both sides and any delay will do. */
const isEven = ({ forward, backward, delay }: TaskLink): boolean => forward === backward && !Number.isFinite(delay)

/** The nets of all such links, those on the same ground together. */
const evenNets = (task: Task, nets: Map<TaskLink, BitNet>, work: Work): void => {
  const { size, head } = task.net
  for (const link of task.links) {
    if (!isEven(link) || nets.has(link)) continue
    const alike = task.links.filter((other) => isEven(other) && isLikeButRate(link, other))
    const rates = [...new Set(alike.map(({ forward }) => forward))].sort((x, y) => x - y)
    const found = bitNetsOf(task, link, rates)
    for (const other of alike) nets.set(other, found[rates.indexOf(other.forward)] as BitNet)
    work.add(head.length + size * rates.length)
  }
}

const emptyRows = ({ net: { size } }: Task, link: TaskLink): Rows => {
  const rows: (Row | undefined)[] = new Array(size)
  return [rows, isSymmetric(link) ? rows : new Array(size)]
}

const toEnds = (hops: Row, ends: Uint8Array | undefined, host: number): Row =>
  ends ? hops.map((count, node) => (ends[node] || node === host ? count : unreached)) : hops

const isAsOpen = (x: Open | undefined, y: Open): boolean => x?.first.at(-1) === y.first.at(-1)

const isLike = (x: TaskLink, y: TaskLink): boolean =>
  x.forward === y.forward && x.backward === y.backward && x.delay === y.delay && isLikeButRate(x, y)

const isLikeButRate = (x: TaskLink, y: TaskLink): boolean =>
  x.passable === y.passable && x.usable === y.usable && x.endsA === y.endsA && x.endsB === y.endsB

const isSymmetric = ({ forward, backward, endsA, endsB }: TaskLink): boolean => forward === backward && endsA === endsB

/** Into a row that says `unreached` everywhere. */
const fill = (task: Task, kind: Kind, side: 0 | 1, host: number, row: Row, queue: Int32Array, work: Work): Row => {
  const { link, nets, open } = kind
  row[host] = 0
  const near = side === 0 ? link.endsA : link.endsB
  if (near && !near[host]) return row
  const [out, back] = side === 0 ? [link.forward, link.backward] : [link.backward, link.forward]
  if (Number.isFinite(link.delay)) growWithin(task, link, out, back, host, row, work)
  else if (row.length <= mostBits) {
    if (!nets[side]) work.add(task.net.head.length >> 2)
    nets[side] ??= bitNetOf(task, link, out, back)
    fillHops(nets[side], host, row)
    work.add(row.length)
  } else {
    open[side] ??= openOf(task, link, out, back, work)
    grow(open[side], link.passable, host, row, queue, work)
  }
  return row
}

const openOf = (
  { net: { first, arcs, head, size }, rates }: Task,
  { usable }: TaskLink,
  out: number,
  back: number,
  work: Work,
): Open => {
  const [least, leastBack] = [leastFree(out), leastFree(back)]
  const open: Open = { first: new Int32Array(size + 1), head: new Int32Array(head.length) }
  let count = 0
  for (let node = 0; node < size; node++) {
    const last = first[node + 1] as number
    for (let i = first[node] as number; i < last; i++) {
      const arc = arcs[i] as number
      if ((rates[arc] as number) < least || (rates[arc ^ 1] as number) < leastBack) continue
      if (!usable || usable[arc >> 1]) open.head[count++] = head[arc] as number
    }
    open.first[node + 1] = count
  }
  work.add(head.length >> 2)
  return open
}

/** Breadth first. */
const grow = (
  { first, head }: Open,
  passable: Uint8Array | undefined,
  host: number,
  row: Row,
  queue: Int32Array,
  work: Work,
): void => {
  queue[0] = host
  let end = 1
  let steps = row.length >> 3
  for (let begin = 0; begin < end; begin++) {
    const node = queue[begin] as number
    if (begin > 0 && passable && !passable[node]) continue
    const hops = Math.min((row[node] as number) + 1, unreached - 1)
    const last = first[node + 1] as number
    let i = first[node] as number
    steps += (last - i + 1) >> 2
    for (; i < last; i++) {
      const next = head[i] as number
      if (row[next] !== unreached) continue
      row[next] = hops
      queue[end++] = next
    }
  }
  work.add(steps)
}

/**
 * The same within a delay: labels grow by one hop at a time and are kept only where they are quicker than every label with
 * fewer hops, so that the first one to reach a node has the fewest.
 */
const growWithin = (
  { net: { first, arcs, head, delay, size }, rates }: Task,
  { passable, usable, delay: greatest }: TaskLink,
  out: number,
  back: number,
  host: number,
  row: Row,
  work: Work,
): void => {
  const [least, leastBack] = [leastFree(out), leastFree(back)]
  const quickest = new Float64Array(size).fill(Number.POSITIVE_INFINITY)
  quickest[host] = 0
  let wave: number[] = [host]
  let spent: number[] = [0]
  for (let hops = 1; wave.length > 0; hops++) {
    const reached = new Map<number, number>()
    let steps = 0
    for (let w = 0; w < wave.length; w++) {
      const node = wave[w] as number
      if (hops > 1 && passable && !passable[node]) continue
      const last = first[node + 1] as number
      steps += last - (first[node] as number) + 1
      for (let i = first[node] as number; i < last; i++) {
        const arc = arcs[i] as number
        const next = head[arc] as number
        const total = (spent[w] as number) + (delay[arc >> 1] as number)
        if (total > greatest || total >= (quickest[next] as number)) continue
        if ((rates[arc] as number) < least || (rates[arc ^ 1] as number) < leastBack) continue
        if (usable && !usable[arc >> 1]) continue
        quickest[next] = total
        if (row[next] === unreached) row[next] = Math.min(hops, unreached - 1)
        reached.set(next, total)
      }
    }
    // A label more takes as long as two arcs that are looked at.
    work.add(2 * steps)
    wave = [...reached.keys()]
    spent = [...reached.values()]
  }
}
