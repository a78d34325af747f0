#include "arguments.h"

#include <cmath>

namespace weft {

void ThrowInvalidType(Napi::Env env, const std::string& name, const std::string& expected) {
  auto error = Napi::TypeError::New(env, "the argument '" + name + "' must be " + expected);
  error.Set("code", "ERR_INVALID_ARG_TYPE");
  throw error;
}

void ThrowOutOfRange(Napi::Env env, const std::string& name, const std::string& expected) {
  auto error = Napi::RangeError::New(env, "the argument '" + name + "' must be " + expected);
  error.Set("code", "ERR_OUT_OF_RANGE");
  throw error;
}

std::string ToText(Napi::Value value, const std::string& name) {
  if (!value.IsString()) ThrowInvalidType(value.Env(), name, "a string");
  auto text = value.As<Napi::String>().Utf8Value();
  // C would read such a text to the null byte only, which is another one than the caller meant.
  if (text.find('\0') != std::string::npos) ThrowOutOfRange(value.Env(), name, "a string without null bytes");
  return text;
}

uint32_t ToUnsigned(Napi::Value value, const std::string& name, uint32_t least, uint32_t most) {
  if (!value.IsNumber()) ThrowInvalidType(value.Env(), name, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= least && number <= most) || std::floor(number) != number) {
    ThrowOutOfRange(value.Env(), name, "an integer from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return static_cast<uint32_t>(number);
}

bool ToBoolean(Napi::Value value, const std::string& name) {
  if (!value.IsBoolean()) ThrowInvalidType(value.Env(), name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

Napi::Function ToFunction(Napi::Value value, const std::string& name) {
  if (!value.IsFunction()) ThrowInvalidType(value.Env(), name, "a function");
  return value.As<Napi::Function>();
}

Napi::Object ToObject(Napi::Value value, const std::string& name) {
  if (!value.IsObject()) ThrowInvalidType(value.Env(), name, "an object");
  return value.As<Napi::Object>();
}

std::vector<uint32_t> ToUnsignedList(Napi::Value value, const std::string& name) {
  if (!value.IsArray()) ThrowInvalidType(value.Env(), name, "an array of numbers");
  const auto array = value.As<Napi::Array>();
  std::vector<uint32_t> numbers;
  for (uint32_t index = 0; index < array.Length(); index++) {
    numbers.push_back(ToUnsigned(array.Get(index), name + "[" + std::to_string(index) + "]"));
  }
  return numbers;
}

}  // namespace weft
