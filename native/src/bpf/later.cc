#include "later.h"

#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace weft {

Napi::Promise BpfLater::Start(Napi::Env env, const BpfCall& call, Convert convert) {
  auto* later = WithSystemErrors(env, [&] { return new BpfLater(env, call, std::move(convert)); });
  const auto promise = later->deferred_.Promise();
  later->Queue();
  return promise;
}

BpfLater::BpfLater(Napi::Env env, const BpfCall& call, Convert convert)
    : AsyncWorker(env, "weft:bpf"),
      deferred_(env),
      request_(call.Request()),
      convert_(std::move(convert)),
      attribute_(Napi::Persistent(call.attribute())) {
  for (size_t i = 0; i < call.references().size(); i++) {
    const auto& to = call.references()[i].to;
    if (!BpfDescriptor::Is(to)) {
      buffers_.push_back(Napi::Persistent(to));
      continue;
    }
    Fd own(fcntl(BpfDescriptor::NumberOf(to), F_DUPFD_CLOEXEC, 0));
    if (!own) throw SystemError(errno, "fcntl");
    const auto number = static_cast<uint32_t>(own.get());
    std::memcpy(request_.filled[i].second.data(), &number, sizeof number);
    descriptors_.push_back(std::move(own));
  }
}

void BpfLater::Execute() {
  try {
    result_ = request_.Run();
  } catch (const SystemError& error) {
    failure_ = error;
  }
}

void BpfLater::OnOK() {
  const auto env = Env();
  const auto& answered = request_.attribute;
  auto attribute = attribute_.Value();
  // A caller who has given its memory away meanwhile misses the answer alone.
  if (attribute.ByteLength() == answered.size()) std::copy(answered.begin(), answered.end(), attribute.Data());
  if (failure_) {
    deferred_.Reject(failure_->ToJavaScript(env).Value());
    return;
  }
  try {
    deferred_.Resolve(convert_(env, result_));
  } catch (const Napi::Error& error) {
    deferred_.Reject(error.Value());
  }
}

}  // namespace weft
