#pragma once

#include <string>

namespace weft {

/** The name of a virErrorNumber without VIR_ERR_, for instance NO_DOMAIN; the number itself where it has none here. */
std::string ErrorCode(int number);

}  // namespace weft
