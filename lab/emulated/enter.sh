# Second half of an emulated host's start, on its root file system: makes it ready (prepare.sh, if there is one), runs the command of the
# shared directory, and ends the machine.
shared=/run/shared
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t debugfs debug /sys/kernel/debug
mount -t bpf bpf /sys/fs/bpf
# What the kernel calls for `ip link add … type vlan`; the machine may have none.
ln -sf /usr/bin/busybox /usr/local/sbin/modprobe
echo /usr/local/sbin/modprobe >/proc/sys/kernel/modprobe
modprobe tun
ip link set lo up
. "$shared/environment.sh"
if [ ! -e "$shared/prepare.sh" ] || /bin/sh "$shared/prepare.sh" </dev/null 2>"$shared/stderr"; then
  /bin/sh "$shared/command.sh" </dev/null >"$shared/stdout" 2>"$shared/stderr"
  echo $? >"$shared/status"
fi
/usr/bin/busybox poweroff -f
