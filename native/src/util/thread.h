#pragma once

#include <functional>
#include <thread>

namespace weft {

/**
 * A thread that receives no signals: those are Node's. Throws SystemError (EAGAIN) where the process may have no more.
 */
std::thread StartThread(std::function<void()> body);

}  // namespace weft
