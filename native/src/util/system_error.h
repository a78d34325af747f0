#pragma once

#include <napi.h>

#include <exception>
#include <string>
#include <utility>

namespace weft {

/** A system call that failed, for places that know no JavaScript (other threads, helpers). */
class SystemError : public std::exception {
 public:
  SystemError(int number, std::string syscall, std::string subject = {})
      : number_(number), syscall_(std::move(syscall)), subject_(std::move(subject)) {}

  int number() const { return number_; }
  const char* what() const noexcept override { return syscall_.c_str(); }

  /**
   * As Node's own: message "EBUSY: resource busy or locked, ioctl 'tap0'", `code`, `errno` (negative), `syscall` and,
   * where there is one, `subject`.
   */
  Napi::Error ToJavaScript(Napi::Env env) const;

 private:
  int number_;
  std::string syscall_;
  std::string subject_;
};

/** Runs a function at the edge to JavaScript: a failed system call becomes a JavaScript error. */
template <typename Function>
auto WithSystemErrors(Napi::Env env, Function&& function) {
  try {
    return function();
  } catch (const SystemError& error) {
    throw error.ToJavaScript(env);
  }
}

}  // namespace weft
