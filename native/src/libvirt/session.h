#pragma once

#include "../util/work_queue.h"
#include "domain_event.h"
#include "failure.h"
#include "lines.h"

#include <libvirt/libvirt.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft {

using OnBroken = std::function<void(int reason)>;

/** See ConnectOptions in native/libvirt.ts. */
struct SessionSettings {
  std::string uri;
  size_t threads = 4;
  int keepaliveSeconds = 5;
  unsigned keepaliveCount = 3;
  /** From libvirt's thread, with virConnectCloseReason. Must not close the session. */
  OnBroken onBroken;
  /** From libvirt's thread, until the session is closed and for a moment after. */
  DomainListener onEvent;
};

/**
 * A connection to libvirt with threads of its own: one that tells events and that the daemon has ended or hangs, and
 * lines for calls. It knows no JavaScript. `Do` and `End` are for the thread that made it, `Open` and `Take` for jobs.
 */
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Job = std::function<void(Session&)>;

  explicit Session(SessionSettings settings);

  bool ended() const { return queue_.closed(); }
  /** The daemon has ended or hangs: calls that have begun may never settle. */
  bool broken() const { return broken_; }
  /** Runs a job on a thread. Throws SystemError where there is none. Not after End. */
  void Do(Job job);
  /** Closes when all jobs are done, then calls `then` on a thread. Without effect where it was called before. */
  void End(std::function<void()> then);
  /** Closes when the jobs that have begun are done. */
  void Abandon();
  /** Waits until it is closed; returns whether it is. */
  bool WaitUntil(std::chrono::steady_clock::time_point deadline) const;

  /** Throws Failure. */
  void Open();
  /** For one call. Throws Failure. */
  Lines::Line Take();
  /** Why events are not told. Once it is open. */
  const std::optional<Failure>& deafness() const { return deafness_; }

 private:
  void Listen();
  void Close();
  void CloseWatch();

  SessionSettings settings_;
  WorkQueue queue_;
  Lines lines_;
  /** Nothing is called on it from when keepalive starts until that has ended: see Lines. */
  virConnectPtr watch_ = nullptr;
  std::atomic<bool> broken_ = false;
  /** The number under which `onBroken` is known. */
  void* watcher_ = nullptr;
  std::promise<void> end_;
  std::shared_future<void> ended_ = end_.get_future().share();

  /** libvirt's numbers of the registered listeners. It allows one of a kind for a connection. */
  std::vector<int> listeners_;
  std::optional<Failure> deafness_;
};

}  // namespace weft
