#include "connection.h"

#include "../util/arguments.h"
#include "../util/callback.h"
#include "../util/system_error.h"
#include "domain.h"
#include "host.h"
#include "values.h"

#include <libvirt/libvirt.h>

#include <utility>

namespace weft {
namespace {

/** A call answers with a promise also where its arguments are wrong. */
template <typename Function>
Napi::Value Promised(const Napi::CallbackInfo& info, Function&& function) {
  try {
    return function();
  } catch (const Napi::Error& error) {
    const auto deferred = Napi::Promise::Deferred::New(info.Env());
    deferred.Reject(error.Value());
    return deferred.Promise();
  }
}

unsigned ToFlags(Napi::Value value) { return Optional(ToUnsigned, value, "flags", 0u, largestUnsigned).value_or(0); }

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
  WithSystemErrors(env, [&] {
    session_->Do([this, deferred, job = std::move(job), onFailure = std::move(onFailure),
                  mailbox = environment_->mailbox](Session& session) {
      mailbox->Post([this, deferred, onFailure, settlement = job(session)](Napi::Env posted) {
        Finish();
        if (settlement.failed && onFailure) onFailure();
        settlement.settle(posted, deferred);
      });
    });
  });
  Begin();
  return deferred.Promise();
}

Napi::Value Connection::GetUri(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), uri_); }

Napi::Value Connection::IsClosed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), session_->ended());
}

Napi::Value Connection::Version(const Napi::CallbackInfo& info) {
  constexpr auto operation = "virConnectGetVersion";
  return Run(info.Env(), operation, [](Session& session) {
    return Attempt(
        operation, [&] { return VersionOfHost(session.connection()); }, VersionValue);
  });
}

Napi::Value Connection::Capabilities(const Napi::CallbackInfo& info) {
  constexpr auto operation = "virConnectGetCapabilities";
  return Run(info.Env(), operation, [](Session& session) {
    return Attempt(
        operation, [&] { return CapabilitiesOfHost(session.connection()); }, TextValue);
  });
}

Napi::Value Connection::GetNodeInfo(const Napi::CallbackInfo& info) {
  constexpr auto operation = "virNodeGetInfo";
  return Run(info.Env(), operation, [](Session& session) {
    return Attempt(
        operation, [&] { return InfoOfNode(session.connection()); }, NodeInfoValue);
  });
}

Napi::Value Connection::List(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virConnectListAllDomains";
    const auto uri = Optional(ToText, info[0], "metadataUri");
    return Run(info.Env(), operation, [uri](Session& session) {
      return Attempt(
          operation, [&] { return ListDomains(session.connection(), uri); }, ListValue);
    });
  });
}

Napi::Value Connection::DefineXml(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainDefineXMLFlags";
    const auto xml = ToText(info[0], "xml");
    return Run(info.Env(), operation, [xml](Session& session) {
      return Attempt(
          operation, [&] { return DefineDomain(session.connection(), xml); }, SummaryValue);
    });
  });
}

Napi::Value Connection::LookupByName(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainLookupByName";
    const auto name = ToText(info[0], "name");
    return Run(info.Env(), operation, [name](Session& session) {
      return Attempt(
          operation, [&] { return FindDomainByName(session.connection(), name); }, SummaryValue);
    });
  });
}

Napi::Value Connection::Change(const Napi::CallbackInfo& info, const char* operation,
                               int (*function)(virDomainPtr, unsigned)) {
  return Promised(info, [&] {
    const auto uuid = ToText(info[0], "uuid");
    const auto flags = ToFlags(info[1]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(operation, [&] {
        const auto domain = FindDomain(session.connection(), uuid);
        Check(function(domain.get(), flags), operation);
      });
    });
  });
}

Napi::Value Connection::Start(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainCreateWithFlags", virDomainCreateWithFlags);
}

Napi::Value Connection::Destroy(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainDestroyFlags", virDomainDestroyFlags);
}

Napi::Value Connection::Shutdown(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainShutdownFlags", virDomainShutdownFlags);
}

Napi::Value Connection::Undefine(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainUndefineFlags", virDomainUndefineFlags);
}

Napi::Value Connection::Suspend(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainSuspend", [](virDomainPtr domain, unsigned) { return virDomainSuspend(domain); });
}

Napi::Value Connection::Resume(const Napi::CallbackInfo& info) {
  return Change(info, "virDomainResume", [](virDomainPtr domain, unsigned) { return virDomainResume(domain); });
}

Napi::Value Connection::Info(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainGetInfo";
    const auto uuid = ToText(info[0], "uuid");
    return Run(info.Env(), operation, [uuid](Session& session) {
      return Attempt(
          operation, [&] { return InfoOfDomain(FindDomain(session.connection(), uuid).get()); }, InfoValue);
    });
  });
}

Napi::Value Connection::Xml(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainGetXMLDesc";
    const auto uuid = ToText(info[0], "uuid");
    const auto flags = ToFlags(info[1]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(
          operation, [&] { return XmlOfDomain(FindDomain(session.connection(), uuid).get(), flags); }, TextValue);
    });
  });
}

Napi::Value Connection::Metadata(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainGetMetadata";
    const auto uuid = ToText(info[0], "uuid");
    const auto uri = ToText(info[1], "uri");
    const auto flags = ToFlags(info[2]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(
          operation, [&] { return MetadataOfDomain(FindDomain(session.connection(), uuid).get(), uri, flags); },
          TextValue);
    });
  });
}

Napi::Value Connection::SetMetadata(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainSetMetadata";
    const auto uuid = ToText(info[0], "uuid");
    const auto xml = ToText(info[1], "xml");
    const auto key = ToText(info[2], "key");
    const auto uri = ToText(info[3], "uri");
    const auto flags = ToFlags(info[4]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(operation, [&] {
        const auto domain = FindDomain(session.connection(), uuid);
        Check(virDomainSetMetadata(domain.get(), VIR_DOMAIN_METADATA_ELEMENT, xml.empty() ? nullptr : xml.c_str(),
                                   key.c_str(), uri.c_str(), flags),
              operation);
      });
    });
  });
}

Napi::Value Connection::ChangeDevice(const Napi::CallbackInfo& info, const char* operation,
                                     int (*function)(virDomainPtr, const char*, unsigned)) {
  return Promised(info, [&] {
    const auto uuid = ToText(info[0], "uuid");
    const auto xml = ToText(info[1], "xml");
    const auto flags = ToFlags(info[2]);
    return Run(info.Env(), operation, [=](Session& session) {
      return Attempt(operation, [&] {
        const auto domain = FindDomain(session.connection(), uuid);
        Check(function(domain.get(), xml.c_str(), flags), operation);
      });
    });
  });
}

Napi::Value Connection::AttachDevice(const Napi::CallbackInfo& info) {
  return ChangeDevice(info, "virDomainAttachDeviceFlags", virDomainAttachDeviceFlags);
}

Napi::Value Connection::DetachDevice(const Napi::CallbackInfo& info) {
  return ChangeDevice(info, "virDomainDetachDeviceFlags", virDomainDetachDeviceFlags);
}

Napi::Value Connection::UpdateDevice(const Napi::CallbackInfo& info) {
  return ChangeDevice(info, "virDomainUpdateDeviceFlags", virDomainUpdateDeviceFlags);
}

Napi::Value Connection::LxcNamespaces(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virDomainLxcOpenNamespace";
    const auto uuid = ToText(info[0], "uuid");
    return Run(info.Env(), operation, [uuid](Session& session) {
      return Attempt(
          operation, [&] { return NamespacesOfContainer(FindDomain(session.connection(), uuid).get()); },
          DescriptorsValue);
    });
  });
}

Napi::Value Connection::OnEvent(const Napi::CallbackInfo& info) {
  return Promised(info, [&] {
    constexpr auto operation = "virConnectDomainEventRegisterAny";
    const auto function = ToFunction(info[0], "listener");
    if (session_->ended()) throw Failure::Closed(operation).ToJavaScript(info.Env());
    const auto listener = nextListener_++;
    const auto stopFunction = [this, listener](Napi::Env env, bool) {
      auto stop = Napi::Function::New(
          env, [this, listener](const Napi::CallbackInfo& called) { return StopListening(called.Env(), listener); });
      // The function holds what it is about.
      stop.DefineProperty(Napi::PropertyDescriptor::Value(Napi::Symbol::New(env, "connection"), Value()));
      return stop;
    };
    session_->WantEvents(true);
    const auto promise = Run(
        info.Env(), operation,
        [stopFunction](Session& session) {
          return Attempt(
              operation, [&] { return session.Watch(), true; }, stopFunction);
        },
        [this, listener] { DropListener(listener); });
    listeners_.emplace(listener, Napi::Persistent(function));
    Begin();
    return promise;
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
  if (listeners_.erase(listener) == 0) return;
  if (listeners_.empty()) session_->WantEvents(false);
  Finish();
}

Napi::Value Connection::StopListening(Napi::Env env, uint32_t listener) {
  if (!listeners_.contains(listener)) return Resolved(env);
  constexpr auto operation = "virConnectDomainEventDeregisterAny";
  DropListener(listener);
  return Run(env, operation, [](Session& session) { return Attempt(operation, [&] { session.Watch(); }); });
}

void Connection::TellBroken(Napi::Env env, int reason) {
  if (session_->ended() || onClose_.IsEmpty()) return;
  const auto onClose = onClose_.Value();
  if (!onClose.IsEmpty()) onClose.Call({Napi::String::New(env, NameOfReason(reason))});
}

Napi::Value Connection::Close(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  if (closeFinished_) return Resolved(env);
  const auto deferred = Napi::Promise::Deferred::New(env);
  closers_.push_back(deferred);
  if (!session_->ended()) {
    session_->End([this, mailbox = environment_->mailbox] {
      mailbox->Post([this](Napi::Env posted) {
        closeFinished_ = true;
        for (const auto& closer : std::exchange(closers_, {})) closer.Resolve(posted.Undefined());
        Finish();
      });
    });
    Begin();
    while (!listeners_.empty()) DropListener(listeners_.begin()->first);
  }
  return deferred.Promise();
}

}  // namespace weft
