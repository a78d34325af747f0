/** Click's processing codes (`a/ah`) and flow codes (`x/x`, `#/[^#]`). After its `lib/element.cc`. */

export type Processing = 'push' | 'pull' | 'agnostic'

const meanings: Readonly<Record<string, Processing>> = { h: 'push', l: 'pull', a: 'agnostic' }

/** What the ports of one side are; the last letter of a side stands for all that follow. */
export const processingOf = (code: string, side: 'input' | 'output', count: number): readonly Processing[] => {
  const [inputs = '', outputs = inputs] = code.split('/')
  const letters = side === 'input' ? inputs : outputs
  return Array.from({ length: count }, (_, i) => meanings[letters[Math.min(i, letters.length - 1)] ?? ''] ?? 'agnostic')
}

interface PortCode {
  readonly negated: boolean
  readonly characters: string
}

const readPortCodes = (text: string): readonly PortCode[] =>
  (text.match(/\[[^\]]*\]|[A-Za-z#]/g) ?? []).map((code) => {
    const inner = code.startsWith('[') ? code.slice(1, -1) : code
    return inner.startsWith('^') ? { negated: true, characters: inner.slice(1) } : { negated: false, characters: inner }
  })

const has = ({ characters }: PortCode, port: number, item: string): boolean =>
  [...characters].some((c) => (c === '#' ? `#${port}` : c) === item)

/** Everything that either of two port codes names; a negated one has all but what it names, so also what nobody names. */
const share = (a: PortCode, i: number, b: PortCode, j: number): boolean => {
  const items = [a, b].flatMap(({ characters }, side) =>
    [...characters].map((c) => (c === '#' ? `#${side === 0 ? i : j}` : c)),
  )
  const contains = (code: PortCode, port: number, item: string): boolean => has(code, port, item) !== code.negated
  return (a.negated && b.negated) || items.some((item) => contains(a, i, item) && contains(b, j, item))
}

/** Whether packets of an input can leave by an output. */
export const flows = (code: string): ((input: number, output: number) => boolean) => {
  if (code === 'x/x') return () => true
  const [first = '', second = first] = code.split('/')
  const inputs = readPortCodes(first)
  const outputs = readPortCodes(second)
  return (input, output) => {
    const a = inputs[Math.min(input, inputs.length - 1)]
    const b = outputs[Math.min(output, outputs.length - 1)]
    return a !== undefined && b !== undefined && share(a, input, b, output)
  }
}
