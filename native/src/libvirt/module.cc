#include "../util/arguments.h"
#include "../util/system_error.h"
#include "connection.h"
#include "environment.h"
#include "event_loop.h"
#include "failure.h"
#include "terminal.h"

#include <napi.h>

#include <cstdint>
#include <limits>
#include <memory>

namespace weft {

constexpr uint32_t greatestDescriptor = std::numeric_limits<int32_t>::max();

/** LibvirtAddon of native/libvirt.ts, one for each environment. */
class LibvirtModule : public Napi::Addon<LibvirtModule> {
 public:
  LibvirtModule(Napi::Env env, Napi::Object exports) {
    environment_->mailbox = WithSystemErrors(env, [&] { return Mailbox::Create(env, "weft:libvirt"); });
    env.AddCleanupHook([environment = environment_] { environment->End(); });
    connection_ = Napi::Persistent(Connection::Define(env, environment_.get()));
    DefineAddon(exports, {InstanceMethod<&LibvirtModule::Connect>("connect", napi_enumerable),
                          InstanceMethod<&LibvirtModule::RawTerminal>("rawTerminal", napi_enumerable)});
  }

 private:
  Napi::Value Connect(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    try {
      WithSystemErrors(env, StartEventLoop);
      const auto connection = connection_.New({info[0], info[1]});
      return Connection::Unwrap(connection)->Open(env);
    } catch (const Napi::Error& error) {
      return Rejected(env, error);
    } catch (const Failure& failure) {
      return Rejected(env, failure.ToJavaScript(env));
    }
  }

  void RawTerminal(const Napi::CallbackInfo& info) {
    const auto descriptor = ToUnsigned(info[0], "descriptor", 0, greatestDescriptor);
    WithSystemErrors(info.Env(), [&] { MakeRaw(static_cast<int>(descriptor)); });
  }

  static Napi::Value Rejected(Napi::Env env, const Napi::Error& error) {
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Reject(error.Value());
    return deferred.Promise();
  }

  std::shared_ptr<Environment> environment_ = std::make_shared<Environment>();
  Napi::FunctionReference connection_;
};

}  // namespace weft

using LibvirtModule = weft::LibvirtModule;
NODE_API_ADDON(LibvirtModule)
