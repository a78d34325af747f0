#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft {

/** A field of `union bpf_attr` that only the addon can fill: the address of a buffer or the number of a descriptor. */
struct BpfReference {
  size_t offset;
  std::vector<uint8_t> bytes;
  /** What it refers to: a typed array or a BpfDescriptor. */
  Napi::Object to;
};

/** What bpf(2) is asked, for any thread. */
struct BpfRequest {
  uint32_t command;
  std::vector<uint8_t> attribute;
  /** What goes into it for the time of the call: addresses and numbers are nobody's business. */
  std::vector<std::pair<size_t, std::vector<uint8_t>>> filled;
  std::optional<std::string> network_namespace;

  /** What bpf(2) returned; what the kernel wrote is in the attribute afterwards. Throws SystemError. */
  int Run();
};

/** One call of bpf(2), read from (command, attribute, references, options) of native/bpf.ts. */
class BpfCall {
 public:
  explicit BpfCall(const Napi::CallbackInfo& info);

  /** What bpf(2) returned; what the kernel wrote into the attribute is in the caller's, also where it throws
   * SystemError. */
  int Run();

  BpfRequest Request() const;
  const Napi::Uint8Array& attribute() const { return attribute_; }
  const std::vector<BpfReference>& references() const { return references_; }

 private:
  uint32_t command_;
  /** The caller's, which stays as it is but for what the kernel answers. */
  Napi::Uint8Array attribute_;
  std::vector<BpfReference> references_;
  std::optional<std::string> network_namespace_;
};

}  // namespace weft
