#pragma once

#include <libvirt/libvirt.h>

#include <functional>
#include <string>

namespace weft {

/** What happened to a domain, as libvirt told it: DomainEvent of native/libvirt.ts. */
struct DomainEvent {
  enum class Kind { lifecycle, reboot, deviceRemoved, deviceAdded };

  Kind kind;
  std::string name;
  std::string uuid;
  int event = 0;
  int detail = 0;
  std::string alias;
};

using DomainListener = std::function<void(const DomainEvent&)>;

/**
 * Registers a listener for one kind of event of all domains (virConnectDomainEventRegisterAny); it is called on the
 * thread of libvirt's event loop. Returns libvirt's number of the callback. Throws Failure.
 */
int RegisterListener(virConnectPtr connection, DomainEvent::Kind kind, const DomainListener& listener);

}  // namespace weft
