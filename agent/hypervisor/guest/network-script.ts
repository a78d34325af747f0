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
 * `find` waits for a device that was plugged in just now. Two that swap their names need a third one. An address is added before others are
 * deleted, so that an interface that keeps one is never without; then once more, since without promote_secondaries the kernel drops a subnet's
 * other addresses with its first one.
 */
const functions = `set -e
fail() { echo "$*" >&2; exit 1; }
find() {
  tries=0
  while [ $tries -lt 200 ]; do
    for path in /sys/class/net/*; do
      if [ -e "$path/device" ] && [ "$(cat "$path/address")" = "$1" ]; then device=\${path##*/}; return; fi
    done
    tries=$((tries + 1))
    sleep 0.05 2>/dev/null || sleep 1
  done
  fail "there is no interface with the address $1"
}
rename() { ip link set dev "$1" down; ip link set dev "$1" name "$2"; }
aside() { find "$1"; [ "$device" = "$2" ] || rename "$device" "weft.$2"; }
named() { find "$1"; [ "$device" = "$2" ] || rename "$device" "$2"; }
shown() { ip -o addr show dev "$1" | while read -r _ _ family address rest; do
    case "$family $rest" in
    'inet6 '*'scope link'*) ;;
    inet*) echo "$address" ;;
    esac
  done; }
configure() {
  device=$1 mtu=$2
  shift 2
  ip link set dev "$device" mtu "$mtu" up
  for address; do ip addr replace "$address" dev "$device"; done
  for there in $(shown "$device"); do
    case " $* " in *" $there "*) ;; *) ip addr del "$there" dev "$device" ;; esac
  done
  for address; do ip addr replace "$address" dev "$device"; done
}
`

const nameOf = ({ index }: GuestInterface): string => `eth${index}`

/** Pure. Idempotent when it is run. Its words are numbers, MAC and IP addresses: anything else throws TypeError. */
export const networkScript = (interfaces: readonly GuestInterface[]): string => {
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
  const inOrder = [0, 1, 2].flatMap((step) => lines.filter((one) => one.step === step).map(({ line }) => line))
  return [functions.trimEnd(), 'ip link set dev lo up', ...inOrder, ''].join('\n')
}
