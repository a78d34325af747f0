#pragma once

#include "../util/fd.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft {

/** What a netlink socket is opened with; see NetlinkOptions in native/netlink.ts. */
struct NetlinkSettings {
  uint32_t protocol = 0;
  std::optional<std::string> network_namespace;
  std::vector<uint32_t> groups;
  uint32_t receiveBufferBytes = 1 << 20;
};

struct NetlinkDescriptor {
  Fd fd;
  uint32_t portId = 0;
};

/** Opens, tunes and binds a socket of AF_NETLINK. Throws SystemError. */
NetlinkDescriptor OpenNetlink(const NetlinkSettings& settings);

/** Joins or leaves a multicast group: `option` is NETLINK_ADD_MEMBERSHIP or NETLINK_DROP_MEMBERSHIP. */
void SetMembership(int fd, int option, uint32_t group);

}  // namespace weft
