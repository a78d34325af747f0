#!/bin/sh
# Process 1 of a switch or a fabric: a network namespace that forwards, and nothing else.
set -eu
# /proc is the machine's still, so this is our process id as the machine sees it; /proc/sys/net follows our own namespace.
read -r pid _ </proc/self/stat
set_sysctl() { [ ! -e "/proc/sys/$1" ] || echo "$2" >"/proc/sys/$1"; }
for table in iptables ip6tables arptables; do set_sysctl "net/bridge/bridge-nf-call-$table" 0; done
for scope in all default; do
  set_sysctl "net/ipv6/conf/$scope/disable_ipv6" 1
  set_sysctl "net/ipv4/conf/$scope/rp_filter" 0
done
set_sysctl net/ipv4/ip_forward 1
ip link set lo up
echo "$pid"
exec </dev/null >/dev/null
exec sleep infinity
