#pragma once

#include <functional>
#include <thread>

namespace weft {

/**
 * A thread that receives no signals: those are Node's. `name` has 15 characters at most. Throws SystemError (EAGAIN)
 * where the process may have no more threads.
 */
std::thread StartThread(const char* name, std::function<void()> body);

}  // namespace weft
