/** Measured quantities for people: three digits are enough. Quantities that were asked for are shown exactly (units.ts). */

type Step = readonly [least: number, unit: string]

const format = (value: number, steps: readonly Step[]): string => {
  // 0.9996 s is 1 s, not 1000 ms.
  const rounded = Number(value.toPrecision(3))
  const [least, unit] = steps.find(([step]) => Math.max(value, rounded) >= step) ?? (steps.at(-1) as Step)
  const scaled = value / least
  return `${scaled >= 100 ? Math.round(scaled) : Number(scaled.toPrecision(3))} ${unit}`
}

export const humanSize = (bytes: number): string =>
  format(bytes, [
    [2 ** 40, 'TiB'],
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
    [1, 'B'],
  ])

export const humanSeconds = (seconds: number): string =>
  format(seconds, [
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
  ])
