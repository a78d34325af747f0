#include "memory.h"

#include "../util/system_error.h"

#include <errno.h>
#include <sys/mman.h>

namespace weft {

Napi::ArrayBuffer MapValues(Napi::Env env, int fd, size_t bytes) {
  // Never read-only: JavaScript cannot know that a write to an ArrayBuffer would end the process.
  void* values = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (values == MAP_FAILED) throw SystemError(errno, "mmap");
  try {
    return Napi::ArrayBuffer::New(env, values, bytes, [bytes](Napi::BasicEnv, void* data) { munmap(data, bytes); });
  } catch (...) {
    munmap(values, bytes);
    throw;
  }
}

}  // namespace weft
