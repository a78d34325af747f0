#include "environment.h"

#include <chrono>

namespace weft {

void Environment::Add(const std::shared_ptr<Session>& session) {
  std::erase_if(sessions, [](const auto& known) { return known.expired(); });
  sessions.push_back(session);
}

void Environment::End() {
  std::vector<std::shared_ptr<Session>> open;
  for (const auto& known : sessions) {
    if (auto session = known.lock()) open.push_back(std::move(session));
  }
  for (const auto& session : open) session->Abandon();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  for (const auto& session : open) session->WaitUntil(deadline);
}

}  // namespace weft
