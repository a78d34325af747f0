#include "../util/arguments.h"
#include "../util/fd.h"
#include "../util/system_error.h"
#include "call.h"
#include "descriptor.h"
#include "later.h"
#include "memory.h"

#include <napi.h>

#include <utility>

namespace weft {

/** BpfAddon of native/bpf.ts, one for each environment. */
class BpfModule : public Napi::Addon<BpfModule> {
 public:
  BpfModule(Napi::Env env, Napi::Object exports) : descriptor_(Napi::Persistent(BpfDescriptor::Define(env))) {
    DefineAddon(exports, {InstanceMethod<&BpfModule::Call>("call", napi_enumerable),
                          InstanceMethod<&BpfModule::Open>("open", napi_enumerable),
                          InstanceMethod<&BpfModule::CallLater>("callLater", napi_enumerable),
                          InstanceMethod<&BpfModule::OpenLater>("openLater", napi_enumerable),
                          InstanceMethod<&BpfModule::MapMemory>("mapMemory", napi_enumerable),
                          InstanceMethod<&BpfModule::UnmapMemory>("unmapMemory", napi_enumerable)});
  }

 private:
  Napi::Value Call(const Napi::CallbackInfo& info) {
    BpfCall call(info);
    return Napi::Number::New(info.Env(), WithSystemErrors(info.Env(), [&] { return call.Run(); }));
  }

  Napi::Value Open(const Napi::CallbackInfo& info) {
    BpfCall call(info);
    Fd fd(WithSystemErrors(info.Env(), [&] { return call.Run(); }));
    return BpfDescriptor::Wrap(descriptor_, std::move(fd));
  }

  Napi::Value CallLater(const Napi::CallbackInfo& info) {
    return BpfLater::Start(info.Env(), BpfCall(info),
                           [](Napi::Env env, int result) { return Napi::Number::New(env, result); });
  }

  Napi::Value OpenLater(const Napi::CallbackInfo& info) {
    return BpfLater::Start(info.Env(), BpfCall(info),
                           [this](Napi::Env, int result) { return BpfDescriptor::Wrap(descriptor_, Fd(result)); });
  }

  Napi::Value MapMemory(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    if (!BpfDescriptor::Is(info[0])) ThrowInvalidType(env, "descriptor", "a BpfDescriptor");
    const auto bytes = ToUnsigned(info[1], "bytes", 1);
    const int fd = BpfDescriptor::NumberOf(info[0]);
    return WithSystemErrors(env, [&] { return MapValues(env, fd, bytes); });
  }

  void UnmapMemory(const Napi::CallbackInfo& info) {
    if (!info[0].IsArrayBuffer()) ThrowInvalidType(info.Env(), "memory", "an ArrayBuffer");
    auto memory = info[0].As<Napi::ArrayBuffer>();
    if (!memory.IsDetached()) memory.Detach();
  }

  Napi::FunctionReference descriptor_;
};

}  // namespace weft

using BpfModule = weft::BpfModule;
NODE_API_ADDON(BpfModule)
