#pragma once

#include "../util/mailbox.h"
#include "session.h"

#include <memory>
#include <vector>

namespace weft {

/** What the connections of one JavaScript environment share. Used on its thread only. */
struct Environment : std::enable_shared_from_this<Environment> {
  std::shared_ptr<Mailbox> mailbox;
  /** All that are not closed, also those whose object was collected. */
  std::vector<std::weak_ptr<Session>> sessions;

  void Add(const std::shared_ptr<Session>& session);
  /**
   * Closes all sessions and waits for it a little: what is closed in order does not race with the end of the process,
   * and a daemon that hangs does not hold it up.
   */
  void End();
};

}  // namespace weft
