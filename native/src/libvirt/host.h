#pragma once

#include <libvirt/libvirt.h>

#include <string>

/** Calls about the host behind a connection. They block, so they are for the threads of a session; each throws Failure.
 */
namespace weft {

/** See native/libvirt.ts. */
struct HostVersion {
  unsigned long library = 0;
  unsigned long hypervisor = 0;
  std::string type;
};

/** See native/libvirt.ts. */
struct NodeInfo {
  unsigned cpus = 0;
  unsigned long memoryKiB = 0;
  std::string model;
};

HostVersion VersionOfHost(virConnectPtr connection);
NodeInfo InfoOfNode(virConnectPtr connection);
std::string CapabilitiesOfHost(virConnectPtr connection);

}  // namespace weft
