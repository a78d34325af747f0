/** Pure: the operator's own Click at an interface (SliceInterface.click), as a part of its vif's router behind the guards. */
import type { SliceInterface } from '../../../../proto/generated/weft.v1.ts'
import type { Part } from './part.ts'

/** undefined: there is none. */
export const ownPart = (_own: SliceInterface): Part | undefined => undefined
