#pragma once

#include "failure.h"

#include <napi.h>

#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace weft {

/** The outcome of a call on its way from a thread to JavaScript; it owns nothing of JavaScript's. */
struct Settlement {
  bool failed = false;
  /** Settles the promise, on the environment's thread. */
  std::function<void(Napi::Env, const Napi::Promise::Deferred&)> settle;
};

inline Settlement FailedWith(Failure failure) {
  return {true, [failure = std::move(failure)](Napi::Env env, const Napi::Promise::Deferred& deferred) {
            deferred.Reject(failure.ToJavaScript(env).Value());
          }};
}

/**
 * Does `work` here, and has its result made a value by `convert(env, result)` there. Work without a result becomes
 * undefined. `operation` names what fails other than by libvirt.
 */
template <typename Work, typename Convert = std::nullptr_t>
Settlement Attempt(const char* operation, Work&& work, Convert convert = nullptr) {
  using Result = std::invoke_result_t<Work>;
  try {
    if constexpr (std::is_void_v<Result>) {
      work();
      return {false, [](Napi::Env env, const Napi::Promise::Deferred& deferred) { deferred.Resolve(env.Undefined()); }};
    } else {
      auto result = std::make_shared<Result>(work());
      return {false, [result, convert](Napi::Env env, const Napi::Promise::Deferred& deferred) {
                deferred.Resolve(convert(env, *result));
              }};
    }
  } catch (const Failure& failure) {
    return FailedWith(failure);
  } catch (const std::exception& error) {
    return FailedWith(Failure::Internal(operation, error.what()));
  }
}

}  // namespace weft
