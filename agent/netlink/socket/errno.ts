/** Names of the kernel's error numbers (errno(3)). */
import { constants } from 'node:os'

/** Numbers with two names, and ENOTSUPP, which the kernel should keep to itself (include/linux/errno.h) and does not. */
const preferred: readonly (readonly [number, string])[] = [
  [constants.errno.EOPNOTSUPP, 'EOPNOTSUPP'],
  [constants.errno.EAGAIN, 'EAGAIN'],
  [524, 'ENOTSUPP'],
]

const names = new Map<number, string>([
  ...Object.entries(constants.errno).map(([name, number]) => [number, name] as const),
  ...preferred,
])

/** For instance 'ENODEV' of 19; 'E999' where it has no name. */
export const errnoName = (errno: number): string => names.get(errno) ?? `E${errno}`
