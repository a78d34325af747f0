#!/bin/sh
# Process 1 of a virtual host, started by hold.ts inside new network, mount, UTS, cgroup and process namespaces. It gives the host
# directories of its own in place of the machine's, then keeps its libvirtd running as a service manager would, and reaps orphans
# (the controllers of containers are some). Killing it ends every process of the host at once, containers included.
#
# Environment: HOST_NAME, HOST_DIR (state), LOG_DIR, CGROUPS (lines "directory type options", to be mounted below /sys/fs/cgroup),
# LIBVIRTD (empty: none), VIRTLOGD (empty: none), LIBVIRT_DRIVER_DIR.
set -eu

# /proc is the machine's still, so this is our process id as the machine sees it.
read -r pid _ </proc/self/stat

hostname "$HOST_NAME"
mount -t proc proc /proc
# A host boots by itself: its boot id is another one than the machine's, after each start. (systemd-nspawn(1) does the same.)
mount --bind "$HOST_DIR/boot-id" /proc/sys/kernel/random/boot_id
umount -l -R /sys
mount -t sysfs sysfs /sys
mount -t bpf bpf /sys/fs/bpf

# The namespace makes the host's own group the root of each hierarchy: what libvirt makes there (machine/…) meets no other host's.
# With cgroup v1, v2 must be out of sight: libvirt's LXC driver starts no container where it sees both.
case $CGROUPS in
'. '*)
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir /sys/fs/cgroup/init
  echo 1 >/sys/fs/cgroup/init/cgroup.procs
  ;;
*)
  mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
  echo "$CGROUPS" | while read -r directory type options; do
    mkdir "/sys/fs/cgroup/$directory"
    mount -t "$type" -o "$options" "$type" "/sys/fs/cgroup/$directory"
  done
  ;;
esac

bind() { mount --bind "$HOST_DIR/$1" "$2"; }
bind hosts /etc/hosts
# Those that libvirt wants and the machine lacks.
for accounts in passwd group; do [ ! -e "$HOST_DIR/$accounts" ] || bind "$accounts" "/etc/$accounts"; done
bind etc /etc/libvirt
bind lib /var/lib/libvirt
bind cache /var/cache/libvirt
bind weft /var/lib/weft
mount --bind "$LOG_DIR/libvirt" /var/log/libvirt
bind run /run
# A container with users of its own may mount a /proc only where it sees one that nothing is mounted over.
mkdir /run/proc
mount -t proc proc /run/proc

set_sysctl() { [ ! -e "/proc/sys/$1" ] || echo "$2" >"/proc/sys/$1"; }
for table in iptables ip6tables arptables; do set_sysctl "net/bridge/bridge-nf-call-$table" 0; done
for scope in all default; do
  set_sysctl "net/ipv6/conf/$scope/disable_ipv6" 1
  set_sysctl "net/ipv4/conf/$scope/rp_filter" 0
done
ip link set lo up

echo "$pid"
# Whoever waits for us outside leaves the group meanwhile: version 2 gives controllers to groups below one without processes only.
read -r _
exec </dev/null >>"$LOG_DIR/init.log" 2>&1
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true
  done
fi

# Without --daemon they are children of this shell, whose wait reaps whatever else became its child.
[ -z "$VIRTLOGD" ] || "$VIRTLOGD" --pid-file /run/virtlogd.pid &
if [ -z "$LIBVIRTD" ]; then
  while :; do sleep infinity; done
fi
while :; do
  "$LIBVIRTD" --pid-file /run/libvirtd.pid &
  wait $! || echo "libvirtd ended with status $?; it is started again"
  sleep 0.2
done
