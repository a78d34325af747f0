/**
 * Pins: names of maps, programs and links in a bpf file system, which keep them without a process. Below a root there is a directory
 * for the version of the layout (`/sys/fs/bpf/weft/v1/…`): what an incompatible version left is not taken for ours.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { BpfDescriptor } from '../../native/bpf.ts'
import { attribute } from './attribute.ts'
import { callBpf, command, openBpf, unlessAbsent } from './kernel.ts'
import { adoptLink, adoptLinkLater, type BpfLink, type FoundLink } from './link.ts'
import { adoptMap, type BpfMap, type MapOptions } from './map.ts'
import { adoptProgram, type BpfProgram } from './program.ts'

/** Of names, of the layout of maps' values, of what programs expect of each other: any of them changed, one more. */
export const layoutVersion = 1

const defaultRoot = '/sys/fs/bpf'

/** A directory's name of anything: the file system keeps dots for itself (EPERM), `vif1.0` becomes `vif1%2e0`. */
export const pinName = (name: string): string =>
  name.replaceAll(/[%./\0]/g, (letter) => `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** Back from `pinName`. */
export const namePinned = (pin: string): string =>
  pin.replaceAll(/%([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))

/** The path of a pin: `pinPath(['alice.shop', 'vif1.0', 'ingress'])` is /sys/fs/bpf/weft/v1/alice%2eshop/vif1%2e0/ingress. */
export const pinPath = (names: readonly string[], root = defaultRoot, version = layoutVersion): string =>
  join(root, 'weft', `v${version}`, ...names.map(pinName))

/** BPF_FS_MAGIC, linux/magic.h. */
const fileSystemType = 0xcafe4a11

/** Whether a bpf file system is at a path. */
export const isBpffs = (path: string): boolean => {
  try {
    return statfsSync(path).type === fileSystemType
  } catch {
    return false
  }
}

/** `mount -t bpf bpf PATH` where none is there yet. Rejects with what mount(8) says. */
export const mountBpffs = async (path = defaultRoot): Promise<void> => {
  if (isBpffs(path)) return
  await promisify(execFile)('mount', ['-t', 'bpf', 'bpf', path])
}

/**
 * Pins an object, with the directories above it; in place of what was pinned there, with no moment without a pin.
 * Throws BpfError: EINVAL where the path is in no bpf file system, EPERM for a name with a dot.
 */
export const pin = ({ descriptor }: { readonly descriptor: BpfDescriptor }, path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // A process that was killed between pinning and renaming left such a name: whoever pins next takes it over.
  const fresh = `${path}~`
  rmSync(fresh, { force: true })
  const layout = attribute(16).pointer(0, cString(fresh)).descriptor(8, descriptor)
  callBpf(command.pin, { attribute: layout, operation: 'pin', subject: path })
  renameSync(fresh, path)
}

/** Takes the name away, and with it the object where nothing else holds it; a directory with all that is below. Harmless where there is none. */
export const unpin = (path: string): void => rmSync(path, { recursive: true, force: true })

const cString = (text: string): Buffer => Buffer.from(`${text}\0`)

const open = (path: string): BpfDescriptor | undefined => {
  const layout = attribute(16).pointer(0, cString(path))
  return unlessAbsent(() => openBpf(command.get, { attribute: layout, operation: 'pin get', subject: path }))
}

/** What is pinned there; undefined where nothing is. Throw BpfError where it is something else. */
export const pinnedMap = (path: string, options: MapOptions = {}): BpfMap | undefined => {
  const descriptor = open(path)
  return descriptor && adoptMap(descriptor, path, options)
}
export const pinnedProgram = (path: string): BpfProgram | undefined => {
  const descriptor = open(path)
  return descriptor && adoptProgram(descriptor, path)
}
export const pinnedLink = (path: string): BpfLink | undefined => {
  const descriptor = open(path)
  return descriptor && adoptLink(descriptor, path)
}

/** As pinnedLink, while the process goes on: of a link the kernel tells only once it has its lock on interfaces. */
export const pinnedLinkLater = async (path: string): Promise<FoundLink | undefined> => {
  const descriptor = open(path)
  return descriptor && adoptLinkLater(descriptor, path)
}

/** Names below a directory of pins, as they were before `pinName`; none where there is no such directory. */
export const listPins = (path: string): readonly string[] => {
  try {
    return readdirSync(path)
      .filter((name) => !name.endsWith('~'))
      .map(namePinned)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
