#include "call.h"

#include "../util/arguments.h"
#include "../util/network_namespace.h"
#include "../util/system_error.h"
#include "descriptor.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace weft {
namespace {

/** The kernel takes attributes up to a page, where what it does not know is zero (bpf_check_uarg_tail_zero). */
constexpr size_t mostAttributeBytes = 4096;

/**
 * Keeps signals from this thread while it lives: the verifier gives up with EAGAIN where one is pending, and a profiler
 * sends one each millisecond or so. sigprocmask(2), pthread_sigmask(3)
 */
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    is_held_ = pthread_sigmask(SIG_SETMASK, &all, &before_) == 0;
  }
  ~SignalsHeld() {
    if (is_held_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_;
  bool is_held_;
};

Napi::Uint8Array ToBytes(Napi::Value value, const std::string& name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    ThrowInvalidType(value.Env(), name, "a Uint8Array");
  }
  return value.As<Napi::Uint8Array>();
}

template <typename T>
std::vector<uint8_t> BytesOf(T value) {
  std::vector<uint8_t> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/** A reference as JavaScript gave it, its getters run. */
struct Named {
  std::string name;
  uint32_t at;
  Napi::Value to;
};

std::vector<Named> ReadReferences(Napi::Value value) {
  std::vector<Named> read;
  if (value.IsUndefined()) return read;
  if (!value.IsArray()) ThrowInvalidType(value.Env(), "references", "an array");
  const auto list = value.As<Napi::Array>();
  for (uint32_t index = 0; index < list.Length(); index++) {
    auto name = "references[" + std::to_string(index) + "]";
    const auto each = ToObject(list.Get(index), name);
    const auto at = ToUnsigned(each.Get("at"), name + ".at");
    read.push_back({std::move(name), at, each.Get("to")});
  }
  return read;
}

/** Runs no JavaScript: what was read before is not detached or closed meanwhile. */
BpfReference Resolve(const Named& named, size_t attributeBytes) {
  const auto& [name, at, to] = named;
  BpfReference reference{at, {}, {}};
  if (BpfDescriptor::Is(to)) {
    reference.bytes = BytesOf(static_cast<uint32_t>(BpfDescriptor::NumberOf(to)));
  } else {
    if (!to.IsTypedArray()) ThrowInvalidType(to.Env(), name + ".to", "a Uint8Array or a BpfDescriptor");
    reference.bytes = BytesOf(static_cast<uint64_t>(reinterpret_cast<uintptr_t>(ToBytes(to, name + ".to").Data())));
  }
  reference.to = to.As<Napi::Object>();
  if (at + reference.bytes.size() > attributeBytes) ThrowOutOfRange(to.Env(), name + ".at", "within the attribute");
  return reference;
}

}  // namespace

BpfCall::BpfCall(const Napi::CallbackInfo& info) : command_(ToUnsigned(info[0], "command")) {
  if (const auto options = Optional(ToObject, info[3], "options")) {
    network_namespace_ = Optional(ToText, options->Get("namespace"), "options.namespace");
  }
  const auto named = ReadReferences(info[2]);
  attribute_ = ToBytes(info[1], "attribute");
  const auto size = attribute_.ByteLength();
  if (size > mostAttributeBytes) ThrowOutOfRange(info.Env(), "attribute", "of at most 4096 bytes");
  for (const auto& each : named) references_.push_back(Resolve(each, size));
}

BpfRequest BpfCall::Request() const {
  BpfRequest request{
      command_, {attribute_.Data(), attribute_.Data() + attribute_.ByteLength()}, {}, network_namespace_};
  for (const auto& [offset, bytes, _] : references_) request.filled.emplace_back(offset, bytes);
  return request;
}

int BpfCall::Run() {
  auto request = Request();
  const auto answer = [&] { std::copy(request.attribute.begin(), request.attribute.end(), attribute_.Data()); };
  try {
    const int result = request.Run();
    answer();
    return result;
  } catch (const SystemError&) {
    answer();
    throw;
  }
}

int BpfRequest::Run() {
  const auto before = attribute;
  for (const auto& [offset, bytes] : filled) std::copy(bytes.begin(), bytes.end(), attribute.begin() + offset);

  long result = 0;
  int number = 0;
  InNetworkNamespace(network_namespace, [&] {
    SignalsHeld held;
    result = syscall(SYS_bpf, command, attribute.data(), attribute.size());
    number = errno;
  });

  // The fields that were filled in become again what they were.
  for (const auto& [offset, bytes] : filled) {
    std::copy_n(before.begin() + offset, bytes.size(), attribute.begin() + offset);
  }
  if (result < 0) throw SystemError(number, "bpf");
  return static_cast<int>(result);
}

}  // namespace weft
