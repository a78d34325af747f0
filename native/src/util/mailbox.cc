#include "mailbox.h"

#include "callback.h"
#include "system_error.h"

#include <uv.h>

#include <errno.h>

#include <utility>

namespace weft {

/** What libuv holds on to until it says that it is done. */
struct Mailbox::Handle {
  uv_async_t uv{};
  Napi::Env env;
  Napi::AsyncContext context;
  std::shared_ptr<Mailbox> mailbox;
  napi_async_cleanup_hook_handle hook = nullptr;

  Handle(Napi::Env environment, const char* name, std::shared_ptr<Mailbox> owner)
      : env(environment), context(environment, name), mailbox(std::move(owner)) {}

  uv_handle_t* generic() { return reinterpret_cast<uv_handle_t*>(&uv); }

  /** The environment ends. */
  void Close() {
    {
      const std::lock_guard lock(mailbox->mutex_);
      mailbox->open_ = false;
      mailbox->tasks_.clear();
    }
    mailbox->handle_ = nullptr;
    uv_close(generic(), [](uv_handle_t* closed) {
      const std::unique_ptr<Handle> handle(static_cast<Handle*>(closed->data));
      napi_remove_async_cleanup_hook(handle->hook);
    });
  }
};

std::shared_ptr<Mailbox> Mailbox::Create(Napi::Env env, const char* name) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw SystemError(ENOSYS, "uv_async_init");

  const std::shared_ptr<Mailbox> mailbox(new Mailbox());
  auto handle = std::make_unique<Handle>(env, name, mailbox);
  const auto wake = [](uv_async_t* async) {
    auto* woken = static_cast<Handle*>(async->data);
    // A copy: a task may end the environment.
    const auto owner = woken->mailbox;
    owner->Run(woken->env, woken->context);
  };
  if (const int status = uv_async_init(loop, &handle->uv, wake); status < 0) {
    throw SystemError(-status, "uv_async_init");
  }
  // From here on libuv knows the handle: only its close callback may free it.
  auto* watched = handle.release();
  watched->uv.data = watched;
  uv_unref(watched->generic());
  const auto hook = [](napi_async_cleanup_hook_handle, void* data) { static_cast<Handle*>(data)->Close(); };
  if (napi_add_async_cleanup_hook(env, hook, watched, &watched->hook) != napi_ok) {
    watched->Close();
    throw SystemError(ENOMEM, "napi_add_async_cleanup_hook");
  }
  mailbox->handle_ = watched;
  mailbox->open_ = true;
  return mailbox;
}

void Mailbox::Post(Task task) {
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  tasks_.push_back(std::move(task));
  // Under the lock: the handle is not closed in between.
  uv_async_send(&handle_->uv);
}

void Mailbox::Keep() {
  if (kept_++ == 0 && handle_ != nullptr) uv_ref(handle_->generic());
}

void Mailbox::Release() {
  if (--kept_ == 0 && handle_ != nullptr) uv_unref(handle_->generic());
}

void Mailbox::Run(Napi::Env env, napi_async_context context) {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) {
    const Napi::HandleScope handles(env);
    try {
      const Napi::CallbackScope scope(env, context);
      try {
        task(env);
      } catch (const Napi::Error& error) {
        error.ThrowAsJavaScriptException();
      }
      RaisePendingException(env);
    } catch (const Napi::Error&) {
      // The environment is ending: no scope can be opened.
      return;
    }
  }
}

}  // namespace weft
