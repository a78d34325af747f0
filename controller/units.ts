/**
 * Quantities for people to read in messages and tables, at most three digits after the point, in the greatest unit that they
 * fill. What is written to be read back exactly is description/units.ts.
 */

type Step = readonly [least: number, name: string]

const format = (value: number, steps: readonly Step[]): string => {
  const [least, name] = steps.find(([step]) => value >= step) ?? (steps.at(-1) as Step)
  return `${Number((value / least).toFixed(3))} ${name}`
}

export const formatRate = (bitsPerSecond: number): string =>
  format(bitsPerSecond, [
    [1e9, 'Gbit/s'],
    [1e6, 'Mbit/s'],
    [1e3, 'kbit/s'],
    [1, 'bit/s'],
  ])

export const formatSize = (bytes: number): string =>
  format(bytes, [
    [2 ** 40, 'TiB'],
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
    [1, 'B'],
  ])

export const formatDuration = (microseconds: number): string =>
  format(microseconds, [
    [1e6, 's'],
    [1e3, 'ms'],
    [1, 'us'],
  ])

export const formatCpu = (millis: number): string => `${Number((millis / 1000).toFixed(3))} CPU`
