#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft {

/** A field of `union bpf_attr` that only the addon can fill: the address of a buffer or the number of a descriptor. */
struct BpfReference {
  size_t offset;
  std::vector<uint8_t> bytes;
};

/** One call of bpf(2), read from (command, attribute, references, options) of native/bpf.ts. */
class BpfCall {
 public:
  explicit BpfCall(const Napi::CallbackInfo& info);

  /** What bpf(2) returned; what the kernel wrote into the attribute is in the caller's. Throws SystemError. */
  int Run();

 private:
  uint32_t command_;
  /** The caller's, which stays as it is but for what the kernel answers. */
  Napi::Uint8Array attribute_;
  std::vector<BpfReference> references_;
  std::optional<std::string> network_namespace_;
};

}  // namespace weft
