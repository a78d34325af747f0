#include "../util/arguments.h"
#include "../util/system_error.h"
#include "socket.h"
#include "tap.h"

#include <napi.h>

namespace weft {

/** NetlinkAddon of native/netlink.ts, one for each environment. */
class NetlinkModule : public Napi::Addon<NetlinkModule> {
 public:
  NetlinkModule(Napi::Env env, Napi::Object exports) : socket_(Napi::Persistent(NetlinkSocket::Define(env))) {
    DefineAddon(exports, {InstanceMethod<&NetlinkModule::Open>("open", napi_enumerable),
                          InstanceMethod<&NetlinkModule::CreateTap>("createTap", napi_enumerable)});
  }

 private:
  Napi::Value Open(const Napi::CallbackInfo& info) { return socket_.New({info[0], info[1]}); }

  void CreateTap(const Napi::CallbackInfo& info) {
    TapSettings settings;
    settings.name = ToText(info[0], "name");
    if (const auto options = Optional(ToObject, info[1], "options")) {
      settings.network_namespace = Optional(ToText, options->Get("namespace"), "options.namespace");
      settings.vnetHeader = Optional(ToBoolean, options->Get("vnetHeader"), "options.vnetHeader").value_or(false);
    }
    WithSystemErrors(info.Env(), [&] { weft::CreateTap(settings); });
  }

  Napi::FunctionReference socket_;
};

}  // namespace weft

using NetlinkModule = weft::NetlinkModule;
NODE_API_ADDON(NetlinkModule)
