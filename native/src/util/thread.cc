#include "thread.h"

#include "system_error.h"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <utility>

namespace weft {

std::thread StartThread(const char* name, std::function<void()> body) {
  // The mask is inherited: blocked before the thread starts, no signal can slip in between.
  sigset_t all, before;
  sigfillset(&all);
  // Not those that a thread raises by its own fault: blocked, they would end the process without a word.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}) sigdelset(&all, fault);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    std::thread thread(std::move(body));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(thread.native_handle(), name);
    return thread;
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw SystemError(error.code().value(), "pthread_create");
  }
}

}  // namespace weft
