/** Pure: packets that a link loses on purpose, where the kernel does not do it. */
import type { Impairment } from '../../../../proto/generated/weft.v1.ts'
import { drop, type Part } from './part.ts'

const million = 1_000_000

/** Whether it is nothing but loss. */
export const isLoss = ({ lossMillionths, ...rest }: Impairment): boolean =>
  lossMillionths > 0 && Object.values(rest).every((value) => value === 0)

/** A packet that is still to be segmented is lost, or passes, whole. */
export const lossPart = ({ lossMillionths }: Impairment): Part => ({
  lines: [`lossy :: RandomSample(DROP ${lossMillionths / million});`, drop('lossy[1]', 'impairment')],
  input: 'lossy',
  output: 'lossy',
})
