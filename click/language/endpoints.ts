/** Which ports a connection joins: lists of end points, `->` and `=>`. After click(5), "Connection shorthand". */
import { type Diagnostics, type Landmark, Overflow } from '../diagnostics.ts'
import { limits } from '../limits.ts'
import type { Port } from './router.ts'

/** What stands in brackets. */
export interface PortList {
  /** Empty: nothing was given. */
  readonly ports: readonly number[]
  /** `[0-]`: as many more as the other side has. */
  readonly open: boolean
}

export const noPorts: PortList = { ports: [], open: false }

export const sequence = (length: number): PortList => ({ ports: Array.from({ length }, (_, i) => i), open: false })

/** One item of a comma-separated list in a connection, its node known. */
export interface Endpoint {
  readonly node: number
  readonly inputs: PortList
  readonly outputs: PortList
}

interface Side {
  readonly node: number
  readonly list: PortList
}

const leastPorts = (sides: readonly Side[]): number =>
  sides.reduce((sum, { list }) => sum + Math.max(1, list.ports.length), 0)

/** The ports of a side in order; the first that may grow gets `extra` more. */
const unroll = (sides: readonly Side[], extra: number, growsWithoutList: boolean): Port[] => {
  let left = extra
  return sides.flatMap(({ node, list }) => {
    const ports = list.ports.length > 0 ? [...list.ports] : [0]
    if (left > 0 && (list.open || (growsWithoutList && list.ports.length === 0))) {
      const last = ports.at(-1) ?? 0
      for (let i = 1; i <= left; i++) ports.push(last + i)
      left = 0
    }
    return ports.map((port) => ({ node, port }))
  })
}

const tooMany = (landmark: Landmark): Overflow => new Overflow(landmark, `more than ${limits.connections} connections`)

/** The pairs that `from -> to` (or `=>` where `many`) connects, after having said what is wrong with it. Throws Overflow. */
export const pairs = (
  from: readonly Endpoint[],
  to: readonly Endpoint[],
  many: boolean,
  landmark: Landmark,
  diagnostics: Diagnostics,
): readonly (readonly [from: Port, to: Port])[] => {
  const outputs = from.map(({ node, outputs: list }) => ({ node, list }))
  const inputs = to.map(({ node, inputs: list }) => ({ node, list }))
  const outputCount = leastPorts(outputs)
  const inputCount = leastPorts(inputs)
  if (outputCount + inputCount > limits.connections) throw tooMany(landmark)
  const open = (sides: readonly Side[]): number => sides.filter(({ list }) => list.open).length
  let outputsGrow = open(outputs) > 0
  let inputsGrow = open(inputs) > 0
  if (open(outputs) + open(inputs) > 1) {
    diagnostics.error(landmark, 'at most one expandable port allowed per connection')
    if (inputCount < outputCount) outputsGrow = false
    else inputsGrow = false
  }
  // With '=>', one element without ports stands for as many of them as the other side has.
  const grows = (sides: readonly Side[], count: number, otherCount: number): boolean =>
    many && count === 1 && otherCount > 1 && sides[0]?.list.ports.length === 0
  const outputsImplied = grows(outputs, outputCount, inputCount)
  const inputsImplied = grows(inputs, inputCount, outputCount)
  outputsGrow ||= outputsImplied
  inputsGrow ||= inputsImplied
  const stepOutputs = outputCount > 1 || outputsGrow
  const stepInputs = inputCount > 1 || inputsGrow
  if (stepOutputs && stepInputs) {
    if (!many) diagnostics.error(landmark, "syntax error: many-to-many connections require '=>'")
    const mismatch = (outs: string, ins: string) =>
      diagnostics.error(
        landmark,
        `connection mismatch: ${outputCount}${outs} outputs connected to ${inputCount}${ins} inputs`,
      )
    if (!inputsGrow && !outputsGrow && inputCount !== outputCount) mismatch('', '')
    else if (!inputsGrow && inputCount < outputCount) mismatch(' or more', '')
    else if (!outputsGrow && outputCount < inputCount) mismatch('', ' or more')
  }
  const left = unroll(outputs, outputsGrow ? inputCount - outputCount : 0, outputsImplied)
  const right = unroll(inputs, inputsGrow ? outputCount - inputCount : 0, inputsImplied)
  const length = stepOutputs && stepInputs ? Math.min(left.length, right.length) : Math.max(left.length, right.length)
  if (length > limits.connections) throw tooMany(landmark)
  return Array.from({ length }, (_, i): readonly [Port, Port] => [
    (stepOutputs ? left[i] : left[0]) as Port,
    (stepInputs ? right[i] : right[0]) as Port,
  ])
}
