#include "thread.h"

#include "system_error.h"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <utility>

namespace weft {

std::thread StartThread(std::function<void()> body) {
  // The mask is inherited: blocked before the thread starts, no signal can slip in between.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread thread(std::move(body));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw SystemError(error.code().value(), "pthread_create");
  }
}

}  // namespace weft
