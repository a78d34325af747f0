#include "terminal.h"

#include "../util/system_error.h"

#include <errno.h>

#include <termios.h>

namespace weft {

void MakeRaw(int descriptor) {
  termios settings;
  if (tcgetattr(descriptor, &settings) < 0) throw SystemError(errno, "tcgetattr");
  cfmakeraw(&settings);
  if (tcsetattr(descriptor, TCSANOW, &settings) < 0) throw SystemError(errno, "tcsetattr");
}

}  // namespace weft
