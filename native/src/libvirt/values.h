#pragma once

#include "../util/fd.h"
#include "domain.h"
#include "domain_event.h"
#include "host.h"

#include <napi.h>

#include <string>
#include <vector>

/** Results as the JavaScript values that native/libvirt.ts declares. */
namespace weft {

Napi::Value TextValue(Napi::Env env, const std::string& text);
Napi::Value SummaryValue(Napi::Env env, const DomainSummary& summary);
/** With the metadata of each. */
Napi::Value ListValue(Napi::Env env, const std::vector<DomainSummary>& summaries);
Napi::Value InfoValue(Napi::Env env, const DomainInfo& info);
Napi::Value VersionValue(Napi::Env env, const HostVersion& version);
Napi::Value NodeInfoValue(Napi::Env env, const NodeInfo& info);
Napi::Value EventValue(Napi::Env env, const DomainEvent& event);
/** The descriptors become the caller's. */
Napi::Value DescriptorsValue(Napi::Env env, std::vector<Fd>& descriptors);

}  // namespace weft
