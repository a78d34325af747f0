#pragma once

#include <napi.h>

#include <cstddef>

namespace weft {

/** Maps the values of an array (BPF_F_MMAPABLE) into an ArrayBuffer, which unmaps them when it is collected. Throws
 * SystemError. */
Napi::ArrayBuffer MapValues(Napi::Env env, int fd, size_t bytes);

}  // namespace weft
