/** Click's port count codes: `1/1-2`, `1/-`, `2-/=`, `1/=+`. After `Element::notify_nports`. */
import type { PortCounts } from '../element.ts'

interface Range {
  readonly least: number
  readonly most: number
}

export interface PortCountCode {
  readonly inputs: Range
  /** Or as many as there are inputs, and so many more. */
  readonly outputs: Range | { readonly moreThanInputs: number }
}

const readRange = (text: string): Range | undefined => {
  const match = /^(\d*)(?:(-)(\d*))?$/.exec(text)
  if (!match || text === '') return undefined
  const [, least = '', dash, most = ''] = match
  if (!dash) return { least: Number(least), most: Number(least) }
  return { least: Number(least), most: most === '' ? Number.POSITIVE_INFINITY : Number(most) }
}

/** undefined: no port count code. */
export const readPortCounts = (code: string): PortCountCode | undefined => {
  const [first = '', second = first, ...more] = code.split('/')
  const inputs = readRange(first)
  const outputs = /^=\+*$/.test(second) ? { moreThanInputs: second.length - 1 } : readRange(second)
  return inputs && outputs && more.length === 0 ? { inputs, outputs } : undefined
}

const clamp = (count: number, { least, most }: Range): number => Math.max(least, Math.min(most, count))

/** How many ports an element has whose connections use `used`: as near to that as its class allows. */
export const fitPorts = ({ inputs, outputs }: PortCountCode, used: PortCounts): PortCounts => {
  const count = clamp(used.inputs, inputs)
  return {
    inputs: count,
    outputs: 'moreThanInputs' in outputs ? count + outputs.moreThanInputs : clamp(used.outputs, outputs),
  }
}
