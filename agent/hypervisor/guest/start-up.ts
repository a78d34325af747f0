/** Parts of the script that tells a guest what it is: its name, the request's files, and at last its command. Few programs are started: a guest may be slow. */
import type { SliceNode } from '../../../proto/generated/weft.v1.ts'
import { printed, quoted } from './shell.ts'

/** Where the command's words go, as in containers. */
export const startUpLog = '/var/log/start-up.log'

/** The line of a name that it had before goes: that of a pool's node. */
const nameFunctions = `is_named() { case $line in *[[:space:]]"$1") return 0 ;; esac; return 1; }
called() {
  before=
  read -r before </proc/sys/kernel/hostname || :
  echo "$1" 2>/dev/null >/proc/sys/kernel/hostname || hostname "$1"
  echo "$1" >/etc/hostname
  kept='' named='' changed=''
  if [ -r /etc/hosts ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      if [ "$before" != "$1" ] && [ "$line" = "127.0.1.1 $before" ]; then changed=yes; continue; fi
      if is_named "$1"; then named=yes; fi
      kept="$kept$line
"
    done </etc/hosts
  fi
  if [ -z "$named" ]; then kept="\${kept}127.0.1.1 $1
" changed=yes; fi
  if [ -n "$changed" ]; then printf '%s' "$kept" >/etc/hosts; fi
}
`

/** A file is there as a whole or not at all. */
const fileFunctions = `place() {
  [ -d "\${1%/*}/" ] || mkdir -p "\${1%/*}/"
  if [ -d "$1" ]; then echo "$1 is a directory in the node" >&2; exit 1; fi
  umask 077
  content >"$1.weft-new"
  chmod "$2" "$1.weft-new"
  mv -f "$1.weft-new" "$1"
  umask 022
}
`

/** Pure: who it is, and what it starts with. */
export const identityScript = ({ id, startUp }: SliceNode): readonly string[] => {
  const files = (startUp?.files ?? []).flatMap(({ path, content, mode }) => [
    `part=${quoted(`the file ${path}`)}`,
    `content() { ${printed(Buffer.from(content))}; }`,
    `place ${quoted(path)} ${(mode || 0o644).toString(8)}`,
  ])
  return [
    "part='its name'",
    nameFunctions.trimEnd(),
    `called ${quoted(id)}`,
    ...(files.length > 0 ? [fileFunctions.trimEnd()] : []),
    ...files,
  ]
}

/** Pure: once a boot, since /run is empty after each. */
export const commandScript = ({ startUp }: SliceNode): readonly string[] => {
  if (!startUp?.command) return []
  return [
    "part='its start-up command'",
    '[ -d /run/weft ] || mkdir -p /run/weft',
    'set -C',
    'if true 2>/dev/null >/run/weft/started; then',
    'set +C',
    `${printed(Buffer.from(`${startUp.command}\n`))} >/run/weft/start-up`,
    `[ -d /var/log ] || mkdir -p /var/log`,
    `{ setsid /bin/sh /run/weft/start-up </dev/null >${startUpLog} 2>&1 || echo "start-up: exit status $?" >>${startUpLog}; } </dev/null >/dev/null 2>&1 &`,
    'fi',
  ]
}
