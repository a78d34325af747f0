/** Where the pins of the agent's routers are. */
import { join } from 'node:path'
import { isBpffs } from '../../ebpf/pins.ts'

const usual = '/sys/fs/bpf'

/**
 * The machine's bpf file system where it has one, as systemd mounts it; else one of the agent's own, to be mounted below its run directory. What
 * was mounted there once stays in use: routers are pinned in it.
 */
export const bpffsOf = (runDir: string): string => {
  const own = join(runDir, 'bpf')
  return isBpffs(usual) && !isBpffs(own) ? usual : own
}
