#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace weft {

/**
 * Jobs that block, on threads of their own, which start as they are needed and live until the queue is closed. Used
 * from one thread; destroying it closes it.
 */
class WorkQueue {
 public:
  /** Must not throw. */
  using Job = std::function<void()>;

  /** `name` is that of the threads, of 15 characters at most. */
  WorkQueue(const char* name, size_t mostThreads);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  bool closed() const;

  /** Throws SystemError where there is no thread to run it. Not for a closed queue. */
  void Add(Job job);

  /** Runs `last` when all jobs are done, and takes no more. Without effect where it is closed. */
  void Close(Job last);

  /** Drops the jobs that have not begun. */
  void Drop();

 private:
  struct State;
  static void Work(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace weft
