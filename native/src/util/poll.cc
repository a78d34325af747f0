#include "poll.h"

#include "system_error.h"

#include <uv.h>

#include <errno.h>

#include <memory>
#include <utility>

namespace weft {

/** What libuv holds on to until it says that it is done, longer than the Poll. */
struct Poll::Handle {
  uv_poll_t uv{};
  Fd fd;
  Poll* owner;
  OnReadable onReadable;
  /** Makes the environment wait for libuv when it ends. */
  napi_async_cleanup_hook_handle hook = nullptr;

  Handle(Fd descriptor, Poll* poll, OnReadable callback)
      : fd(std::move(descriptor)), owner(poll), onReadable(std::move(callback)) {}

  static Handle* Of(uv_poll_t* poll) { return static_cast<Handle*>(poll->data); }

  int Start() {
    return uv_poll_start(&uv, UV_READABLE, [](uv_poll_t* poll, int status, int) {
      auto* handle = Of(poll);
      if (handle->owner != nullptr) handle->onReadable(status);
    });
  }

  void Close() {
    owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&uv), [](uv_handle_t* closed) {
      const std::unique_ptr<Handle> handle(static_cast<Handle*>(closed->data));
      if (handle->hook != nullptr) napi_remove_async_cleanup_hook(handle->hook);
    });
    fd.Close();
  }
};

Poll::Poll(Napi::Env env, Fd fd, OnReadable onReadable) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw SystemError(ENOSYS, "uv_poll_init");

  auto handle = std::make_unique<Handle>(std::move(fd), this, std::move(onReadable));
  if (const int status = uv_poll_init(loop, &handle->uv, handle->fd.get()); status < 0) {
    throw SystemError(-status, "uv_poll_init");
  }
  // From here on libuv knows the handle: only its close callback may free it.
  auto* watched = handle.release();
  watched->uv.data = watched;
  handle_ = watched;
  int status = watched->Start();
  if (status == 0) {
    const auto hook = [](napi_async_cleanup_hook_handle, void* data) {
      // Closed before: its callback is on the way and removes the hook.
      if (auto* owner = static_cast<Handle*>(data)->owner) owner->Close();
    };
    if (napi_add_async_cleanup_hook(env, hook, watched, &watched->hook) != napi_ok) status = -ENOMEM;
  }
  if (status < 0) {
    Close();
    throw SystemError(-status, "uv_poll_start");
  }
}

int Poll::fd() const { return handle_ == nullptr ? -1 : handle_->fd.get(); }

void Poll::Ref() {
  if (handle_ != nullptr) uv_ref(reinterpret_cast<uv_handle_t*>(&handle_->uv));
}

void Poll::Unref() {
  if (handle_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(&handle_->uv));
}

void Poll::Resume() {
  if (handle_ != nullptr) handle_->Start();
}

void Poll::Close() {
  if (auto* handle = std::exchange(handle_, nullptr)) handle->Close();
}

}  // namespace weft
