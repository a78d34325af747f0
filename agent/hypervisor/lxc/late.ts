/**
 * What a container that ran as a pool's is told late: its name and the request's files, written from inside, where links lead nowhere else; its
 * process 1 sees to the command (init.ts).
 */
import { chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { WeftError } from '../../../proto/errors.ts'
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import { runBounded } from '../run-bounded.ts'
import { writeWishes } from './control.ts'
import { enterCommand } from './enter.ts'
import { firstMappedId } from './ids.ts'
import { controlFiles, controlInside, guestPath } from './init.ts'
import { hostsFile } from './root-tree.ts'

/** A loaded machine may take its time. */
const timeoutMs = 120_000

/** A name, then source, path and mode of each file, which is there as a whole or not at all. */
const script = `set -e
hostname "$1"
shift
while [ $# -gt 0 ]; do
  mkdir -p "$(dirname "$2")"
  [ ! -d "$2" ] || { echo "$2 is a directory in the node" >&2; exit 1; }
  umask 077
  cat "$1" >"$2.weft-new"
  chmod "$3" "$2.weft-new"
  mv -f "$2.weft-new" "$2"
  umask 022
  shift 3
done`

export interface RunningContainer {
  /** libvirt's id of the domain: the process id of its controller. */
  readonly controller: number
  /** Process id of its process 1. */
  readonly init: number
}

/** Idempotent. Throws hypervisor.failed with the guest's words where a file cannot be where it shall. */
export const tellLate = async (
  control: string,
  node: SliceNode,
  { controller, init }: RunningContainer,
): Promise<void> => {
  const files = [
    { path: '/etc/hostname', content: `${node.id}\n`, mode: 0o644 },
    { path: '/etc/hosts', content: hostsFile(node.id), mode: 0o644 },
    ...(node.startUp?.files ?? []),
  ]
  const late = join(control, controlFiles.late)
  await writeWishes(control, node)
  await rm(late, { recursive: true, force: true })
  // Others than the guest's root read none of it there.
  await mkdir(late, { mode: 0o700 })
  try {
    await chown(late, firstMappedId, firstMappedId)
    await Promise.all(files.map(({ content }, i) => writeFile(join(late, `${i}`), content, { mode: 0o644 })))
    const words = files.flatMap(({ path, mode }, i) => [
      join(controlInside, controlFiles.late, `${i}`),
      path,
      (mode || 0o644).toString(8),
    ])
    const argv = ['/bin/sh', '-c', script, 'late', node.id, ...words]
    const env = { PATH: guestPath, HOME: '/root' }
    const { exitStatus, stderr } = await runBounded(await enterCommand(controller, init, argv), timeoutMs, env)
    if (exitStatus === 0) return
    const said = Buffer.from(stderr)
      .toString()
      .trim()
      .replace(/\s*\n\s*/g, '; ')
      .slice(0, 500)
    const message = `node ${node.id} cannot be given its name and files: ${said || `exit status ${exitStatus}`}`
    throw new WeftError('hypervisor.failed', message, { object: `node/${node.id}` })
  } finally {
    await rm(late, { recursive: true, force: true })
  }
}
