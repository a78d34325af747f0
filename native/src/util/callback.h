#pragma once

#include <napi.h>

#include <initializer_list>

namespace weft {

/**
 * Calls a JavaScript function from the event loop, with a tick of the microtask queue afterwards. What it throws
 * becomes an uncaught exception, as of any callback. Where the environment is ending, nothing happens.
 */
void CallBack(Napi::Env env, napi_async_context context, Napi::Object receiver, Napi::Function function,
              std::initializer_list<napi_value> arguments);

/** Makes the pending exception, if there is one, an uncaught one. */
void RaisePendingException(Napi::Env env);

}  // namespace weft
