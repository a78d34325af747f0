#pragma once

namespace weft {

/** Has a terminal hand on every byte as it is, in both directions (cfmakeraw(3), `stty raw -echo`). Throws SystemError.
 */
void MakeRaw(int descriptor);

}  // namespace weft
