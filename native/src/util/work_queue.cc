#include "work_queue.h"

#include "system_error.h"
#include "thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace weft {

/** Shared with the threads, which nobody joins: a call may block for long, and Node does not wait for it. */
struct WorkQueue::State {
  const char* name = "";
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> jobs;
  Job last;
  bool closed = false;
  size_t mostThreads = 1;
  size_t threads = 0;
  size_t idle = 0;
};

WorkQueue::WorkQueue(const char* name, size_t mostThreads) : state_(std::make_shared<State>()) {
  state_->name = name;
  state_->mostThreads = mostThreads;
}

WorkQueue::~WorkQueue() { Close({}); }

bool WorkQueue::closed() const {
  const std::lock_guard lock(state_->mutex);
  return state_->closed;
}

void WorkQueue::Add(Job job) {
  const std::lock_guard lock(state_->mutex);
  // One thread for each job that waits, up to the limit.
  if (state_->jobs.size() >= state_->idle && state_->threads < state_->mostThreads) {
    try {
      StartThread(state_->name, [state = state_] { Work(state); }).detach();
      state_->threads++;
    } catch (const SystemError&) {
      if (state_->threads == 0) throw;
    }
  }
  state_->jobs.push_back(std::move(job));
  state_->wake.notify_one();
}

void WorkQueue::Close(Job last) {
  std::unique_lock lock(state_->mutex);
  if (state_->closed) return;
  state_->closed = true;
  if (state_->threads > 0) {
    state_->last = std::move(last);
    state_->wake.notify_all();
    return;
  }
  // Nothing ever ran, so there is little to end.
  lock.unlock();
  if (last) last();
}

void WorkQueue::Drop() {
  std::deque<Job> dropped;
  const std::lock_guard lock(state_->mutex);
  dropped.swap(state_->jobs);
}

void WorkQueue::Work(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    if (!state->jobs.empty()) {
      auto job = std::move(state->jobs.front());
      state->jobs.pop_front();
      lock.unlock();
      job();
      // What the job holds goes here as well, not under the lock.
      job = nullptr;
      lock.lock();
    } else if (state->closed) {
      break;
    } else {
      state->idle++;
      state->wake.wait(lock);
      state->idle--;
    }
  }
  if (--state->threads > 0 || !state->last) return;
  const auto last = std::exchange(state->last, nullptr);
  lock.unlock();
  last();
}

}  // namespace weft
