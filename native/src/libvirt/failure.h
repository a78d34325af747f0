#pragma once

#include <napi.h>

#include <exception>
#include <string>

namespace weft {

/** A call of libvirt that failed: LibvirtError of native/libvirt.ts before it reaches JavaScript. */
class Failure : public std::exception {
 public:
  /** The last error of this thread. `operation` is the function that reported it. */
  static Failure Last(const char* operation);
  /** The connection was closed by the caller before. */
  static Failure Closed(const char* operation);
  /** The daemon has ended or hangs. */
  static Failure Broken(const char* operation) { return Internal(operation, "the connection is broken"); }
  /** Something else than libvirt failed. */
  static Failure Internal(const char* operation, const char* message);

  int number() const { return number_; }
  const char* what() const noexcept override { return message_.c_str(); }
  Napi::Error ToJavaScript(Napi::Env env) const;

 private:
  int number_ = 0;
  int domain_ = 0;
  std::string code_;
  std::string operation_;
  std::string message_;
};

/** Passes on what a call of libvirt returned; throws the failure where it is negative. */
int Check(int result, const char* operation);

/** The same for calls that return a pointer. */
template <typename Type>
Type* Check(Type* result, const char* operation) {
  if (result == nullptr) throw Failure::Last(operation);
  return result;
}

}  // namespace weft
