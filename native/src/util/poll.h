#pragma once

#include "fd.h"

#include <napi.h>

#include <functional>

namespace weft {

/**
 * Owns a descriptor and watches it for reading on the loop of an environment, which closes it when it ends. Everything
 * happens on that loop's thread. It starts with keeping the loop alive.
 */
class Poll {
 public:
  /** `onReadable` gets 0, or a negative errno where the descriptor reports an error. It must not throw. */
  using OnReadable = std::function<void(int status)>;

  /** Throws SystemError where the descriptor cannot be watched. */
  Poll(Napi::Env env, Fd fd, OnReadable onReadable);
  ~Poll() { Close(); }
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  bool closed() const { return handle_ == nullptr; }
  /** -1 once closed. */
  int fd() const;
  void Ref();
  void Unref();
  /** libuv stops watching where it reported an error: goes on. */
  void Resume();
  /** Closes the descriptor at once; idempotent, also from within `onReadable`, which is not called any more. */
  void Close();

 private:
  struct Handle;
  Handle* handle_ = nullptr;
};

}  // namespace weft
