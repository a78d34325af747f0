#include "../util/arguments.h"
#include "connection.h"
#include "domain.h"
#include "host.h"
#include "promised.h"
#include "values.h"

#include <libvirt/libvirt.h>

#include <string>

/** The calls of a connection: each reads its arguments, runs on a thread of the session, and promises the result. */
namespace weft {
namespace {

unsigned ToFlags(Napi::Value value) { return Optional(ToUnsigned, value, "flags", 0u, largestUnsigned).value_or(0); }

}  // namespace

Napi::Value Connection::Version(const Napi::CallbackInfo& info) {
  constexpr auto operation = "virConnectGetVersion";
  return Run(info.Env(), operation, [](Session& session) {
    return Attempt(
        operation, [&] { return VersionOfHost(session.Take()); }, VersionValue);
  });
}

Napi::Value Connection::Capabilities(const Napi::CallbackInfo& info) {
  constexpr auto operation = "virConnectGetCapabilities";
  return Run(info.Env(), operation, [](Session& session) {
    return Attempt(
        operation, [&] { return CapabilitiesOfHost(session.Take()); }, TextValue);
  });
}

Napi::Value Connection::GetNodeInfo(const Napi::CallbackInfo& info) {
  constexpr auto operation = "virNodeGetInfo";
  return Run(info.Env(), operation, [](Session& session) {
    return Attempt(
        operation, [&] { return InfoOfNode(session.Take()); }, NodeInfoValue);
  });
}

Napi::Value Connection::List(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virConnectListAllDomains";
    const auto uri = Optional(ToText, info[0], "metadataUri");
    return Run(info.Env(), operation, [uri](Session& session) {
      return Attempt(
          operation, [&] { return ListDomains(session.Take(), uri); }, ListValue);
    });
  });
}

Napi::Value Connection::DefineXml(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainDefineXMLFlags";
    const auto xml = ToText(info[0], "xml");
    return Run(info.Env(), operation, [xml](Session& session) {
      return Attempt(
          operation, [&] { return DefineDomain(session.Take(), xml); }, SummaryValue);
    });
  });
}

Napi::Value Connection::LookupByName(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainLookupByName";
    const auto name = ToText(info[0], "name");
    return Run(info.Env(), operation, [name](Session& session) {
      return Attempt(
          operation, [&] { return FindDomainByName(session.Take(), name); }, SummaryValue);
    });
  });
}

Napi::Value Connection::Change(const Napi::CallbackInfo& info, const char* operation,
                               int (*function)(virDomainPtr, unsigned)) {
  return Promised(info, [&] {
    const auto uuid = ToText(info[0], "uuid");
    const auto flags = ToFlags(info[1]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(operation, [&] {
        const auto line = session.Take();
        const auto domain = FindDomain(line, uuid);
        Check(function(domain.get(), flags), operation);
      });
    });
  });
}

Napi::Value Connection::Start(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainCreateWithFlags", virDomainCreateWithFlags);
}

Napi::Value Connection::Destroy(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainDestroyFlags", virDomainDestroyFlags);
}

Napi::Value Connection::Shutdown(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainShutdownFlags", virDomainShutdownFlags);
}

Napi::Value Connection::Undefine(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainUndefineFlags", virDomainUndefineFlags);
}

Napi::Value Connection::Suspend(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainSuspend", [](virDomainPtr domain, unsigned) { return virDomainSuspend(domain); });
}

Napi::Value Connection::Resume(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainResume", [](virDomainPtr domain, unsigned) { return virDomainResume(domain); });
}

Napi::Value Connection::Info(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainGetInfo";
    const auto uuid = ToText(info[0], "uuid");
    return Run(info.Env(), operation, [uuid](Session& session) {
      return Attempt(
          operation, [&] { return InfoOfDomain(FindDomain(session.Take(), uuid).get()); }, InfoValue);
    });
  });
}

Napi::Value Connection::Xml(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainGetXMLDesc";
    const auto uuid = ToText(info[0], "uuid");
    const auto flags = ToFlags(info[1]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(
          operation, [&] { return XmlOfDomain(FindDomain(session.Take(), uuid).get(), flags); }, TextValue);
    });
  });
}

Napi::Value Connection::Metadata(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainGetMetadata";
    const auto uuid = ToText(info[0], "uuid");
    const auto uri = ToText(info[1], "uri");
    const auto flags = ToFlags(info[2]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(
          operation, [&] { return MetadataOfDomain(FindDomain(session.Take(), uuid).get(), uri, flags); }, TextValue);
    });
  });
}

Napi::Value Connection::SetMetadata(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainSetMetadata";
    const auto uuid = ToText(info[0], "uuid");
    const auto xml = ToText(info[1], "xml");
    const auto key = ToText(info[2], "key");
    const auto uri = ToText(info[3], "uri");
    const auto flags = ToFlags(info[4]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(operation, [&] {
        const auto line = session.Take();
        const auto domain = FindDomain(line, uuid);
        Check(virDomainSetMetadata(domain.get(), VIR_DOMAIN_METADATA_ELEMENT, xml.empty() ? nullptr : xml.c_str(),
                                   key.c_str(), uri.c_str(), flags),
              operation);
      });
    });
  });
}

Napi::Value Connection::AgentCommand(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainQemuAgentCommand";
    const auto uuid = ToText(info[0], "uuid");
    const auto command = ToText(info[1], "command");
    const auto timeout = static_cast<int>(ToUnsigned(info[2], "timeoutSeconds", 1, 86400));
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(
          operation, [&] { return AnswerOfAgent(FindDomain(session.Take(), uuid).get(), command, timeout); },
          TextValue);
    });
  });
}

Napi::Value Connection::ChangeDevice(const Napi::CallbackInfo& info, const char* operation,
                                     int (*function)(virDomainPtr, const char*, unsigned)) {
  return Promised(info, [&] {
    const auto uuid = ToText(info[0], "uuid");
    const auto xml = ToText(info[1], "xml");
    const auto flags = ToFlags(info[2]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(operation, [&] {
        const auto line = session.Take();
        const auto domain = FindDomain(line, uuid);
        Check(function(domain.get(), xml.c_str(), flags), operation);
      });
    });
  });
}

Napi::Value Connection::AttachDevice(const Napi::CallbackInfo& info) {
  return ChangeDevice(info, "virDomainAttachDeviceFlags", virDomainAttachDeviceFlags);
}

Napi::Value Connection::DetachDevice(const Napi::CallbackInfo& info) {
  return ChangeDevice(info, "virDomainDetachDeviceFlags", virDomainDetachDeviceFlags);
}

Napi::Value Connection::UpdateDevice(const Napi::CallbackInfo& info) {
  return ChangeDevice(info, "virDomainUpdateDeviceFlags", virDomainUpdateDeviceFlags);
}

Napi::Value Connection::LxcNamespaces(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainLxcOpenNamespace";
    const auto uuid = ToText(info[0], "uuid");
    return Run(info.Env(), operation, [uuid](Session& session) {
      return Attempt(
          operation, [&] { return NamespacesOfContainer(FindDomain(session.Take(), uuid).get()); }, DescriptorsValue);
    });
  });
}

}  // namespace weft
