// What the REST door remembers between requests: answers to POSTs that carried an Idempotency-Key, and which uploads
// somebody is writing to.
//
// Always true: memory is bounded: beyond kAnswersMax or kAnswerBytesMax in all the oldest answers are forgotten.
// Nothing here survives a restart; what does is in answer_store.h. Thread rules: any thread.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "catalog/access_rows.h"
#include "catalog/s3_rows.h"
#include "foundation/codec/hash.h"
#include "foundation/net/http_message.h"

namespace atl::rest {

inline constexpr std::size_t kAnswersMax = 10'000;
inline constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;  // of all answers together
inline constexpr std::size_t kOneAnswerBytesMax = 1024 * 1024;    // larger ones are not remembered
inline constexpr std::int64_t kAnswerKeptUs = 24LL * 3600 * 1'000'000;

class IdempotencyKeys {
 public:
  // Who, and the key they gave.
  struct Name {
    PrincipalId principal;
    std::string actor;
    std::string key;
    friend auto operator<=>(const Name&, const Name&) = default;
  };
  struct Kept {
    unsigned status = 0;
    net::Headers headers;
    std::string body;
  };
  // The answer that was given already; none: go on, and call end() whatever comes of it. `conflict`
  // "http.request_under_way" while the first is being worked on, "http.idempotency_key_reused" where `digest`, of the
  // request, is another one.
  [[nodiscard]] Result<std::optional<Kept>> begin(const Name& name, const codec::Digest& digest, Timestamp now);
  // None: nothing to keep (it failed inside, or is too large): a repetition is done anew.
  void end(const Name& name, std::optional<Kept> answer);

 private:
  struct Entry {
    Name name;
    codec::Digest digest{};
    Timestamp begun;
    std::optional<Kept> answer;  // none: under way
    [[nodiscard]] std::size_t bytes() const { return answer ? answer->body.size() + 256 : 0; }
  };
  void forget_old(Timestamp now);
  std::mutex mutex_;
  std::list<Entry> entries_;                            // guarded by mutex_; oldest first
  std::map<Name, std::list<Entry>::iterator> by_name_;  // guarded by mutex_
  std::size_t bytes_ = 0;                               // guarded by mutex_
};

[[nodiscard]] tl::unexpected<Error> key_reused();

// One writer at a time for each upload.
class UploadsInUse {
 public:
  class Hold {
   public:
    Hold(UploadsInUse& all, const UploadId& id) : all_(&all), id_(id) {}
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    Hold(Hold&&) = delete;
    Hold& operator=(Hold&&) = delete;
    ~Hold() { all_->give_back(id_); }

   private:
    UploadsInUse* all_;
    UploadId id_;
  };
  [[nodiscard]] std::unique_ptr<Hold> take(const UploadId& id);  // null: somebody has it
  // The last kFinishedMax that were finished, so that a client whose last answer was lost learns that all is there.
  static constexpr std::size_t kFinishedMax = 10'000;
  void note_finished(const UploadId& id, std::uint64_t length);
  [[nodiscard]] std::optional<std::uint64_t> finished(const UploadId& id);  // its length

 private:
  void give_back(const UploadId& id);
  std::mutex mutex_;
  std::set<UploadId> taken_;                    // guarded by mutex_
  std::map<UploadId, std::uint64_t> finished_;  // guarded by mutex_; ids rise with time
};

struct State {
  IdempotencyKeys answers;
  UploadsInUse uploads;
};

}  // namespace atl::rest
