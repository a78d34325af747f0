#include "failure.h"

#include "error_code.h"

#include <libvirt/virterror.h>

namespace weft {

Failure Failure::Last(const char* operation) {
  Failure failure;
  failure.operation_ = operation;
  const auto* error = virGetLastError();
  failure.number_ = error == nullptr ? VIR_ERR_INTERNAL_ERROR : error->code;
  failure.domain_ = error == nullptr ? VIR_FROM_NONE : error->domain;
  failure.code_ = ErrorCode(failure.number_);
  failure.message_ = error == nullptr || error->message == nullptr ? "no reason given" : error->message;
  return failure;
}

Failure Failure::Closed(const char* operation) {
  Failure failure;
  failure.operation_ = operation;
  failure.code_ = "CLOSED";
  failure.message_ = "the connection is closed";
  return failure;
}

Failure Failure::Internal(const char* operation, const char* message) {
  Failure failure;
  failure.operation_ = operation;
  failure.number_ = VIR_ERR_INTERNAL_ERROR;
  failure.code_ = ErrorCode(VIR_ERR_INTERNAL_ERROR);
  failure.message_ = message;
  return failure;
}

Napi::Error Failure::ToJavaScript(Napi::Env env) const {
  const auto error = Napi::Error::New(env, message_);
  auto object = error.Value();
  // As on a class of errors: the name is not enumerated.
  object.DefineProperty(
      Napi::PropertyDescriptor::Value("name", Napi::String::New(env, "LibvirtError"),
                                      static_cast<napi_property_attributes>(napi_writable | napi_configurable)));
  object.Set("number", number_);
  object.Set("code", code_);
  object.Set("domain", domain_);
  object.Set("operation", operation_);
  return error;
}

int Check(int result, const char* operation) {
  if (result < 0) throw Failure::Last(operation);
  return result;
}

}  // namespace weft
