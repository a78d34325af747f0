# Makes a Xen host ready, in its Dom0 (enter.sh runs it): Xen's devices, xenstored, xenconsoled, and a libvirtd that answers at
# xen:///system and lxc:///system. Environment: XEN_PROGRAMS, SCRIPTS (this directory).
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
mkdir -p /run/xen /run/xenstored /var/lib/xen /var/lib/xenstored /var/log/xen
hostname dom0
echo '127.0.0.1 localhost dom0' >/etc/hosts

xenstored --pid-file /run/xen/xenstored.pid || fail 'xenstored does not start'
wait_for xenstore-exists /
xen-init-dom0 >/dev/null || fail 'xen-init-dom0 has failed'
xenconsoled --pid-file=/run/xen/xenconsoled.pid --log=guest --log-dir=/var/log/xen || fail 'xenconsoled does not start'

# The emulated processor has features that it tells in no combination that libvirt knows: "Cannot find suitable CPU model".
sed -i "/name='sep'/d;/name='vme'/d" /usr/share/libvirt/cpu_map/x86_kvm64.xml
(ulimit -n 4096 && sh "$SCRIPTS/libvirt.sh" libxl lxc) || fail 'libvirtd does not start'
wait_for virsh -c xen:///system version
