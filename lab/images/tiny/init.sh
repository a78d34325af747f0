#!/bin/sh
# First process of the tiny image: file systems, modules, then busybox's init with /etc/inittab.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=linux
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm /run /var/log
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=755 run /run
# What is not there has no device for it, on this hypervisor or that.
while read -r module; do insmod "/lib/modules/$module" 2>/dev/null; done </lib/modules/order
ip link set lo up
hostname tiny
# Packets are forwarded: a node of a network is a router as a rule.
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
echo 4 4 1 7 >/proc/sys/kernel/printk
exec /bin/busybox init
