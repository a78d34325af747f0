import { WeftError } from '../../proto/errors.ts'
import type { DeclaredSubstrate, Inventories } from './substrate.ts'

/** Where what is declared and what the agents see disagree: errors substrate.mismatch, object "host/NAME" or "link/ID". */
export const checkSubstrate = (_substrate: DeclaredSubstrate, _inventories: Inventories): readonly WeftError[] => {
  throw new WeftError('internal', 'the substrate is not checked yet')
}
