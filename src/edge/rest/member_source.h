// A member of a stored archive as an answer's body: unpacked by a locked-in worker while it is sent.
// Always true: at most kHeldBytesMax wait to be sent, whatever the member's size; a client that goes away ends the
// worker; of a member whose size is known exactly so many bytes are given.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "catalog/rows.h"
#include "derived/extract/member.h"
#include "edge/server/host.h"
#include "foundation/net/http_message.h"

namespace atl::rest {

// How many members are being unpacked: each by a process of its own, as long as its answer is sent.
class MembersOpen {
 public:
  static constexpr std::size_t kMax = 8;
  // Null: there are too many.
  [[nodiscard]] std::shared_ptr<void> take();

 private:
  std::shared_ptr<std::atomic<std::size_t>> count_ = std::make_shared<std::atomic<std::size_t>>(0);
};

class MemberSource final : public net::BodySource {
 public:
  // Returns once the member is found: a minute at most ("member.too_slow"). `key` names the archive. Errors as
  // extract::take_member() has them.
  [[nodiscard]] static Result<std::unique_ptr<MemberSource>> open(const platform::Machine& machine,
                                                                  server::VaultUse use, catalog::VersionRow version,
                                                                  std::string key, std::string path);
  MemberSource(const MemberSource&) = delete;
  MemberSource& operator=(const MemberSource&) = delete;
  MemberSource(MemberSource&&) = delete;
  MemberSource& operator=(MemberSource&&) = delete;
  ~MemberSource() override;

  [[nodiscard]] const extract::MemberFacts& facts() const { return *facts_; }  // from open() on
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override;

 private:
  MemberSource(server::VaultUse use, catalog::VersionRow version, std::string key, std::string path);
  void run(const platform::Machine& machine);
  [[nodiscard]] Result<void> take(ByteView bytes);

  server::VaultUse use_;
  catalog::VersionRow version_;
  std::string key_;
  std::string path_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<extract::MemberFacts> facts_;  // guarded by mutex_ until open() has returned; never changed later
  Bytes held_;                                 // guarded by mutex_, as all below
  std::optional<Result<void>> answer_;         // of the worker
  Bytes sending_;                              // the puller's alone
  std::unique_ptr<platform::Thread> thread_;   // last: joined before anything else goes
};

}  // namespace atl::rest
