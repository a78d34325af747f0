#include "values.h"

namespace weft {
namespace {

Napi::Number NumberValue(Napi::Env env, double number) { return Napi::Number::New(env, number); }

Napi::Object SummaryObject(Napi::Env env, const DomainSummary& summary) {
  auto object = Napi::Object::New(env);
  object.Set("name", summary.name);
  object.Set("uuid", summary.uuid);
  object.Set("id", NumberValue(env, summary.id));
  object.Set("state", NumberValue(env, summary.state));
  object.Set("reason", NumberValue(env, summary.reason));
  object.Set("persistent", summary.persistent);
  return object;
}

const char* NameOf(DomainEvent::Kind kind) {
  switch (kind) {
    case DomainEvent::Kind::reboot:
      return "reboot";
    case DomainEvent::Kind::deviceRemoved:
      return "device-removed";
    case DomainEvent::Kind::deviceAdded:
      return "device-added";
    case DomainEvent::Kind::lifecycle:
      break;
  }
  return "lifecycle";
}

}  // namespace

Napi::Value TextValue(Napi::Env env, const std::string& text) { return Napi::String::New(env, text); }

Napi::Value SummaryValue(Napi::Env env, const DomainSummary& summary) { return SummaryObject(env, summary); }

Napi::Value ListValue(Napi::Env env, const std::vector<DomainSummary>& summaries) {
  auto list = Napi::Array::New(env, summaries.size());
  for (uint32_t index = 0; index < summaries.size(); index++) {
    // Thousands of domains would fill the scope of the caller.
    const Napi::HandleScope scope(env);
    auto object = SummaryObject(env, summaries[index]);
    object.Set("metadata", summaries[index].metadata);
    list.Set(index, object);
  }
  return list;
}

Napi::Value InfoValue(Napi::Env env, const DomainInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("state", NumberValue(env, info.state));
  object.Set("reason", NumberValue(env, info.reason));
  object.Set("maxMemory", NumberValue(env, static_cast<double>(info.maxMemory)));
  object.Set("memory", NumberValue(env, static_cast<double>(info.memory)));
  object.Set("virtualCpus", NumberValue(env, info.virtualCpus));
  object.Set("cpuTime", NumberValue(env, static_cast<double>(info.cpuTime)));
  return object;
}

Napi::Value VersionValue(Napi::Env env, const HostVersion& version) {
  auto object = Napi::Object::New(env);
  object.Set("library", NumberValue(env, static_cast<double>(version.library)));
  object.Set("hypervisor", NumberValue(env, static_cast<double>(version.hypervisor)));
  object.Set("type", version.type);
  return object;
}

Napi::Value NodeInfoValue(Napi::Env env, const NodeInfo& info) {
  auto object = Napi::Object::New(env);
  object.Set("cpus", NumberValue(env, info.cpus));
  object.Set("memoryKiB", NumberValue(env, static_cast<double>(info.memoryKiB)));
  object.Set("model", info.model);
  return object;
}

Napi::Value EventValue(Napi::Env env, const DomainEvent& event) {
  auto object = Napi::Object::New(env);
  object.Set("kind", NameOf(event.kind));
  object.Set("name", event.name);
  object.Set("uuid", event.uuid);
  if (event.kind == DomainEvent::Kind::lifecycle) {
    object.Set("event", NumberValue(env, event.event));
    object.Set("detail", NumberValue(env, event.detail));
  } else {
    object.Set("alias", event.alias);
  }
  return object;
}

Napi::Value DescriptorsValue(Napi::Env env, std::vector<Fd>& descriptors) {
  auto list = Napi::Array::New(env, descriptors.size());
  for (uint32_t index = 0; index < descriptors.size(); index++) {
    list.Set(index, NumberValue(env, descriptors[index].get()));
  }
  // Only now, as nothing can fail any more.
  for (auto& descriptor : descriptors) descriptor.Release();
  return list;
}

}  // namespace weft
