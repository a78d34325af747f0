#pragma once

#include "environment.h"
#include "session.h"
#include "settlement.h"

#include <napi.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weft {

/**
 * LibvirtConnection of native/libvirt.ts: the session as JavaScript sees it. While calls are in flight or listeners
 * listen, it keeps the event loop and itself alive; otherwise collecting it closes it.
 */
class Connection : public Napi::ObjectWrap<Connection> {
 public:
  static Napi::Function Define(Napi::Env env, Environment* environment);

  /** (uri, options); not open yet. */
  explicit Connection(const Napi::CallbackInfo& info);
  ~Connection() override;

  /** A promise of this object. */
  Napi::Value Open(Napi::Env env);

 private:
  using Job = std::function<Settlement(Session&)>;

  Napi::Value GetUri(const Napi::CallbackInfo& info);
  Napi::Value IsClosed(const Napi::CallbackInfo& info);
  Napi::Value Version(const Napi::CallbackInfo& info);
  Napi::Value Capabilities(const Napi::CallbackInfo& info);
  Napi::Value GetNodeInfo(const Napi::CallbackInfo& info);
  Napi::Value List(const Napi::CallbackInfo& info);
  Napi::Value DefineXml(const Napi::CallbackInfo& info);
  Napi::Value LookupByName(const Napi::CallbackInfo& info);
  Napi::Value Start(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);
  Napi::Value Shutdown(const Napi::CallbackInfo& info);
  Napi::Value Undefine(const Napi::CallbackInfo& info);
  Napi::Value Suspend(const Napi::CallbackInfo& info);
  Napi::Value Resume(const Napi::CallbackInfo& info);
  Napi::Value Info(const Napi::CallbackInfo& info);
  Napi::Value Xml(const Napi::CallbackInfo& info);
  Napi::Value Metadata(const Napi::CallbackInfo& info);
  Napi::Value AgentCommand(const Napi::CallbackInfo& info);
  Napi::Value SetMetadata(const Napi::CallbackInfo& info);
  Napi::Value AttachDevice(const Napi::CallbackInfo& info);
  Napi::Value DetachDevice(const Napi::CallbackInfo& info);
  Napi::Value UpdateDevice(const Napi::CallbackInfo& info);
  Napi::Value LxcNamespaces(const Napi::CallbackInfo& info);
  Napi::Value OnEvent(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  /**
   * Runs a job on a thread of the session and promises what it settles with; `onFailure` comes first where it fails.
   * Where the connection breaks before, it is rejected: the job may go on for as long as a daemon hangs.
   */
  Napi::Value Run(Napi::Env env, const char* operation, Job job, std::function<void()> onFailure = {});
  /** (uuid, flags?) */
  Napi::Value Change(const Napi::CallbackInfo& info, const char* operation, int (*function)(virDomainPtr, unsigned));
  /** (uuid, xml, flags) */
  Napi::Value ChangeDevice(const Napi::CallbackInfo& info, const char* operation,
                           int (*function)(virDomainPtr, const char*, unsigned));

  /** A call that was not answered yet. */
  struct Pending {
    const char* operation;
    Napi::Promise::Deferred deferred;
  };

  void Settle(Napi::Env env, uint32_t call, const Settlement& settlement, const std::function<void()>& onFailure);
  void Deliver(Napi::Env env, const DomainEvent& event);
  void DropListener(uint32_t listener);
  void DropListeners();
  void TellBroken(Napi::Env env, int reason);
  void FinishClosing(Napi::Env env);

  /** What keeps the loop and this object alive. */
  void Begin();
  void Finish();

  std::string uri_;
  std::shared_ptr<Environment> environment_;
  std::shared_ptr<Session> session_;
  /** Points here as long as this lives: for what may arrive later. */
  std::shared_ptr<Connection*> self_ = std::make_shared<Connection*>(this);
  /** Weak: the JavaScript object holds it. */
  Napi::FunctionReference onClose_;
  std::map<uint32_t, Napi::FunctionReference> listeners_;
  uint32_t nextListener_ = 0;
  std::map<uint32_t, Pending> pending_;
  uint32_t nextCall_ = 0;
  /** Waiting for the end. */
  std::vector<Napi::Promise::Deferred> closers_;
};

}  // namespace weft
