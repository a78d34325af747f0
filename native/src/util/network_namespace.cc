#include "network_namespace.h"

#include "fd.h"
#include "system_error.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include <exception>

namespace weft {

void InNetworkNamespace(const std::optional<std::string>& path, const std::function<void()>& function) {
  if (!path) return function();
  const Fd space(open(path->c_str(), O_RDONLY | O_CLOEXEC));
  if (!space) throw SystemError(errno, "open", *path);

  std::exception_ptr failure;
  StartThread("weft-setns", [&] {
    try {
      if (setns(space.get(), CLONE_NEWNET) < 0) throw SystemError(errno, "setns", *path);
      function();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace weft
