/**
 * What libxl calls for each vif (xl-network-configuration(5)): it gives the interface its name and tells the backend to go on. What it is
 * joined to is the agent's.
 */
import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Environment: vif (its name by libxl), XENBUS_PATH (of its backend in xenstore). */
export const vifScript = `#!/bin/sh
# Written by weft agent, which joins the interface to its links itself.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ "$1" = online ] || exit 0
name=$(xenstore-read "$XENBUS_PATH/vifname" 2>/dev/null) || name=$vif
if [ "$name" != "$vif" ] && ! { ip link set dev "$vif" down && ip link set dev "$vif" name "$name"; }; then
  xenstore-write "$XENBUS_PATH/hotplug-error" "$vif cannot be named $name" "$XENBUS_PATH/hotplug-status" error
  exit 1
fi
xenstore-write "$XENBUS_PATH/hotplug-status" connected
`

/** Idempotent. A guest that starts meanwhile finds the old or the new one, whole. */
export const writeVifScript = async (path: string): Promise<void> => {
  const there = await readFile(path, 'utf8').catch(() => '')
  if (there === vifScript) return
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  // Of this call alone: several guests start at once.
  const unfinished = `${path}.${randomUUID()}`
  await writeFile(unfinished, vifScript)
  await chmod(unfinished, 0o755)
  await rename(unfinished, path)
}
