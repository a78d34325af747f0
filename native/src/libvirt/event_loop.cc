#include "event_loop.h"

#include "../util/thread.h"
#include "failure.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <chrono>
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

}  // namespace weft
