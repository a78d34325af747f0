#pragma once

#include <functional>
#include <optional>
#include <string>

namespace weft {

/**
 * Runs a function in the network namespace of a path (`nsenter --net=PATH`), or here where there is none. setns(2)
 * moves a thread, so it runs on a short-lived one: Node's threads stay where they are, and what is opened there, stays
 * there. What it throws, this throws; SystemError of `open`, `setns` or `pthread_create` where it did not get there.
 */
void InNetworkNamespace(const std::optional<std::string>& path, const std::function<void()>& function);

}  // namespace weft
