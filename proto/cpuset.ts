/** Sets of CPUs as Linux writes them: "0-3,8". cpuset(7), "List format". */

/** A number is below that; hosts have fewer. */
export const mostCpus = 1024

/** The numbers, ascending, each once; undefined where it is no such set, or an empty one. Pure. */
export const parseCpuset = (text: string): readonly number[] | undefined => {
  const cpus = new Set<number>()
  for (const piece of text.split(',')) {
    const found = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(piece)
    if (!found) return undefined
    const [first, last] = [Number(found[1]), Number(found[2] ?? found[1])]
    if (last < first || last >= mostCpus) return undefined
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu)
  }
  return [...cpus].sort((a, b) => a - b)
}

/** Of numbers as parseCpuset gives them; '' of none. Pure. */
export const formatCpuset = (cpus: readonly number[]): string => {
  const ranges: [number, number][] = []
  for (const cpu of cpus) {
    const last = ranges.at(-1)
    if (last && last[1] === cpu - 1) last[1] = cpu
    else ranges.push([cpu, cpu])
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}
