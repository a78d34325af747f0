#include "descriptor.h"

#include "../util/system_error.h"

#include <errno.h>

#include <utility>

namespace weft {
namespace {

/** Tells objects of this class from all others that some addon wrapped; random. */
constexpr napi_type_tag tag{0x6c1d9a52f3e84b07, 0x9be2407d5ac6183f};

}  // namespace

Napi::Function BpfDescriptor::Define(Napi::Env env) {
  return DefineClass(env, "BpfDescriptor",
                     {
                         InstanceAccessor<&BpfDescriptor::GetNumber>("number"),
                         InstanceAccessor<&BpfDescriptor::IsClosed>("closed"),
                         InstanceMethod<&BpfDescriptor::Close>("close"),
                     });
}

Napi::Object BpfDescriptor::Wrap(const Napi::FunctionReference& constructor, Fd fd) {
  auto object = constructor.New({});
  Unwrap(object)->fd_ = std::move(fd);
  return object;
}

BpfDescriptor::BpfDescriptor(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  info.This().As<Napi::Object>().TypeTag(&tag);
}

bool BpfDescriptor::Is(Napi::Value value) { return value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&tag); }

int BpfDescriptor::NumberOf(Napi::Value value) { return Unwrap(value.As<Napi::Object>())->Open(value.Env()); }

int BpfDescriptor::Open(Napi::Env env) const {
  if (!fd_) throw SystemError(EBADF, "bpf", "closed descriptor").ToJavaScript(env);
  return fd_.get();
}

Napi::Value BpfDescriptor::GetNumber(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Open(info.Env()));
}

Napi::Value BpfDescriptor::IsClosed(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), !fd_); }

void BpfDescriptor::Close(const Napi::CallbackInfo&) { fd_.Close(); }

}  // namespace weft
