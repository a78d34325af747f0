#include "domain.h"

#include "failure.h"

#include <libvirt/libvirt-lxc.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#include <fcntl.h>

#include <cstdlib>
#include <dlfcn.h>

namespace weft {
namespace {

/** Takes over a text that libvirt allocated. */
std::string Take(char* text) {
  const std::unique_ptr<char, decltype(&std::free)> held(text, std::free);
  return held.get();
}

DomainSummary Summarize(virDomainPtr domain) {
  DomainSummary summary;
  char uuid[VIR_UUID_STRING_BUFLEN] = "";
  Check(virDomainGetUUIDString(domain, uuid), "virDomainGetUUIDString");
  summary.uuid = uuid;
  summary.name = virDomainGetName(domain);
  // The id that came with the lookup; -1 is no error here.
  summary.id = static_cast<int>(virDomainGetID(domain));
  Check(virDomainGetState(domain, &summary.state, &summary.reason, 0), "virDomainGetState");
  summary.persistent = Check(virDomainIsPersistent(domain), "virDomainIsPersistent") > 0;
  return summary;
}

/** Fills the summary in; empty where the domain has none of that namespace. */
std::string MetadataIfAny(virDomainPtr domain, const std::string& uri) {
  try {
    return MetadataOfDomain(domain, uri, 0);
  } catch (const Failure& failure) {
    if (failure.number() == VIR_ERR_NO_DOMAIN_METADATA) return "";
    throw;
  }
}

/** In a library of its own, which a machine without virtual machines may lack. */
decltype(&virDomainQemuAgentCommand) FindAgentCommand() {
  constexpr auto operation = "virDomainQemuAgentCommand";
  void* library = dlopen("libvirt-qemu.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Failure::Internal(operation, dlerror());
  void* symbol = dlsym(library, operation);
  if (symbol == nullptr) throw Failure::Internal(operation, "libvirt-qemu.so.0 does not have it");
  return reinterpret_cast<decltype(&virDomainQemuAgentCommand)>(symbol);
}

}  // namespace

DomainPtr FindDomain(virConnectPtr connection, const std::string& uuid) {
  return DomainPtr(Check(virDomainLookupByUUIDString(connection, uuid.c_str()), "virDomainLookupByUUIDString"));
}

DomainSummary FindDomainByName(virConnectPtr connection, const std::string& name) {
  const DomainPtr domain(Check(virDomainLookupByName(connection, name.c_str()), "virDomainLookupByName"));
  return Summarize(domain.get());
}

DomainSummary DefineDomain(virConnectPtr connection, const std::string& xml) {
  const DomainPtr domain(Check(virDomainDefineXMLFlags(connection, xml.c_str(), 0), "virDomainDefineXMLFlags"));
  return Summarize(domain.get());
}

std::vector<DomainSummary> ListDomains(virConnectPtr connection, const std::optional<std::string>& metadataUri) {
  virDomainPtr* listed = nullptr;
  const int count = Check(virConnectListAllDomains(connection, &listed, 0), "virConnectListAllDomains");
  const std::unique_ptr<virDomainPtr, decltype(&std::free)> held(listed, std::free);
  const std::vector<DomainPtr> domains(listed, listed + count);

  std::vector<DomainSummary> summaries;
  for (const auto& domain : domains) {
    try {
      auto summary = Summarize(domain.get());
      if (metadataUri) summary.metadata = MetadataIfAny(domain.get(), *metadataUri);
      summaries.push_back(std::move(summary));
    } catch (const Failure& failure) {
      if (failure.number() != VIR_ERR_NO_DOMAIN) throw;
    }
  }
  return summaries;
}

DomainInfo InfoOfDomain(virDomainPtr domain) {
  DomainInfo info;
  virDomainInfo counted{};
  Check(virDomainGetInfo(domain, &counted), "virDomainGetInfo");
  Check(virDomainGetState(domain, &info.state, &info.reason, 0), "virDomainGetState");
  info.maxMemory = counted.maxMem;
  info.memory = counted.memory;
  info.virtualCpus = counted.nrVirtCpu;
  info.cpuTime = counted.cpuTime;
  return info;
}

std::string XmlOfDomain(virDomainPtr domain, unsigned flags) {
  return Take(Check(virDomainGetXMLDesc(domain, flags), "virDomainGetXMLDesc"));
}

std::string MetadataOfDomain(virDomainPtr domain, const std::string& uri, unsigned flags) {
  return Take(
      Check(virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, uri.c_str(), flags), "virDomainGetMetadata"));
}

std::string AnswerOfAgent(virDomainPtr domain, const std::string& command, int timeoutSeconds) {
  static const auto agentCommand = FindAgentCommand();
  return Take(Check(agentCommand(domain, command.c_str(), timeoutSeconds, 0), "virDomainQemuAgentCommand"));
}

std::vector<Fd> NamespacesOfContainer(virDomainPtr domain) {
  int* opened = nullptr;
  const int count = Check(virDomainLxcOpenNamespace(domain, &opened, 0), "virDomainLxcOpenNamespace");
  const std::unique_ptr<int, decltype(&std::free)> held(opened, std::free);
  std::vector<Fd> descriptors;
  for (int index = 0; index < count; index++) {
    descriptors.emplace_back(opened[index]);
    fcntl(opened[index], F_SETFD, FD_CLOEXEC);
  }
  return descriptors;
}

}  // namespace weft
