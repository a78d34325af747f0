#include "system_error.h"

#include <uv.h>

namespace weft {

Napi::Error SystemError::ToJavaScript(Napi::Env env) const {
  const std::string code = uv_err_name(-number_);
  std::string message = code + ": " + uv_strerror(-number_) + ", " + syscall_;
  if (!subject_.empty()) message += " '" + subject_ + "'";
  auto error = Napi::Error::New(env, message);
  error.Set("code", code);
  error.Set("errno", Napi::Number::New(env, -number_));
  error.Set("syscall", syscall_);
  if (!subject_.empty()) error.Set("subject", subject_);
  return error;
}

}  // namespace weft
