#pragma once

#include <napi.h>

namespace weft {

/** A call answers with a promise also where its arguments are wrong. */
template <typename Function>
Napi::Value Promised(const Napi::CallbackInfo& info, Function&& function) {
  try {
    return function();
  } catch (const Napi::Error& error) {
    const auto deferred = Napi::Promise::Deferred::New(info.Env());
    deferred.Reject(error.Value());
    return deferred.Promise();
  }
}

}  // namespace weft
