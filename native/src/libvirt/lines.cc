#include "lines.h"

#include "failure.h"

namespace weft {

Lines::Line Lines::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      const auto connection = idle_.back();
      idle_.pop_back();
      return {*this, connection};
    }
  }
  return {*this, Check(virConnectOpen(uri_.c_str()), "virConnectOpen")};
}

void Lines::GiveBack(virConnectPtr connection) {
  // Of a daemon that has ended meanwhile it serves nobody.
  if (virConnectIsAlive(connection) != 1) {
    virConnectClose(connection);
    return;
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back(connection);
}

void Lines::Close() {
  const std::lock_guard lock(mutex_);
  for (const auto connection : std::exchange(idle_, {})) virConnectClose(connection);
}

}  // namespace weft
