/**
 * What brings the interfaces inside a virtual machine to exactly the name, MTU and addresses asked for, as a script for its guest agent:
 * guest-network.ts does the same where the agent can enter a namespace.
 */

export interface GuestInterface {
  readonly index: number
  /** By which the guest's end is found. */
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
 * `find` waits for a device that was plugged in just now, a minute or so: an emulated guest beside others may take long to notice it. Two that swap their names need a third one. An address is added before others are
 * deleted, so that an interface that keeps one is never without; then once more, since without promote_secondaries the kernel drops a subnet's
 * other addresses with its first one. One that is down was never given any. All that are missing are one program's, where that takes several (busybox's
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
    for path in /sys/class/net/*; do
      [ -e "$path/device" ] || continue
      address=
      read -r address 2>/dev/null <"$path/address" || continue
      if [ "$address" = "$1" ]; then device=\${path##*/}; return; fi
    done
    tries=$((tries + 1))
    [ $tries -lt 10 ] || sleep 0.05 2>/dev/null || sleep 1
  done
  fail "there is no interface with the address $1"
}
rename() { ip link set dev "$1" down; ip link set dev "$1" name "$2"; }
aside() { find "$1"; [ "$device" = "$2" ] || rename "$device" "weft.$2"; }
named() { find "$1"; [ "$device" = "$2" ] || rename "$device" "$2"; }
isUp() { read -r flags <"/sys/class/net/$1/flags"; [ $((flags & 1)) = 1 ]; }
raise() {
  read -r size <"/sys/class/net/$1/mtu"
  [ "$size" = "\${2:-$size}" ] || echo "$2" 2>/dev/null >"/sys/class/net/$1/mtu" || ip link set dev "$1" mtu "$2"
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
  there=' '
  if isUp "$1"; then [ -n "$all" ] || look; shown "$1"; fi
  raise "$1" "$2"
  name=$1
  shift 2
  for address; do
    case "$there" in *" $address "*) ;; *) lines="\${lines}addr replace $address dev $name
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

/** Pure: lines. Idempotent when they are run. Their words are numbers, MAC and IP addresses: anything else throws TypeError. */
export const networkScript = (interfaces: readonly GuestInterface[]): readonly string[] => {
  const lines = interfaces.flatMap((one) => {
    const mac = one.mac.toLowerCase()
    const addresses = one.addresses.map(canonical)
    const words = [String(one.index), mac, String(one.mtu), ...addresses]
    if (!words.every((word) => /^[0-9a-f.:/]+$/.test(word))) throw new TypeError(`no address: ${words.join(' ')}`)
    return [
      { step: 0, line: `aside ${mac} ${nameOf(one)}` },
      { step: 1, line: `named ${mac} ${nameOf(one)}` },
      { step: 2, line: ['configure', nameOf(one), one.mtu, ...addresses].join(' ') },
    ]
  })
  const step = (number: number): readonly string[] => lines.filter((one) => one.step === number).map(({ line }) => line)
  const all = ['each() {', ...step(2), ':', '}']
  const rest = ['each', 'add', 'if [ -n "$gone" ]; then remove; each; add; fi']
  return [functions.trimEnd(), 'raise lo', ...step(0), ...step(1), ...all, ...rest]
}
