/**
 * What brings the interfaces inside a virtual machine to exactly the name, MAC, MTU and addresses asked for, as a script for its guest agent:
 * guest-network.ts does the same where the agent can enter a namespace.
 */

export interface GuestInterface {
  readonly index: number
  /** MAC of the device: what the guest's end has when the guest boots. */
  readonly plugged: string
  /** What it shall have. */
  readonly mac: string
  readonly mtu: number
  /** CIDR. */
  readonly addresses: readonly string[]
}

/** One form for each address, that of the kernel: IPv6 has many ways to write one. */
const canonical = (cidr: string): string => {
  const [address = '', length = ''] = cidr.split('/')
  const host = address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address
  return `${host}/${length}`
}

/**
 * `find NAME PLUGGED ASKED` takes what has the name already, else what has the MAC that it was plugged in with, else what has the one asked for.
 * What has the name and a MAC that is no other's was given that one earlier; another's MAC is looked for under its own name. It waits for a device
 * that was plugged in just now, a minute or so: an emulated guest beside others may take long to notice it. Two that swap their names need a third
 * one. Of an interface that is up a MAC changes while it is down for a moment: some drivers refuse else. An address is added before others are
 * deleted, so that an interface that keeps one is never without; then once more, since without promote_secondaries the kernel drops a subnet's other
 * addresses with its first one. One that is down was never given any. All that are missing are one program's, where that takes several (busybox's
 * does not, and says so before it does anything).
 *
 * As few programs as can be: in a guest whose processor is emulated each takes a tenth of a second. So what the kernel takes by sysfs is written there
 * (Documentation/ABI/testing/sysfs-class-net), and none is started for what is right already.
 */
const functions = `all= lines= gone=
fail() { echo "$*" >&2; exit 1; }
find() {
  tries=0
  while [ $tries -lt 1000 ]; do
    own= plugged= asked=
    for path in /sys/class/net/*; do
      [ -e "$path/device" ] || continue
      address=
      read -r address 2>/dev/null <"$path/address" || continue
      case $address in
      "$2") plugged=\${path##*/} ;;
      "$3") asked=\${path##*/} ;;
      *) case "$macs" in *" $address "*) continue ;; esac ;;
      esac
      [ "\${path##*/}" != "$1" ] || own=$1
    done
    device=\${own:-\${plugged:-$asked}}
    [ -z "$device" ] || return 0
    tries=$((tries + 1))
    [ $tries -lt 10 ] || sleep 0.05 2>/dev/null || sleep 1
  done
  fail "there is no interface with the address $2"
}
rename() { ip link set dev "$1" down; ip link set dev "$1" name "$2"; }
aside() { find "$@"; [ "$device" = "$1" ] || rename "$device" "weft.$1"; }
named() { find "$@"; [ "$device" = "$1" ] || rename "$device" "$1"; }
isUp() { read -r flags <"/sys/class/net/$1/flags"; [ $((flags & 1)) = 1 ]; }
size() {
  read -r size <"/sys/class/net/$1/mtu"
  [ "$size" = "\${2:-$size}" ] || echo "$2" 2>/dev/null >"/sys/class/net/$1/mtu" || ip link set dev "$1" mtu "$2"
}
raise() {
  isUp "$1" || echo $((flags | 1)) 2>/dev/null >"/sys/class/net/$1/flags" || ip link set dev "$1" up
}
look() { all=$(ip -o addr show); }
shown() {
  there=' '
  while read -r _ of family address rest; do
    [ "$of" = "$1" ] || continue
    case "$family $rest" in
    'inet6 '*'scope link'*) ;;
    inet*) there="$there$address " ;;
    esac
  done <<END
$all
END
}
configure() {
  there=' ' down=''
  if isUp "$1"; then [ -n "$all" ] || look; shown "$1"; down="link set dev $1 down
"; fi
  kept=$there
  size "$1" "$3"
  read -r address <"/sys/class/net/$1/address"
  if [ "$address" = "$2" ]; then raise "$1"; else
    kept=' '
    lines="$lines\${down}link set dev $1 address $2
link set dev $1 up
"
  fi
  name=$1
  shift 3
  for address; do
    case "$kept" in *" $address "*) ;; *) lines="\${lines}addr replace $address dev $name
" ;; esac
  done
  for address in $there; do
    case " $* " in *" $address "*) ;; *) gone="\${gone}addr del $address dev $name
" ;; esac
  done
}
one_by_one() {
  while read -r words; do [ -z "$words" ] || ip $words; done <<END
$1
END
}
add() {
  if [ -n "$lines" ] && ! ip -batch - 2>/dev/null <<END
$lines
END
  then one_by_one "$lines"; fi
  lines=
}
remove() { one_by_one "$gone"; all= gone=; }
`

const nameOf = ({ index }: GuestInterface): string => `eth${index}`

interface Line {
  readonly name: string
  readonly plugged: string
  readonly mac: string
  readonly rest: readonly string[]
}

const linesOf = (interfaces: readonly GuestInterface[]): readonly Line[] =>
  interfaces.map((one) => {
    const [plugged, mac] = [one.plugged.toLowerCase(), one.mac.toLowerCase()]
    const rest = [String(one.mtu), ...one.addresses.map(canonical)]
    const words = [String(one.index), plugged, mac, ...rest]
    if (!words.every((word) => /^[0-9a-f.:/]+$/.test(word))) throw new TypeError(`no address: ${words.join(' ')}`)
    return { name: nameOf(one), plugged, mac, rest }
  })

const naming = (lines: readonly Line[]): readonly string[] => {
  const macs = new Set(lines.flatMap(({ plugged, mac }) => [plugged, mac]))
  const step = (call: string) => lines.map(({ name, plugged, mac }) => `${call} ${name} ${plugged} ${mac}`)
  return [functions.trimEnd(), `macs=' ${[...macs].join(' ')} '`, 'raise lo', ...step('aside'), ...step('named')]
}

/** Pure: lines that give them their names and leave them as they are else. Idempotent when they are run; throws as networkScript does. */
export const namesScript = (interfaces: readonly GuestInterface[]): readonly string[] => naming(linesOf(interfaces))

/** Pure: lines. Idempotent when they are run. Their words are numbers, MAC and IP addresses: anything else throws TypeError. */
export const networkScript = (interfaces: readonly GuestInterface[]): readonly string[] => {
  const lines = linesOf(interfaces)
  const all = lines.map(({ name, mac, rest }) => ['configure', name, mac, ...rest].join(' '))
  const rest = ['each', 'add', 'if [ -n "$gone" ]; then remove; each; add; fi']
  return [...naming(lines), 'each() {', ...all, ':', '}', ...rest]
}
