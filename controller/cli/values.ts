/** Readers of flag values: what they throw says what would be right. */

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** setTimeout(3) of Node takes a signed 32-bit number of milliseconds: nearly 25 days. */
export const longestMs = 2 ** 31 - 1

/** Milliseconds from "500ms", "30s", "5m", "1h"; a bare number counts seconds. */
export const durationMs = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(text.trim())
  const value = match ? Math.round(Number(match[1]) * (unitsMs[match[2] ?? 's'] ?? 1)) : 0
  if (value <= 0 || value > longestMs) throw new Error('a duration such as 500ms, 30s, 5m or 1h')
  return value
}

export const wholeNumber =
  (least: number, greatest: number) =>
  (text: string): number => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= least && value <= greatest)) throw new Error(`a whole number from ${least} to ${greatest}`)
    return value
  }

/** The two sides of the first "="; `written` says for the error how it is written, for instance DOMAIN=URL. */
export const assignment =
  (written: string) =>
  (text: string): readonly [name: string, value: string] => {
    const at = text.indexOf('=')
    if (at < 1 || at === text.length - 1) throw new Error(written)
    return [text.slice(0, at), text.slice(at + 1)]
  }
