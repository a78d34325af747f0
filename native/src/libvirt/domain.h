#pragma once

#include "../util/fd.h"

#include <libvirt/libvirt.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

/** Calls on domains. They block, so they are for the threads of a session; each throws Failure. */
namespace weft {

struct FreeDomain {
  void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
using DomainPtr = std::unique_ptr<virDomain, FreeDomain>;

/** See native/libvirt.ts. */
struct DomainSummary {
  std::string name;
  std::string uuid;
  int id = -1;
  int state = 0;
  int reason = 0;
  bool persistent = false;
  std::string metadata;
};

/** See native/libvirt.ts. */
struct DomainInfo {
  int state = 0;
  int reason = 0;
  unsigned long maxMemory = 0;
  unsigned long memory = 0;
  unsigned virtualCpus = 0;
  unsigned long long cpuTime = 0;
};

DomainPtr FindDomain(virConnectPtr connection, const std::string& uuid);
DomainSummary FindDomainByName(virConnectPtr connection, const std::string& name);
DomainSummary DefineDomain(virConnectPtr connection, const std::string& xml);
/** Without those that go while it reads. */
std::vector<DomainSummary> ListDomains(virConnectPtr connection, const std::optional<std::string>& metadataUri);
DomainInfo InfoOfDomain(virDomainPtr domain);
std::string XmlOfDomain(virDomainPtr domain, unsigned flags);
std::string MetadataOfDomain(virDomainPtr domain, const std::string& uri, unsigned flags);
/** What the guest's agent answers to a command in its protocol; waits `timeoutSeconds` at most. */
std::string AnswerOfAgent(virDomainPtr domain, const std::string& command, int timeoutSeconds);
std::vector<Fd> NamespacesOfContainer(virDomainPtr domain);

}  // namespace weft
