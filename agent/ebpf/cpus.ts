/** CPUs that there may ever be: what maps have a value for each of, whether it runs or not. */
import { readFileSync } from 'node:fs'

/** Of a list like `0-3` or `0,2-5`: one more than the highest, as the kernel counts. Throws where it is no list. */
export const countCpus = (list: string): number => {
  const numbers = list
    .trim()
    .split(/[,-]/)
    .map((word) => (/^\d+$/.test(word) ? Number(word) : Number.NaN))
  const highest = Math.max(...numbers)
  if (!Number.isInteger(highest)) throw new Error(`'${list.trim()}' is no list of CPUs`)
  return highest + 1
}

let count: number | undefined

export const possibleCpuCount = (): number => {
  count ??= countCpus(readFileSync('/sys/devices/system/cpu/possible', 'utf8'))
  return count
}
