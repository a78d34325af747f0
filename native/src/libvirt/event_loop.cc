#include "event_loop.h"

#include "../util/thread.h"
#include "failure.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

namespace weft {

void StartEventLoop() {
  static std::once_flag once;
  std::call_once(once, [] {
    Check(virInitialize(), "virInitialize");
    virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    Check(virEventRegisterDefaultImpl(), "virEventRegisterDefaultImpl");
    StartThread("weft-virt-event", [] {
      for (;;) {
        // Does not fail as of today; if it ever does, not at the cost of a CPU.
        if (virEventRunDefaultImpl() < 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }).detach();
  });
}

void AwaitEventLoop() {
  using Round = std::promise<void>;
  auto held = std::make_unique<Round>();
  const auto round = held->get_future();
  const auto tell = [](int timer, void* opaque) {
    virEventRemoveTimeout(timer);
    static_cast<Round*>(opaque)->set_value();
  };
  Check(virEventAddTimeout(0, tell, held.get(), [](void* freed) { delete static_cast<Round*>(freed); }),
        "virEventAddTimeout");
  // libvirt's now, and freed when it calls no more.
  static_cast<void>(held.release());
  round.wait();
}

}  // namespace weft
