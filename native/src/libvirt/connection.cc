#include "connection.h"

#include "../util/arguments.h"
#include "../util/callback.h"
#include "../util/system_error.h"
#include "promised.h"
#include "values.h"

#include <libvirt/libvirt.h>

#include <utility>

namespace weft {
namespace {

Napi::Value Resolved(Napi::Env env) {
  const auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Resolve(env.Undefined());
  return deferred.Promise();
}

SessionSettings ReadSettings(const std::string& uri, Napi::Object options) {
  SessionSettings settings;
  settings.uri = uri;
  const auto read = [&](const char* name, uint32_t least, uint32_t most) {
    return Optional(ToUnsigned, options.Get(name), std::string("options.") + name, least, most);
  };
  if (const auto threads = read("threads", 1, 64)) settings.threads = *threads;
  if (const auto seconds = read("keepaliveSeconds", 1, 3600)) settings.keepaliveSeconds = static_cast<int>(*seconds);
  if (const auto count = read("keepaliveCount", 1, 3600)) settings.keepaliveCount = *count;
  return settings;
}

const char* NameOfReason(int reason) {
  switch (reason) {
    case VIR_CONNECT_CLOSE_REASON_EOF:
      return "eof";
    case VIR_CONNECT_CLOSE_REASON_KEEPALIVE:
      return "keepalive";
    case VIR_CONNECT_CLOSE_REASON_CLIENT:
      return "client";
    default:
      return "error";
  }
}

}  // namespace

Napi::Function Connection::Define(Napi::Env env, Environment* environment) {
  return DefineClass(env, "LibvirtConnection",
                     {
                         InstanceAccessor<&Connection::GetUri>("uri"),
                         InstanceAccessor<&Connection::IsClosed>("closed"),
                         InstanceMethod<&Connection::Version>("version"),
                         InstanceMethod<&Connection::Capabilities>("capabilities"),
                         InstanceMethod<&Connection::GetNodeInfo>("nodeInfo"),
                         InstanceMethod<&Connection::List>("list"),
                         InstanceMethod<&Connection::DefineXml>("define"),
                         InstanceMethod<&Connection::LookupByName>("lookupByName"),
                         InstanceMethod<&Connection::Start>("start"),
                         InstanceMethod<&Connection::Destroy>("destroy"),
                         InstanceMethod<&Connection::Shutdown>("shutdown"),
                         InstanceMethod<&Connection::Undefine>("undefine"),
                         InstanceMethod<&Connection::Suspend>("suspend"),
                         InstanceMethod<&Connection::Resume>("resume"),
                         InstanceMethod<&Connection::Info>("info"),
                         InstanceMethod<&Connection::Xml>("xml"),
                         InstanceMethod<&Connection::Metadata>("metadata"),
                         InstanceMethod<&Connection::AgentCommand>("agentCommand"),
                         InstanceMethod<&Connection::SetMetadata>("setMetadata"),
                         InstanceMethod<&Connection::AttachDevice>("attachDevice"),
                         InstanceMethod<&Connection::DetachDevice>("detachDevice"),
                         InstanceMethod<&Connection::UpdateDevice>("updateDevice"),
                         InstanceMethod<&Connection::LxcNamespaces>("lxcNamespaces"),
                         InstanceMethod<&Connection::OnEvent>("onEvent"),
                         InstanceMethod<&Connection::Close>("close"),
                     },
                     environment);
}

Connection::Connection(const Napi::CallbackInfo& info)
    : ObjectWrap(info), environment_(static_cast<Environment*>(info.Data())->shared_from_this()) {
  const auto env = info.Env();
  uri_ = ToText(info[0], "uri");
  const auto options = Optional(ToObject, info[1], "options").value_or(Napi::Object::New(env));
  auto settings = ReadSettings(uri_, options);
  if (const auto onClose = Optional(ToFunction, options.Get("onClose"), "options.onClose")) {
    Value().DefineProperty(Napi::PropertyDescriptor::Value(Napi::Symbol::New(env, "onClose"), *onClose));
    onClose_ = Napi::Weak(*onClose);
  }
  settings.onBroken = [mailbox = environment_->mailbox, self = self_](int reason) {
    mailbox->Post([self, reason](Napi::Env env) {
      if (*self != nullptr) (*self)->TellBroken(env, reason);
    });
  };
  settings.onEvent = [mailbox = environment_->mailbox, self = self_](const DomainEvent& event) {
    mailbox->Post([self, event](Napi::Env env) {
      if (*self != nullptr) (*self)->Deliver(env, event);
    });
  };
  session_ = std::make_shared<Session>(std::move(settings));
  environment_->Add(session_);
}

Connection::~Connection() {
  *self_ = nullptr;
  if (session_) session_->End({});
}

Napi::Value Connection::Open(Napi::Env env) {
  constexpr auto operation = "virConnectOpen";
  return Run(
      env, operation,
      [this](Session& session) {
        return Attempt(
            operation, [&] { return session.Open(), true; }, [this](Napi::Env, bool) { return Value(); });
      },
      [this] { session_->End({}); });
}

void Connection::Begin() {
  Ref();
  environment_->mailbox->Keep();
}

void Connection::Finish() {
  Unref();
  environment_->mailbox->Release();
}

Napi::Value Connection::Run(Napi::Env env, const char* operation, Job job, std::function<void()> onFailure) {
  const auto deferred = Napi::Promise::Deferred::New(env);
  if (session_->ended()) {
    deferred.Reject(Failure::Closed(operation).ToJavaScript(env).Value());
    return deferred.Promise();
  }
  const auto call = nextCall_++;
  WithSystemErrors(env, [&] {
    session_->Do([self = self_, call, job = std::move(job), onFailure = std::move(onFailure),
                  mailbox = environment_->mailbox](Session& session) {
      mailbox->Post([self, call, onFailure, settlement = job(session)](Napi::Env posted) {
        if (*self != nullptr) (*self)->Settle(posted, call, settlement, onFailure);
      });
    });
  });
  pending_.emplace(call, Pending{operation, deferred});
  Begin();
  return deferred.Promise();
}

void Connection::Settle(Napi::Env env, uint32_t call, const Settlement& settlement,
                        const std::function<void()>& onFailure) {
  const auto pending = pending_.extract(call);
  if (pending.empty()) return;
  Finish();
  if (settlement.failed && onFailure) onFailure();
  settlement.settle(env, pending.mapped().deferred);
}

Napi::Value Connection::GetUri(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), uri_); }

Napi::Value Connection::IsClosed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), session_->ended());
}

Napi::Value Connection::OnEvent(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virConnectDomainEventRegisterAny";
    const auto env = info.Env();
    const auto function = ToFunction(info[0], "listener");
    if (session_->ended()) throw Failure::Closed(operation).ToJavaScript(env);
    if (session_->broken()) throw Failure::Broken(operation).ToJavaScript(env);
    if (const auto& deafness = session_->deafness()) throw deafness->ToJavaScript(env);
    const auto listener = nextListener_++;
    listeners_.emplace(listener, Napi::Persistent(function));
    Begin();
    auto stop = Napi::Function::New(env, [this, listener](const Napi::CallbackInfo& called) {
      DropListener(listener);
      return Resolved(called.Env());
    });
    // The function holds what it is about.
    stop.DefineProperty(Napi::PropertyDescriptor::Value(Napi::Symbol::New(env, "connection"), Value()));
    const auto deferred = Napi::Promise::Deferred::New(env);
    deferred.Resolve(stop);
    return Napi::Value(deferred.Promise());
  });
}

void Connection::Deliver(Napi::Env env, const DomainEvent& event) {
  // Those of now: one that is added by another is not called, one that is stopped by another neither.
  std::vector<uint32_t> numbers;
  for (const auto& [number, listener] : listeners_) numbers.push_back(number);
  for (const auto number : numbers) {
    const auto found = listeners_.find(number);
    if (found == listeners_.end()) continue;
    try {
      found->second.Value().Call({EventValue(env, event)});
    } catch (const Napi::Error& error) {
      // One that throws does not keep the event from the others.
      error.ThrowAsJavaScriptException();
      RaisePendingException(env);
    }
  }
}

void Connection::DropListener(uint32_t listener) {
  if (listeners_.erase(listener) > 0) Finish();
}

void Connection::DropListeners() {
  while (!listeners_.empty()) DropListener(listeners_.begin()->first);
}

void Connection::TellBroken(Napi::Env env, int reason) {
  for (const auto& [call, pending] : std::exchange(pending_, {})) {
    Finish();
    pending.deferred.Reject(Failure::Broken(pending.operation).ToJavaScript(env).Value());
  }
  DropListeners();
  if (session_->ended()) return FinishClosing(env);
  if (onClose_.IsEmpty()) return;
  const auto onClose = onClose_.Value();
  if (!onClose.IsEmpty()) onClose.Call({Napi::String::New(env, NameOfReason(reason))});
}

Napi::Value Connection::Close(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  if (session_->ended() && closers_.empty()) return Resolved(env);
  const auto deferred = Napi::Promise::Deferred::New(env);
  closers_.push_back(deferred);
  if (closers_.size() > 1) return deferred.Promise();
  Begin();
  DropListeners();
  const auto isBroken = session_->broken();
  session_->End([self = self_, mailbox = environment_->mailbox] {
    mailbox->Post([self](Napi::Env posted) {
      if (*self != nullptr) (*self)->FinishClosing(posted);
    });
  });
  // Of a daemon that hangs nobody knows when its calls end.
  if (isBroken) FinishClosing(env);
  return deferred.Promise();
}

void Connection::FinishClosing(Napi::Env env) {
  if (closers_.empty()) return;
  for (const auto& closer : std::exchange(closers_, {})) closer.Resolve(env.Undefined());
  Finish();
}

}  // namespace weft
