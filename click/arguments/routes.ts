/** Routes: `ADDR/MASK [GATEWAY] OUTPUT`. */
import { splitWords } from '../language/strings.ts'
import { readIpAddress, readPrefixOrAddress } from './addresses.ts'
import { readInteger } from './numbers.ts'
import { type ArgumentType, refuse } from './types.ts'

export interface Route {
  /** Without the bits outside of the mask. */
  readonly address: number
  readonly mask: number
  /** 0: none, the destination is on the link. */
  readonly gateway: number
  readonly output: number
}

/** undefined: no route. Where the output is optional, as for one to remove, it is -1 if it is left out. */
export const readRoute = (text: string, outputOptional = false): Route | undefined => {
  const words = splitWords(text)
  const prefix = readPrefixOrAddress(words[0] ?? '')
  const gateway = words[1] === '-' ? 0 : readIpAddress(words[1] ?? '')
  const rest = words.slice(gateway === undefined ? 1 : 2)
  const output = outputOptional && rest.length === 0 ? -1 : readInteger(rest[0] ?? '')
  if (!prefix || rest.length > 1 || output === undefined) return undefined
  return {
    address: (prefix.address & prefix.mask) >>> 0,
    mask: prefix.mask,
    gateway: gateway ?? 0,
    output,
  }
}

export const route: ArgumentType<Route> = {
  name: 'ADDR/MASK [GATEWAY] OUTPUT',
  parse: (text) => readRoute(text) ?? refuse("should be 'ADDR/MASK [GATEWAY] OUTPUT'"),
}
