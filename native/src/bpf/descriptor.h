#pragma once

#include "../util/fd.h"

#include <napi.h>

namespace weft {

/** BpfDescriptor of native/bpf.ts. */
class BpfDescriptor : public Napi::ObjectWrap<BpfDescriptor> {
 public:
  static Napi::Function Define(Napi::Env env);
  /** Gives a descriptor to a new object of `constructor`, which is what Define made. */
  static Napi::Object Wrap(const Napi::FunctionReference& constructor, Fd fd);
  static bool Is(Napi::Value value);
  /** The number of what Is() was true of. Throws EBADF where it is closed. */
  static int NumberOf(Napi::Value value);

  /** () A closed one, until Wrap gives it a descriptor. */
  explicit BpfDescriptor(const Napi::CallbackInfo& info);

 private:
  Napi::Value GetNumber(const Napi::CallbackInfo& info);
  Napi::Value IsClosed(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  int Open(Napi::Env env) const;

  Fd fd_;
};

}  // namespace weft
