#pragma once

namespace weft {

/**
 * Makes libvirt ready for this process, once: no output of its own on stderr, and the default event loop on a thread,
 * which keepalive and events need. It runs as long as the process. Throws SystemError where no thread can be had,
 * Failure where libvirt cannot start. Must come before the first connection.
 */
void StartEventLoop();

/**
 * Waits until its thread is done with what it has begun. Not from that thread, and not before it was started. Throws
 * Failure.
 */
void AwaitEventLoop();

}  // namespace weft
