#include "session.h"

#include "failure.h"

#include <utility>

namespace weft {
namespace {

using OnBroken = std::function<void(int reason)>;

void TellBroken(virConnectPtr, int reason, void* told) { (*static_cast<OnBroken*>(told))(reason); }
void FreeBroken(void* freed) { delete static_cast<OnBroken*>(freed); }

}  // namespace

Session::Session(SessionSettings settings) : settings_(std::move(settings)), queue_(settings_.threads) {}

void Session::Do(Job job) {
  queue_.Add([self = shared_from_this(), job = std::move(job)] { job(*self); });
}

void Session::End(std::function<void()> then) {
  queue_.Close([self = shared_from_this(), then = std::move(then)] {
    self->Close();
    if (then) then();
  });
}

void Session::Abandon() {
  queue_.Drop();
  End({});
}

bool Session::WaitUntil(std::chrono::steady_clock::time_point deadline) const {
  return ended_.wait_until(deadline) == std::future_status::ready;
}

void Session::Open() {
  connection_ = Check(virConnectOpen(settings_.uri.c_str()), "virConnectOpen");
  // Both are refused by drivers that live in this process and so cannot break.
  virConnectSetKeepAlive(connection_, settings_.keepaliveSeconds, settings_.keepaliveCount);
  auto onBroken = std::make_unique<OnBroken>(settings_.onBroken);
  watched_ = virConnectRegisterCloseCallback(connection_, TellBroken, onBroken.get(), FreeBroken) == 0;
  if (watched_) static_cast<void>(onBroken.release());
}

void Session::Watch() {
  const std::lock_guard lock(mutex_);
  if (!eventsWanted_) return StopEvents();
  if (!listeners_.empty()) return;
  try {
    for (const auto kind :
         {DomainEvent::Kind::lifecycle, DomainEvent::Kind::deviceRemoved, DomainEvent::Kind::deviceAdded}) {
      listeners_.push_back(RegisterListener(connection_, kind, settings_.onEvent));
    }
  } catch (const Failure&) {
    StopEvents();
    throw;
  }
}

void Session::StopEvents() {
  // A broken connection reports an error, but has let go of the listener all the same.
  for (const int listener : std::exchange(listeners_, {})) virConnectDomainEventDeregisterAny(connection_, listener);
}

void Session::Close() {
  if (connection_ != nullptr) {
    // Each listener holds the connection open.
    StopEvents();
    if (watched_) virConnectUnregisterCloseCallback(connection_, TellBroken);
    virConnectClose(std::exchange(connection_, nullptr));
  }
  end_.set_value();
}

}  // namespace weft
