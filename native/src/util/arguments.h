#pragma once

#include <napi.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

/**
 * Typed reads of what JavaScript passed. They keep a caller's mistake from becoming undefined behaviour and name the
 * argument; what values make sense is the business of TypeScript.
 */
namespace weft {

/** Throws a TypeError with code ERR_INVALID_ARG_TYPE. */
[[noreturn]] void ThrowInvalidType(Napi::Env env, const std::string& name, const std::string& expected);
/** Throws a RangeError with code ERR_OUT_OF_RANGE. */
[[noreturn]] void ThrowOutOfRange(Napi::Env env, const std::string& name, const std::string& expected);

inline constexpr uint32_t largestUnsigned = std::numeric_limits<uint32_t>::max();

std::string ToText(Napi::Value value, const std::string& name);
/** An integer from `least` to `most`. */
uint32_t ToUnsigned(Napi::Value value, const std::string& name, uint32_t least = 0, uint32_t most = largestUnsigned);
bool ToBoolean(Napi::Value value, const std::string& name);
Napi::Function ToFunction(Napi::Value value, const std::string& name);
Napi::Object ToObject(Napi::Value value, const std::string& name);
std::vector<uint32_t> ToUnsignedList(Napi::Value value, const std::string& name);

/** Reads a value with one of the readers above, or nothing where it is undefined. */
template <typename Reader, typename... Limits>
auto Optional(Reader reader, Napi::Value value, const std::string& name, Limits... limits)
    -> std::optional<decltype(reader(value, name, limits...))> {
  if (value.IsUndefined()) return std::nullopt;
  return reader(value, name, limits...);
}

}  // namespace weft
