# Makes a Xen host ready, in its Dom0 (enter.sh sources it): Xen's devices, xenstored, xenconsoled, and a libvirtd that answers at
# xen:///system and lxc:///system. Environment: XEN_PROGRAMS.
PATH=$XEN_PROGRAMS:$PATH
fail() {
  echo "Xen host: $*" >&2
  exit 1
}
# Waits for a command to succeed: a minute on an idle machine is for ever.
wait_for() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 1200 ] || fail "in two minutes there was no success of: $*"
    sleep 0.1
  done
}
for module in xen-privcmd xen-evtchn xen-gntdev xen-gntalloc xenfs xen-netback; do
  modprobe $module || fail "the module $module does not load"
done
mount -t xenfs xenfs /proc/xen || fail 'no /proc/xen'
mkdir -p /run/xen /run/xenstored /run/libvirt /var/lib/xen /var/lib/xenstored /var/log/xen /var/lib/libvirt /var/log/libvirt /etc/libvirt
# Nothing that the machine's own libvirt keeps is this host's.
for directory in /var/lib/libvirt /etc/libvirt /var/lib/weft; do
  mkdir -p $directory
  mount -t tmpfs -o mode=755 tmpfs $directory
done
hostname dom0
echo '127.0.0.1 localhost dom0' >/etc/hosts

xenstored --pid-file /run/xen/xenstored.pid || fail 'xenstored does not start'
wait_for xenstore-exists /
xen-init-dom0 >/dev/null || fail 'xen-init-dom0 has failed'
xenconsoled --pid-file=/run/xen/xenconsoled.pid --log=guest --log-dir=/var/log/xen || fail 'xenconsoled does not start'

# As lab/host/init.sh does for virtual hosts: containers need a hierarchy whose root has no processes.
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/init
for process in $(cat /sys/fs/cgroup/cgroup.procs); do echo "$process" >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null; done
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control; done

# Its other drivers would make libvirtd start later, and qemu's probe every emulator.
drivers=/run/weft-drivers
mkdir $drivers
for driver in libxl lxc; do ln -s /usr/lib/*/libvirt/connection-driver/libvirt_driver_$driver.so $drivers; done
# The emulated processor has features that it tells in no combination that libvirt knows: "Cannot find suitable CPU model".
sed -i "/name='sep'/d;/name='vme'/d" /usr/share/libvirt/cpu_map/x86_kvm64.xml
printf '%s\n' 'auth_unix_ro = "none"' 'auth_unix_rw = "none"' 'unix_sock_group = "root"' >/etc/libvirt/libvirtd.conf
echo 'security_driver = "none"' >/etc/libvirt/lxc.conf
(ulimit -n 4096 && LIBVIRT_DRIVER_DIR=$drivers exec libvirtd --daemon) || fail 'libvirtd does not start'
wait_for virsh -c xen:///system version
