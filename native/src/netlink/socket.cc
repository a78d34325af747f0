#include "socket.h"

#include "../util/arguments.h"
#include "../util/callback.h"
#include "../util/system_error.h"
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace weft {
namespace {

/** What one wake-up handles at most, so that a flood of events does not starve the rest of the loop. */
constexpr int datagramsPerWakeUp = 64;

/**
 * Room offered with every read and never written, since the part before it has the size of the datagram: the kernel
 * makes the datagrams of a dump as large as the largest read that it has seen, up to this size (netlink_recvmsg,
 * netlink_dump).
 */
char room[32768];

NetlinkSettings ReadSettings(Napi::Value protocol, Napi::Object options) {
  NetlinkSettings settings;
  settings.protocol = ToUnsigned(protocol, "protocol", 0, MAX_LINKS - 1);
  settings.network_namespace = Optional(ToText, options.Get("namespace"), "options.namespace");
  if (auto groups = Optional(ToUnsignedList, options.Get("groups"), "options.groups")) settings.groups = *groups;
  constexpr uint32_t most = std::numeric_limits<int>::max();
  const auto bytes = Optional(ToUnsigned, options.Get("receiveBufferBytes"), "options.receiveBufferBytes", 1u, most);
  if (bytes) settings.receiveBufferBytes = *bytes;
  return settings;
}

Napi::Uint8Array ToDatagram(Napi::Env env, Napi::Value value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    ThrowInvalidType(env, "datagram", "a Uint8Array");
  }
  return value.As<Napi::Uint8Array>();
}

/** The kernel handles the messages before this returns; their answers wait in the receive buffer. Throws SystemError.
 */
void SendToKernel(int fd, const uint8_t* bytes, size_t size) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (sendto(fd, bytes, size, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0) {
    throw SystemError(errno, "sendto");
  }
}

/** A datagram that is sent on a thread of libuv's. It deletes itself. */
class Sending : public Napi::AsyncWorker {
 public:
  Sending(Napi::Env env, Fd fd, std::vector<uint8_t> bytes)
      : AsyncWorker(env, "weft:netlink"), deferred_(env), fd_(std::move(fd)), bytes_(std::move(bytes)) {}

  Napi::Promise Promise() const { return deferred_.Promise(); }

 private:
  void Execute() override {
    try {
      SendToKernel(fd_.get(), bytes_.data(), bytes_.size());
    } catch (const SystemError& error) {
      failure_ = error;
    }
    fd_.Close();
  }

  void OnOK() override {
    if (failure_) {
      deferred_.Reject(failure_->ToJavaScript(Env()).Value());
    } else {
      deferred_.Resolve(Env().Undefined());
    }
  }

  Napi::Promise::Deferred deferred_;
  Fd fd_;
  std::vector<uint8_t> bytes_;
  std::optional<SystemError> failure_;
};

}  // namespace

Napi::Function NetlinkSocket::Define(Napi::Env env) {
  return DefineClass(env, "NetlinkSocket",
                     {
                         InstanceAccessor<&NetlinkSocket::GetPortId>("portId"),
                         InstanceAccessor<&NetlinkSocket::IsClosed>("closed"),
                         InstanceMethod<&NetlinkSocket::Send>("send"),
                         InstanceMethod<&NetlinkSocket::SendLater>("sendLater"),
                         InstanceMethod<&NetlinkSocket::Join>("join"),
                         InstanceMethod<&NetlinkSocket::Leave>("leave"),
                         InstanceMethod<&NetlinkSocket::Ref>("ref"),
                         InstanceMethod<&NetlinkSocket::Unref>("unref"),
                         InstanceMethod<&NetlinkSocket::Close>("close"),
                     });
}

NetlinkSocket::NetlinkSocket(const Napi::CallbackInfo& info)
    : ObjectWrap(info), context_(info.Env(), "weft:netlink", info.This().As<Napi::Object>()) {
  const auto env = info.Env();
  const auto options = ToObject(info[1], "options");
  const auto onDatagram = ToFunction(options.Get("onDatagram"), "options.onDatagram");
  const auto onError = ToFunction(options.Get("onError"), "options.onError");
  const auto settings = ReadSettings(info[0], options);

  WithSystemErrors(env, [&] {
    auto opened = OpenNetlink(settings);
    portId_ = opened.portId;
    poll_ = std::make_unique<Poll>(env, std::move(opened.fd), [this](int status) { Drain(status); });
  });

  auto callbacks = Napi::Array::New(env, 2);
  callbacks[0u] = onDatagram;
  callbacks[1u] = onError;
  Value().DefineProperty(Napi::PropertyDescriptor::Value(Napi::Symbol::New(env, "callbacks"), callbacks));
  onDatagram_ = Napi::Weak(onDatagram);
  onError_ = Napi::Weak(onError);
  SetReferenced(true);
}

Napi::Value NetlinkSocket::GetPortId(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), portId_); }

Napi::Value NetlinkSocket::IsClosed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), poll_->closed());
}

int NetlinkSocket::Open(Napi::Env env, const char* operation) const {
  if (poll_->closed()) throw SystemError(EBADF, operation, "closed socket").ToJavaScript(env);
  return poll_->fd();
}

void NetlinkSocket::Send(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const int fd = Open(env, "sendto");
  const auto datagram = ToDatagram(env, info[0]);
  WithSystemErrors(env, [&] { SendToKernel(fd, datagram.Data(), datagram.ByteLength()); });
}

Napi::Value NetlinkSocket::SendLater(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const int fd = Open(env, "sendto");
  const auto datagram = ToDatagram(env, info[0]);
  // The socket may be closed meanwhile, and its number another file's.
  Fd own(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!own) throw SystemError(errno, "fcntl").ToJavaScript(env);
  std::vector<uint8_t> bytes(datagram.Data(), datagram.Data() + datagram.ByteLength());
  auto* sending = new Sending(env, std::move(own), std::move(bytes));
  const auto promise = sending->Promise();
  sending->Queue();
  return promise;
}

void NetlinkSocket::ChangeMembership(const Napi::CallbackInfo& info, int option) {
  const int fd = Open(info.Env(), "setsockopt");
  const auto group = ToUnsigned(info[0], "group");
  WithSystemErrors(info.Env(), [&] { SetMembership(fd, option, group); });
}

void NetlinkSocket::Join(const Napi::CallbackInfo& info) { ChangeMembership(info, NETLINK_ADD_MEMBERSHIP); }
void NetlinkSocket::Leave(const Napi::CallbackInfo& info) { ChangeMembership(info, NETLINK_DROP_MEMBERSHIP); }

void NetlinkSocket::SetReferenced(bool referenced) {
  if (referenced_ == referenced || poll_->closed()) return;
  referenced_ = referenced;
  if (referenced) {
    poll_->Ref();
    ObjectWrap::Ref();
  } else {
    poll_->Unref();
    ObjectWrap::Unref();
  }
}

void NetlinkSocket::Ref(const Napi::CallbackInfo&) { SetReferenced(true); }
void NetlinkSocket::Unref(const Napi::CallbackInfo&) { SetReferenced(false); }
void NetlinkSocket::Close(const Napi::CallbackInfo&) { CloseDescriptor(); }

void NetlinkSocket::CloseDescriptor() {
  SetReferenced(false);
  poll_->Close();
}

void NetlinkSocket::Drain(int status) {
  const Napi::HandleScope scope(Env());
  const auto self = Value();
  // Collected already, and its finalizer is due.
  if (self.IsEmpty()) return;
  int heard = 0;
  try {
    for (int count = 0; count < datagramsPerWakeUp && !poll_->closed(); count++) {
      const Napi::HandleScope each(Env());
      // Looks at the size first: a datagram of any size arrives whole, in a buffer of its size.
      const auto size = recv(poll_->fd(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
      if (size < 0 && errno == EAGAIN) break;
      heard++;
      if (size >= 0) {
        Receive(self, static_cast<size_t>(size));
      } else if (errno != EINTR) {
        Fail(self, errno);
      }
    }
    // libuv stops watching at POLLERR, which is how the kernel announces ENOBUFS: that was read above, so it goes on.
    // An error that cannot be read would be announced for ever.
    if (status < 0 && heard > 0) poll_->Resume();
    if (status < 0 && heard == 0) Fail(self, -status);
  } catch (const Napi::Error& error) {
    // No memory for a buffer, or the environment is ending. It must not leave through libuv.
    error.ThrowAsJavaScriptException();
    RaisePendingException(Env());
  }
}

void NetlinkSocket::Receive(Napi::Object self, size_t size) {
  auto datagram = Napi::Buffer<uint8_t>::New(Env(), size);
  iovec parts[] = {{datagram.Data(), size}, {room, sizeof room}};
  sockaddr_nl sender{};
  msghdr message{};
  message.msg_name = &sender;
  message.msg_namelen = sizeof sender;
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  const auto received = recvmsg(poll_->fd(), &message, 0);
  if (received < 0) return Fail(self, errno);
  // Any process may send to a port id; only the kernel is listened to.
  if (sender.nl_pid != 0 || static_cast<size_t>(received) != size) return;
  const auto onDatagram = onDatagram_.Value();
  if (!onDatagram.IsEmpty()) CallBack(Env(), context_, self, onDatagram, {datagram});
}

void NetlinkSocket::Fail(Napi::Object self, int number) {
  // ENOBUFS says that messages were lost and the socket goes on; nothing else is expected of a socket that works.
  if (number != ENOBUFS) CloseDescriptor();
  const auto error = SystemError(number, "recvmsg").ToJavaScript(Env());
  const auto onError = onError_.Value();
  if (!onError.IsEmpty()) CallBack(Env(), context_, self, onError, {error.Value()});
}

}  // namespace weft
