#include "host.h"

#include "failure.h"

#include <cstdlib>
#include <memory>

namespace weft {

HostVersion VersionOfHost(virConnectPtr connection) {
  HostVersion version;
  Check(virConnectGetLibVersion(connection, &version.library), "virConnectGetLibVersion");
  Check(virConnectGetVersion(connection, &version.hypervisor), "virConnectGetVersion");
  version.type = Check(virConnectGetType(connection), "virConnectGetType");
  return version;
}

NodeInfo InfoOfNode(virConnectPtr connection) {
  virNodeInfo info{};
  Check(virNodeGetInfo(connection, &info), "virNodeGetInfo");
  return {.cpus = info.cpus, .memoryKiB = info.memory, .model = info.model};
}

std::string CapabilitiesOfHost(virConnectPtr connection) {
  const std::unique_ptr<char, decltype(&std::free)> xml(
      Check(virConnectGetCapabilities(connection), "virConnectGetCapabilities"), std::free);
  return xml.get();
}

}  // namespace weft
