#pragma once

#include <optional>
#include <string>

namespace weft {

struct TapSettings {
  std::string name;
  std::optional<std::string> network_namespace;
  /** Frames carry a virtio_net header (IFF_VNET_HDR), as QEMU likes them. */
  bool vnetHeader = false;
};

/** Makes a persistent tap, or leaves the one that there is (`ip tuntap add mode tap`). Throws SystemError. */
void CreateTap(const TapSettings& settings);

}  // namespace weft
