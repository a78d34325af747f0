import { WeftError } from '../../proto/errors.ts'
import type { Embed } from './mapping.ts'

export const embed: Embed = () => {
  throw new WeftError('internal', 'the mapping is not written yet')
}
