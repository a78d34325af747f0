/** Where routers are: which network namespace, where pins and records lie, and what a router may be called. */
import { join } from 'node:path'
import { WeftError } from '../../../proto/errors.ts'
import { layoutVersion, pinName, pinPath } from '../../ebpf/pins.ts'

export interface Places {
  /** Path of the network namespace that routers are made in; the process's own without it. */
  readonly namespace?: string | undefined
  /** Where a bpf file system is mounted, that stays so. */
  readonly bpffs: string
  /** Of the records, a file a router. Two services that share it see the same routers. */
  readonly directory: string
  /** The directory of the pins below the layout's version; 'click' without it. Services with different records need different ones. */
  readonly group?: string | undefined
  /** Whoever keeps these routers makes those anew that a loss of power took, and takes away those that it brought back: nothing waits for the disk. */
  readonly isRemade?: boolean | undefined
  /** Told of each step before it is taken. */
  readonly step?: ((step: string) => void) | undefined
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}$/
/** Bytes of a file's name (NAME_MAX); dots take three of a pin's. */
const longestPin = 255

/** Throws WeftError config.invalid. */
export const checkName = (name: string): void => {
  if (namePattern.test(name) && pinName(name).length <= longestPin) return
  throw new WeftError('config.invalid', `a router cannot be called '${name}'`, {
    hint: 'a letter or digit, then up to 127 letters, digits, and _ . @ -',
  })
}

/** The pins of a router. What a version of another layout left is in another directory. */
export const pinsOf = ({ bpffs, group = 'click' }: Places, name: string, layout = layoutVersion): string =>
  pinPath([group, name], bpffs, layout)

/** Pins of maps and programs of one configuration; those of links are exchanged in place and belong to none. */
export const generationPins = (pins: string, number: number): string => join(pins, `g${number}`)
