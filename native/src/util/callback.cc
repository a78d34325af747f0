#include "callback.h"

namespace weft {

void RaisePendingException(Napi::Env env) {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  napi_value exception = nullptr;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

void CallBack(Napi::Env env, napi_async_context context, Napi::Object receiver, Napi::Function function,
              std::initializer_list<napi_value> arguments) {
  // Not Napi::Function::MakeCallback: an environment that is ending answers without an exception to wrap.
  napi_value result = nullptr;
  const auto status =
      napi_make_callback(env, context, receiver, function, arguments.size(), arguments.begin(), &result);
  if (status != napi_ok) RaisePendingException(env);
}

}  // namespace weft
