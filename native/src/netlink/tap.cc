#include "tap.h"

#include "../util/fd.h"
#include "../util/network_namespace.h"
#include "../util/system_error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <algorithm>

namespace weft {
namespace {

/** The device belongs to the namespace of the thread that opens it. */
void CreateTapHere(const std::string& name, bool vnetHeader) {
  const char* device = "/dev/net/tun";
  const Fd tun(open(device, O_RDWR | O_CLOEXEC));
  if (!tun) throw SystemError(errno, "open", device);
  ifreq request{};
  std::copy(name.begin(), name.end(), request.ifr_name);
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | (vnetHeader ? IFF_VNET_HDR : 0));
  if (ioctl(tun.get(), TUNSETIFF, &request) < 0) throw SystemError(errno, "ioctl", name);
  // Until here it would go with the descriptor.
  if (ioctl(tun.get(), TUNSETPERSIST, 1) < 0) throw SystemError(errno, "ioctl", name);
}

}  // namespace

void CreateTap(const TapSettings& settings) {
  const auto& name = settings.name;
  // The kernel would take an empty name or one with a % as a pattern, and cut a long one.
  if (name.empty() || name.size() >= IFNAMSIZ || name.find('%') != std::string::npos) {
    throw SystemError(EINVAL, "ioctl", name);
  }
  InNetworkNamespace(settings.network_namespace, [&] { CreateTapHere(name, settings.vnetHeader); });
}

}  // namespace weft
