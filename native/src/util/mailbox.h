#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace weft {

/**
 * The way back from other threads: what they post runs on the loop of the environment, in order, each with a tick of
 * the microtask queue afterwards. It ends with the environment; what is posted or still waits then, is dropped.
 */
class Mailbox {
 public:
  using Task = std::function<void(Napi::Env)>;

  /** `name` is what async_hooks and diagnostics show. */
  static std::shared_ptr<Mailbox> Create(Napi::Env env, const char* name);

  /** From any thread. A dropped task is destroyed on the caller's thread, so it must own nothing of JavaScript's. */
  void Post(Task task);

  /** On the loop's thread: the loop stays alive while more was kept than released. It starts with nothing kept. */
  void Keep();
  void Release();

 private:
  struct Handle;

  Mailbox() = default;
  void Run(Napi::Env env, napi_async_context context);

  Handle* handle_ = nullptr;
  int kept_ = 0;

  std::mutex mutex_;
  bool open_ = false;
  std::vector<Task> tasks_;
};

}  // namespace weft
