#include "descriptor.h"

#include "../util/network_namespace.h"
#include "../util/system_error.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <string>

namespace weft {
namespace {

/** Turns on an option of netlink(7) where the kernel knows it. */
void Enable(int fd, int option) {
  const int on = 1;
  if (setsockopt(fd, SOL_NETLINK, option, &on, sizeof on) < 0 && errno != ENOPROTOOPT) {
    throw SystemError(errno, "setsockopt");
  }
}

void SetReceiveBuffer(int fd, uint32_t bytes) {
  const int size = static_cast<int>(bytes);
  // Beyond net.core.rmem_max where the process may; in a user namespace it may not, and takes what it gets.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0) return;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) < 0) throw SystemError(errno, "setsockopt");
}

/** Lets the kernel choose the port id: several sockets of a process never share one. */
uint32_t Bind(int fd) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, length) < 0) throw SystemError(errno, "bind");
  if (getsockname(fd, generic, &length) < 0) throw SystemError(errno, "getsockname");
  return address.nl_pid;
}

Fd OpenSocket(const NetlinkSettings& settings) {
  Fd fd;
  InNetworkNamespace(settings.network_namespace, [&] {
    fd = Fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, static_cast<int>(settings.protocol)));
    if (!fd) throw SystemError(errno, "socket");
  });
  return fd;
}

}  // namespace

void SetMembership(int fd, int option, uint32_t group) {
  const int number = static_cast<int>(group);
  if (setsockopt(fd, SOL_NETLINK, option, &number, sizeof number) < 0) {
    throw SystemError(errno, "setsockopt", "group " + std::to_string(group));
  }
}

NetlinkDescriptor OpenNetlink(const NetlinkSettings& settings) {
  NetlinkDescriptor opened{OpenSocket(settings)};
  const int fd = opened.fd.get();
  Enable(fd, NETLINK_EXT_ACK);
  Enable(fd, NETLINK_CAP_ACK);
  Enable(fd, NETLINK_GET_STRICT_CHK);
  SetReceiveBuffer(fd, settings.receiveBufferBytes);
  opened.portId = Bind(fd);
  for (const auto group : settings.groups) SetMembership(fd, NETLINK_ADD_MEMBERSHIP, group);
  return opened;
}

}  // namespace weft
