# Gives an emulated host a libvirtd with the drivers named as arguments, those alone: it starts sooner, and qemu's probes every emulator. What the
# machine's own libvirt keeps is not this host's.
set -e
for directory in /var/lib/libvirt /var/cache/libvirt /etc/libvirt /var/lib/weft; do
  mkdir -p $directory
  mount -t tmpfs -o mode=755 tmpfs $directory
done
mkdir -p /run/libvirt /var/log/libvirt
# As lab/host/init.sh does for virtual hosts: containers need a hierarchy whose root has no processes.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/init
for process in $(cat /sys/fs/cgroup/cgroup.procs); do echo "$process" >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true; done
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control || true; done
modprobe fuse
modprobe veth
drivers=/run/weft-drivers
mkdir $drivers
for driver in "$@"; do ln -s /usr/lib/*/libvirt/connection-driver/libvirt_driver_"$driver".so $drivers; done
# It asks no idle client whether it is there: each answer costs an emulated processor tens of milliseconds, and a socket tells when one ends.
printf '%s\n' 'auth_unix_ro = "none"' 'auth_unix_rw = "none"' 'unix_sock_group = "root"' 'keepalive_interval = -1' >/etc/libvirt/libvirtd.conf
echo 'security_driver = "none"' >/etc/libvirt/lxc.conf
LIBVIRT_DRIVER_DIR=$drivers libvirtd --daemon
