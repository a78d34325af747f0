/** What a node is given when it has started: its name, the request's files, and at last its command. */
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import type { GuestAgent } from './agent.ts'
import { runScript } from './exec.ts'

/** Where the command's words go, as in containers. */
export const startUpLog = '/var/log/start-up.log'

/** The line of a name that it had before goes: that of a pool's node. */
const setHostname = `set -e
before=$(hostname)
[ "$before" = "$1" ] || sed -i "/^127\\.0\\.1\\.1[[:space:]]*$before$/d" /etc/hosts 2>/dev/null || :
hostname "$1"
echo "$1" >/etc/hostname
grep -q "[[:space:]]$1\\$" /etc/hosts 2>/dev/null || echo "127.0.1.1 $1" >>/etc/hosts`

/** A file is there as a whole or not at all. */
const writeFile = `set -e
mkdir -p "$(dirname "$1")"
[ ! -d "$1" ] || { echo "$1 is a directory in the node" >&2; exit 1; }
umask 077
cat >"$1.weft-new"
chmod "$2" "$1.weft-new"
mv -f "$1.weft-new" "$1"`

/** Once a boot: /run is empty after each. */
const runCommand = `set -e
mkdir -p /run/weft
mkdir /run/weft/started 2>/dev/null || exit 0
cat >/run/weft/start-up
mkdir -p "$(dirname ${startUpLog})"
{ setsid /bin/sh /run/weft/start-up </dev/null >${startUpLog} 2>&1 || echo "start-up: exit status $?" >>${startUpLog}; } </dev/null >/dev/null 2>&1 &`

export const prepareGuest = async (agent: GuestAgent, { id, startUp }: SliceNode): Promise<void> => {
  await runScript(agent, 'its name', setHostname, [id])
  for (const { path, content, mode } of startUp?.files ?? []) {
    const octal = (mode || 0o644).toString(8)
    await runScript(agent, `the file ${path}`, writeFile, [path, octal], Buffer.from(content))
  }
}

export const releaseCommand = async (agent: GuestAgent, { startUp }: SliceNode): Promise<void> => {
  if (!startUp?.command) return
  await runScript(agent, 'its start-up command', runCommand, [], Buffer.from(`${startUp.command}\n`))
}
