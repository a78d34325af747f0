#pragma once

#include <libvirt/libvirt.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace weft {

/**
 * Connections to one daemon, each lent to one call at a time, opened as they are needed. Two calls must not share one:
 * libvirt's client waits for the daemon in one thread for all of them, which another call or a keepalive message wakes,
 * and before version 10.4 leaves on that thread's stack what it waited with (CVE-2024-4418). Where the thread goes
 * before the daemon answers, as when keepalive ends the connection, the next one to wait writes there: the process
 * crashes. So there is no keepalive on them either; the session has a connection of its own for that.
 */
class Lines {
 public:
  /** One that is lent: given back when it goes. Whatever is a domain of it goes before it. */
  class Line {
   public:
    Line(Lines& lines, virConnectPtr connection) : lines_(lines), connection_(connection) {}
    ~Line() { lines_.GiveBack(connection_); }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    // To be used as the connection that it is.
    operator virConnectPtr() const { return connection_; }

   private:
    Lines& lines_;
    virConnectPtr connection_;
  };

  explicit Lines(std::string uri) : uri_(std::move(uri)) {}

  /** On a thread that may block. Throws Failure. */
  Line Take();
  /** Closes those that nobody has. On a thread that may block. */
  void Close();

 private:
  void GiveBack(virConnectPtr connection);

  const std::string uri_;
  std::mutex mutex_;
  std::vector<virConnectPtr> idle_;
};

}  // namespace weft
