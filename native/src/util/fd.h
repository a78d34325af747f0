#pragma once

#include <unistd.h>

#include <utility>

namespace weft {

/** Owns one file descriptor. */
class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  ~Fd() { Close(); }

  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  Fd(Fd&& other) noexcept : number_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Close();
      number_ = other.Release();
    }
    return *this;
  }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

  /** Gives the descriptor away. */
  int Release() { return std::exchange(number_, -1); }

  void Close() {
    // Linux closes the descriptor even where close() reports EINTR: never retried.
    if (number_ >= 0) close(Release());
  }

 private:
  int number_ = -1;
};

}  // namespace weft
