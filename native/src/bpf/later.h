#pragma once

#include "../util/fd.h"
#include "../util/system_error.h"
#include "call.h"

#include <napi.h>

#include <functional>
#include <optional>
#include <vector>

namespace weft {

/**
 * A call of bpf(2) on a thread of libuv's: some make the caller wait for others, or for a grace period of RCU. It
 * deletes itself once its promise has settled.
 */
class BpfLater : public Napi::AsyncWorker {
 public:
  /** Makes a value of what bpf(2) returned, on the environment's thread. */
  using Convert = std::function<Napi::Value(Napi::Env, int)>;

  /** Throws EMFILE. */
  static Napi::Promise Start(Napi::Env env, const BpfCall& call, Convert convert);

 private:
  BpfLater(Napi::Env env, const BpfCall& call, Convert convert);

  void Execute() override;
  void OnOK() override;

  Napi::Promise::Deferred deferred_;
  BpfRequest request_;
  Convert convert_;
  /** The caller's attribute, and buffers that the kernel reads and writes meanwhile. */
  Napi::Reference<Napi::Uint8Array> attribute_;
  std::vector<Napi::ObjectReference> buffers_;
  /** Of the descriptors that it names, which may be closed meanwhile. */
  std::vector<Fd> descriptors_;
  int result_ = -1;
  std::optional<SystemError> failure_;
};

}  // namespace weft
