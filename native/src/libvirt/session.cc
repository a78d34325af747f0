#include "session.h"

#include "event_loop.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace weft {
namespace {

/**
 * Who wants to know of a broken connection, by number. libvirt is given the number: where it cannot ask the daemon any
 * more, it refuses to let go of a callback, and so may hold it for longer than the session lives.
 */
class Watchers {
 public:
  /** Never destroyed: libvirt's thread runs to the very end of the process. */
  static Watchers& Get() {
    static auto& watchers = *new Watchers();
    return watchers;
  }

  void* Add(OnBroken onBroken) {
    const std::lock_guard lock(mutex_);
    watchers_.emplace(++last_, std::move(onBroken));
    return reinterpret_cast<void*>(last_);
  }

  void Remove(void* number) {
    const std::lock_guard lock(mutex_);
    watchers_.erase(reinterpret_cast<uintptr_t>(number));
  }

  static void Tell(virConnectPtr, int reason, void* number) {
    auto& self = Get();
    const std::lock_guard lock(self.mutex_);
    const auto found = self.watchers_.find(reinterpret_cast<uintptr_t>(number));
    if (found != self.watchers_.end()) found->second(reason);
  }

 private:
  std::mutex mutex_;
  std::map<uintptr_t, OnBroken> watchers_;
  uintptr_t last_ = 0;
};

}  // namespace

Session::Session(SessionSettings settings)
    : settings_(std::move(settings)), queue_("weft-virt-call", settings_.threads), lines_(settings_.uri) {}

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
  watch_ = Check(virConnectOpen(settings_.uri.c_str()), "virConnectOpen");
  Listen();
  watcher_ = Watchers::Get().Add([this](int reason) {
    broken_ = true;
    settings_.onBroken(reason);
  });
  virConnectRegisterCloseCallback(watch_, Watchers::Tell, watcher_, nullptr);
  // At last. Drivers that live in this process cannot break and do neither.
  virConnectSetKeepAlive(watch_, settings_.keepaliveSeconds, settings_.keepaliveCount);
}

Lines::Line Session::Take() {
  if (broken_) throw Failure::Broken("virConnectOpen");
  return lines_.Take();
}

void Session::Listen() {
  try {
    for (const auto kind : {DomainEvent::Kind::lifecycle, DomainEvent::Kind::reboot, DomainEvent::Kind::deviceRemoved,
                            DomainEvent::Kind::deviceAdded}) {
      listeners_.push_back(RegisterListener(watch_, kind, settings_.onEvent));
    }
  } catch (const Failure& failure) {
    deafness_ = failure;
  }
}

void Session::Close() {
  // While there is keepalive: a daemon that hangs meanwhile is told of.
  lines_.Close();
  if (watch_ != nullptr) CloseWatch();
  end_.set_value();
}

void Session::CloseWatch() {
  virConnectSetKeepAlive(watch_, 0, 0);
  try {
    // It may be sending a message of keepalive right now.
    AwaitEventLoop();
  } catch (const Failure&) {
    // Without a loop there is none.
  }
  // Each listener holds the connection open. A broken one reports an error, but has let go of the listener all the
  // same.
  for (const int listener : std::exchange(listeners_, {})) virConnectDomainEventDeregisterAny(watch_, listener);
  virConnectUnregisterCloseCallback(watch_, Watchers::Tell);
  Watchers::Get().Remove(watcher_);
  virConnectClose(std::exchange(watch_, nullptr));
}

}  // namespace weft
