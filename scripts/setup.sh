#!/bin/sh
# Makes a Debian machine with Node 20 or newer and root ready for Weft: `sh scripts/setup.sh [GROUP…]`. Groups:
#   run    what `npm start` needs: libvirt for containers, iproute2, ping, openssl, the npm packages, the addons built
#   machines  what virtual machines of QEMU need besides: QEMU, libvirt's driver of it, qemu-img, genisoimage for seeds
#   build  a C++ compiler and libvirt's headers (part of `run` where the addons have to be built)
#   test   what `npm test` runs against besides: Mosquitto, bird, iperf3, tcpdump, and `machines`, also for a kernel host
#   check  what `npm run check` needs besides: clang-format
#   bench  what `npm run bench:forward` compares with: clang, for programs by hand in C
# Says on standard error what it installs, asks nothing, starts no service, and takes a fraction of a second where all is there.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() { echo "set-up: $*" >&2; }
fail() {
  echo "set-up: error: $1" >&2
  [ $# -lt 2 ] || echo "set-up: hint: $2" >&2
  exit 1
}

log=$(mktemp "${TMPDIR:-/tmp}/weft-set-up.XXXXXX")
policy=
finish() {
  status=$?
  [ -z "$policy" ] || rm -f "$policy"
  if [ $status -eq 0 ]; then rm -f "$log"; elif [ -s "$log" ]; then
    tail -n 15 "$log" | sed 's/^/  | /' >&2
    say "all of it is in $log"
  fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- Debian packages: a command or a file that shows that a package is there, and the package -----------------------------------

needs() {
  case $1 in
  run) cat <<END
libvirtd libvirt-daemon
/usr/lib/libvirt/libvirt_lxc libvirt-daemon-driver-lxc
virsh libvirt-clients
ip iproute2
ping iputils-ping
nsenter util-linux
setpriv util-linux
mount mount
openssl openssl
END
  ;;
  build) cat <<END
g++ g++
make make
python3 python3
pkg-config pkg-config
/usr/include/libvirt/libvirt.h libvirt-dev
END
  ;;
  test) cat <<END
mosquitto mosquitto
mosquitto_pub mosquitto-clients
bird bird2
iperf3 iperf3
tcpdump tcpdump
busybox busybox-static
xz xz-utils
END
  ;;
  machines) cat <<END
qemu-system-x86_64 qemu-system-x86
virt-qemu-run libvirt-daemon-driver-qemu
virtlogd libvirt-daemon
qemu-img qemu-utils
genisoimage genisoimage
END
  ;;
  check) echo clang-format clang-format ;;
  bench) cat <<END
clang clang
/usr/include/linux/bpf.h linux-libc-dev
END
  ;;
  *) fail "no group \"$1\"" "run, machines, build, test, check, bench" ;;
  esac
}

have() {
  case $1 in
  /*) [ -e "$1" ] ;;
  *) command -v "$1" >/dev/null ;;
  esac
}

missing() {
  needs "$1" | while read -r what package; do have "$what" || echo "$package"; done | sort -u | tr '\n' ' '
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null
}

install_packages() {
  [ $# -gt 0 ] || return 0
  have apt-get || fail "$* must be installed, and this machine has no apt-get" "Weft sets up Debian and its kin; elsewhere install them by hand"
  [ "$(id -u)" = 0 ] || fail "$* must be installed, which needs root" "once: sudo sh scripts/setup.sh"
  say "installing $* (apt-get)"
  # A service that a package would start is refused by this file; one that is there already stays.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    policy=/usr/sbin/policy-rc.d
    chmod 755 "$policy"
  fi
  apt install --no-install-recommends "$@" || {
    say "reading the lists of packages first (apt-get update)"
    apt update || fail "apt-get update failed" "is there a network, and a mirror in /etc/apt/sources.list?"
    apt install --no-install-recommends "$@" || fail "apt-get could not install $*"
  }
  [ -z "$policy" ] || rm -f "$policy"
  policy=
}

# --- npm packages ---------------------------------------------------------------------------------------------------------------

# Node and npm of the machine: those below node_modules may not be there, and are replaced by what follows.
machine_path() { printf %s "$PATH" | tr : '\n' | grep -v '/node_modules/' | tr '\n' : ; }

check_node() {
  PATH=$(machine_path) command -v node >/dev/null || fail "there is no Node" "Node 20 or newer, of nodejs.org or Debian 13"
  version=$(PATH=$(machine_path) node -p 'process.versions.node')
  [ "${version%%.*}" -ge 20 ] || fail "Node $version is too old" "Node 20 or newer"
}

# npm writes what it installed to node_modules/.package-lock.json: compared with what should be, package by package.
packages_match() {
  [ -e node_modules/.package-lock.json ] && PATH=$(machine_path) node -e '
    const { readFileSync } = require("fs")
    const read = (file) => JSON.parse(readFileSync(file, "utf8")).packages
    const have = read("node_modules/.package-lock.json")
    for (const [path, { version, optional, dev }] of Object.entries(read("package-lock.json"))) {
      if (path === "" || optional || (dev && process.argv[1] === "run")) continue
      if (have[path]?.version !== version) process.exit(1)
    }' "$1"
}

# For `run` without the tools of developers, a quarter of the time, unless they are there.
install_npm_packages() {
  packages_match "$1" 2>/dev/null && return
  omit=
  if [ "$1" = run ] && ! grep -qs '"dev": true' node_modules/.package-lock.json; then omit=--omit=dev; fi
  say "installing the npm packages (npm ci${omit:+ $omit})"
  PATH=$(machine_path) npm ci $omit --loglevel=error >>"$log" 2>&1 </dev/null ||
    fail "npm ci failed" "is there a network, and is the registry reached? (npm ping)"
}

# --- addons ---------------------------------------------------------------------------------------------------------------------

addons() { grep -o "weft_[a-z]*" binding.gyp; }

addons_are_built() {
  for addon in $(addons); do
    built=build/Release/$addon.node
    [ -e "$built" ] && [ -z "$(find binding.gyp native/src -newer "$built" -type f -print | head -n 1)" ] || return 1
  done
}

# Only Node-API is used, which is one for all versions: the headers of any Node will do.
find_node_headers() {
  configured=$(PATH=$(machine_path) npm config get nodedir 2>/dev/null || true)
  case $configured in /*) return 0 ;; esac
  for prefix in "$(dirname "$(dirname "$(readlink -f "$(PATH=$(machine_path) command -v node)")")")" /usr /usr/local "$PWD/build/node-headers/usr"; do
    if [ -e "$prefix/include/node/node_api.h" ] && [ -e "$prefix/include/node/common.gypi" ]; then
      npm_config_nodedir=$prefix
      export npm_config_nodedir
      return 0
    fi
  done
  return 1
}

# Unpacked here, not installed: the package would bring Debian's own, older Node with it.
fetch_node_headers() {
  have apt-get || return 1
  say "fetching Node's headers (apt-get download libnode-dev)"
  mkdir -p build/node-headers
  (cd build/node-headers && { apt download libnode-dev || { apt update && apt download libnode-dev; }; } &&
    dpkg-deb -x libnode-dev_*.deb . && rm libnode-dev_*.deb) >>"$log" 2>&1
}

build_addons() {
  addons_are_built && return
  # shellcheck disable=SC2046 # a list of words
  install_packages $(missing build)
  find_node_headers || { fetch_node_headers && find_node_headers; } ||
    fail "Node's headers are not found" "a Node of nodejs.org or nodesource.com brings them; else: npm config set nodedir DIRECTORY"
  say "building the addons (npm run build:native)"
  npm run --loglevel=error build:native >>"$log" 2>&1 </dev/null || fail "the addons could not be built"
  for addon in $(addons); do
    [ -e "build/Release/$addon.node" ] || fail "the addon $addon was not built"
    # One that was up to date is not written again.
    touch "build/Release/$addon.node"
  done
}

# ---------------------------------------------------------------------------------------------------------------------------------

[ $# -gt 0 ] || set -- run
# One at a time in this folder: two would build into each other's files.
if have flock; then exec 9<package.json && flock 9; fi
packages=
for group in "$@"; do packages="$packages $(missing "$group")"; done
case " $* " in *' test '*) packages="$packages $(missing run) $(missing machines)" ;; esac
check_node
# shellcheck disable=SC2086 # a list of words
install_packages $packages
case " $* " in
*' test '* | *' check '*) install_npm_packages all && build_addons ;;
*' run '* | *' machines '*) install_npm_packages run && build_addons ;;
esac
