#!/bin/busybox sh
# First process of an emulated host: the machine's own files with layers over them (the kernel's modules, and more), read-only over 9p,
# below a tmpfs that takes what is written. Then enter.sh, in the directory shared with emulated-host.ts.
export PATH=/bin
fail() {
  echo "emulated host: $*"
  poweroff -f
}
mount -t devtmpfs dev /dev && mount -t proc proc /proc && mount -t sysfs sys /sys || fail 'no /dev, /proc or /sys'
while read -r module; do insmod "/modules/$module" || fail "the module $module does not load"; done </modules/order
options=trans=virtio,version=9p2000.L,msize=524288
mount -t 9p -o "$options,ro,cache=loose" root /root || fail 'no root file system'
lower=
while read -r layer; do
  mount -t 9p -o "$options,ro,cache=loose" "$layer" "/$layer" || fail "no $layer"
  lower=$lower/$layer:
done </layers
mount -t tmpfs -o mode=755 written /written
mkdir /written/upper /written/work
mount -t overlay -o lowerdir=$lower/root,upperdir=/written/upper,workdir=/written/work host /host || fail 'no overlay'
mount --move /dev /host/dev && mount --move /proc /host/proc && mount --move /sys /host/sys || fail 'no /dev, /proc or /sys'
mount -t tmpfs -o mode=755 run /host/run
mkdir /host/run/shared
mount -t 9p -o "$options" shared /host/run/shared || fail 'no shared directory'
exec switch_root /host /usr/bin/busybox sh /run/shared/enter.sh
