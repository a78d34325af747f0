#include "domain_event.h"

#include "failure.h"

#include <memory>

namespace weft {
namespace {

DomainEvent EventOf(virDomainPtr domain, DomainEvent::Kind kind) {
  char uuid[VIR_UUID_STRING_BUFLEN] = "";
  virDomainGetUUIDString(domain, uuid);
  return {.kind = kind, .name = virDomainGetName(domain), .uuid = uuid, .alias = {}};
}

void Tell(void* listener, const DomainEvent& event) { (*static_cast<DomainListener*>(listener))(event); }

int OnLifecycle(virConnectPtr, virDomainPtr domain, int type, int detail, void* listener) {
  auto event = EventOf(domain, DomainEvent::Kind::lifecycle);
  event.event = type;
  event.detail = detail;
  Tell(listener, event);
  return 0;
}

void OnReboot(virConnectPtr, virDomainPtr domain, void* listener) {
  Tell(listener, EventOf(domain, DomainEvent::Kind::reboot));
}

template <DomainEvent::Kind kind>
void OnDevice(virConnectPtr, virDomainPtr domain, const char* alias, void* listener) {
  auto event = EventOf(domain, kind);
  event.alias = alias;
  Tell(listener, event);
}

/** libvirt casts back to the type that belongs to the event; the step between tells the compiler that this is meant. */
template <typename Function>
virConnectDomainEventGenericCallback Generic(Function* function) {
  return reinterpret_cast<virConnectDomainEventGenericCallback>(reinterpret_cast<void (*)()>(function));
}

struct Registration {
  int event;
  virConnectDomainEventGenericCallback callback;
};

Registration RegistrationOf(DomainEvent::Kind kind) {
  switch (kind) {
    case DomainEvent::Kind::reboot:
      return {VIR_DOMAIN_EVENT_ID_REBOOT, Generic(&OnReboot)};
    case DomainEvent::Kind::deviceRemoved:
      return {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, Generic(&OnDevice<DomainEvent::Kind::deviceRemoved>)};
    case DomainEvent::Kind::deviceAdded:
      return {VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, Generic(&OnDevice<DomainEvent::Kind::deviceAdded>)};
    case DomainEvent::Kind::lifecycle:
      break;
  }
  return {VIR_DOMAIN_EVENT_ID_LIFECYCLE, Generic(&OnLifecycle)};
}

}  // namespace

int RegisterListener(virConnectPtr connection, DomainEvent::Kind kind, const DomainListener& listener) {
  const auto [event, callback] = RegistrationOf(kind);
  auto held = std::make_unique<DomainListener>(listener);
  const int number =
      Check(virConnectDomainEventRegisterAny(connection, nullptr, event, callback, held.get(),
                                             [](void* freed) { delete static_cast<DomainListener*>(freed); }),
            "virConnectDomainEventRegisterAny");
  // libvirt's now, and freed when it calls no more.
  static_cast<void>(held.release());
  return number;
}

}  // namespace weft
