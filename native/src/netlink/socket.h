#pragma once

#include "../util/poll.h"

#include <napi.h>

#include <cstddef>
#include <memory>

namespace weft {

/** NetlinkSocket of native/netlink.ts. */
class NetlinkSocket : public Napi::ObjectWrap<NetlinkSocket> {
 public:
  static Napi::Function Define(Napi::Env env);

  /** (protocol, options) */
  explicit NetlinkSocket(const Napi::CallbackInfo& info);

 private:
  Napi::Value GetPortId(const Napi::CallbackInfo& info);
  Napi::Value IsClosed(const Napi::CallbackInfo& info);
  void Send(const Napi::CallbackInfo& info);
  Napi::Value SendLater(const Napi::CallbackInfo& info);
  void Join(const Napi::CallbackInfo& info);
  void Leave(const Napi::CallbackInfo& info);
  void Ref(const Napi::CallbackInfo& info);
  void Unref(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  /** The descriptor; throws EBADF where it is closed. */
  int Open(Napi::Env env, const char* operation) const;
  void ChangeMembership(const Napi::CallbackInfo& info, int option);
  void SetReferenced(bool referenced);
  void CloseDescriptor();

  void Drain(int status);
  void Receive(Napi::Object self, size_t size);
  void Fail(Napi::Object self, int number);

  uint32_t portId_ = 0;
  bool referenced_ = false;
  /** Weak: the JavaScript object holds them, so that a socket that is only known by its own callbacks is collected. */
  Napi::FunctionReference onDatagram_;
  Napi::FunctionReference onError_;
  Napi::AsyncContext context_;
  std::unique_ptr<Poll> poll_;
};

}  // namespace weft
