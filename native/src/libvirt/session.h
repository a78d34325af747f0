#pragma once

#include "../util/work_queue.h"
#include "domain_event.h"

#include <libvirt/libvirt.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
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
  /** From libvirt's thread, as long as events are wanted and for a moment after. */
  DomainListener onEvent;
};

/**
 * A connection to libvirt with threads of its own. It knows no JavaScript. `Do` and `End` are for the thread that made
 * it, the rest is for jobs.
 */
class Session : public std::enable_shared_from_this<Session> {
 public:
  using Job = std::function<void(Session&)>;

  explicit Session(SessionSettings settings);

  bool ended() const { return queue_.closed(); }
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
  virConnectPtr connection() const { return connection_; }
  /** Whether events are wanted, for the next Watch. From any thread. */
  void WantEvents(bool wanted) { eventsWanted_ = wanted; }
  /**
   * Makes libvirt tell events, or no more, as wanted last: whichever of two jobs comes second, does what was wanted
   * second. Throws Failure.
   */
  void Watch();

 private:
  void Close();
  void StopEvents();

  SessionSettings settings_;
  WorkQueue queue_;
  virConnectPtr connection_ = nullptr;
  /** The number under which `onBroken` is known. */
  void* watcher_ = nullptr;
  std::promise<void> end_;
  std::shared_future<void> ended_ = end_.get_future().share();

  std::atomic<bool> eventsWanted_ = false;
  std::mutex mutex_;
  /** libvirt's numbers of the registered listeners. It allows one of a kind for a connection. */
  std::vector<int> listeners_;
};

}  // namespace weft
