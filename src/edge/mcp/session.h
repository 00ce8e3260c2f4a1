// Sessions of MCP: who speaks, under which name their writes stand, what is being worked on for them.
//
//     initialize ─► session (Mcp-Session-Id) ─► calls ─► DELETE, or unused for kIdleSeconds
//
// Always true:
//  - A session belongs to the account that began it; to every other one it is not there. Its id cannot be guessed.
//  - There are at most kSessionsMax, and kSessionsPerAccountMax of one account: of more the one unused longest ends.
//    A session that ended loses nothing: a client begins a new one, and under the same name its run goes on.
//  - All that a session writes has its actor, and is one operation where no other is asked for
//  (foundation/base/actor.h).
// Source: Model Context Protocol, revision 2025-06-18, "Session Management" and "Cancellation".
// Thread rules: any thread. Complexity: linear in the sessions only where one is begun.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "catalog/access_rows.h"
#include "foundation/base/ids.h"
#include "foundation/platform/machine.h"

namespace atl::mcp {

inline constexpr std::size_t kSessionsMax = 1'000;
inline constexpr std::size_t kSessionsPerAccountMax = 100;
inline constexpr std::int64_t kIdleSeconds = 12LL * 3600;
inline constexpr std::size_t kCallsMax = 32;  // of one session at the same time
inline constexpr std::size_t kNameBytesMax = 64;

struct SessionFacts {
  PrincipalId account;
  VaultId vault;
  std::string bucket;    // the only one it works in; empty: all that the account may use
  std::string protocol;  // revision that was agreed on
  std::string actor;     // "local-agent/claude-code/20261122-013045-5b1f0c"
  OperationId operation;
  Lsn after;  // what the run did came later; 0: it may have begun in an earlier session
};

class Session {
 public:
  Session(std::string id, SessionFacts facts) : id_(std::move(id)), facts_(std::move(facts)) {}
  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const SessionFacts& facts() const { return facts_; }

  // A request while it is worked on. `mark`: of its id (foundation/json/json_rpc.h).
  class Call {
   public:
    Call(Session& session, std::string mark, std::shared_ptr<std::atomic<bool>> stop)
        : session_(&session), mark_(std::move(mark)), stop_(std::move(stop)) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    Call(Call&&) = delete;
    Call& operator=(Call&&) = delete;
    ~Call() { session_->end_call(mark_); }
    [[nodiscard]] const std::atomic<bool>& stop() const { return *stop_; }

   private:
    Session* session_;
    std::string mark_;
    std::shared_ptr<std::atomic<bool>> stop_;
  };
  // Null where kCallsMax are under way, or one of that id.
  [[nodiscard]] std::unique_ptr<Call> begin_call(const std::string& mark);
  // Has the call stop soon; nothing where there is none.
  void cancel(const std::string& mark);

  // The last change that it made, which its own searches wait for.
  void note_written(Lsn lsn);
  [[nodiscard]] Lsn last_written() const { return Lsn{last_written_.load()}; }

 private:
  void end_call(const std::string& mark);
  std::string id_;
  SessionFacts facts_;
  std::atomic<std::uint64_t> last_written_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> calls_;  // guarded by mutex_
};

class SessionTable {
 public:
  explicit SessionTable(const platform::Machine& machine) : machine_(machine) {}
  [[nodiscard]] std::shared_ptr<Session> begin(SessionFacts facts);
  // Null where there is none of that id and account. Counts as using it.
  [[nodiscard]] std::shared_ptr<Session> find(std::string_view id, const PrincipalId& account);
  bool end(std::string_view id, const PrincipalId& account);
  [[nodiscard]] std::size_t count() const;

 private:
  struct Entry {
    std::shared_ptr<Session> session;
    std::int64_t used_ns = 0;
  };
  void make_room(const PrincipalId& account, std::int64_t now_ns);
  platform::Machine machine_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> by_id_;  // guarded by mutex_
};

// A name that a client or user gave, as it may stand in an actor: a-z 0-9 . _ -, at most kNameBytesMax; everything else
// becomes '-'. "Claude Code" -> "claude-code"; `otherwise` where nothing is left.
[[nodiscard]] std::string cleaned_name(std::string_view given, std::string_view otherwise);
// "20261122-013045-5b1f0c": when it began, and what tells it from another of that second.
[[nodiscard]] std::string new_run_name(const platform::Machine& machine);

}  // namespace atl::mcp
