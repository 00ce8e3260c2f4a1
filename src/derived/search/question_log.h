// What was asked of a vault's search, so that its owner sees what people look for and do not find.
//
// Always true:
//  - Kept sealed under the machine-local key, like every index: a shred ends it, copies do not hold it, and without the
//    vault's key it tells only how much there is.
//  - Bounded: the newest kQuestionsMax, none older than kDaysMax. Losing it loses statistics and nothing else.
//  - Off means off: nothing is noted, and what was is gone. That choice stands beside the indexes, so that deleting
//    those does not take it back.
//  - Who asked stands with each; who may see whose questions is for the caller to say.
// Thread rules: any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/base/time.h"
#include "store/run/run_set.h"
#include "vault/vault.h"

namespace atl::search {

inline constexpr std::size_t kQuestionsMax = 20'000;
inline constexpr std::int64_t kQuestionDaysMax = 90;

struct AskedQuestion {
  Timestamp asked;
  std::string who;    // its name; what may be shown of it is for the caller to say
  std::string words;  // as they were understood; of a longer line its beginning
  std::string near;
  std::uint64_t found = 0;   // on the page; of a counted answer in all
  std::uint32_t opened = 0;  // rank of the first hit that was opened, from 1; 0: none so far
  std::int64_t duration_us = 0;
};

struct CountedWords {
  std::string words;
  std::uint64_t count = 0;
};
struct QuestionStatistics {
  bool is_on = true;
  Timestamp since;  // of the oldest question counted
  std::uint64_t questions = 0;
  std::uint64_t without_result = 0;
  std::uint64_t with_opened = 0;
  std::int64_t median_us = 0, p99_us = 0;
  std::vector<CountedWords> terms;          // single words, the most frequent first
  std::vector<CountedWords> lines;          // whole questions
  std::vector<CountedWords> found_nothing;  // whole questions whose last answer was empty
  // Those of which a result was opened, of all. Only some doors can tell: the page does, the command line cannot.
  [[nodiscard]] double success_rate() const {
    return questions == 0 ? 0 : static_cast<double>(with_opened) / static_cast<double>(questions);
  }
};

class QuestionLog {
 public:
  // Begins anew where what lies there cannot be used. Errors: `io`.
  [[nodiscard]] static Result<std::unique_ptr<QuestionLog>> open(vault::Vault& vault, bool writable);
  QuestionLog(const QuestionLog&) = delete;
  QuestionLog& operator=(const QuestionLog&) = delete;
  QuestionLog(QuestionLog&&) = delete;
  QuestionLog& operator=(QuestionLog&&) = delete;
  ~QuestionLog();  // flushes

  // After the vault's keys changed.
  [[nodiscard]] Result<void> open_again();

  // A number by which opened() knows it; 0 where nothing is noted (off, opened to read only). A line that the same one
  // typed on within a few seconds replaces what it was.
  [[nodiscard]] Result<std::uint64_t> note(const AskedQuestion& question);
  // Somebody opened the hit of that rank. Nothing happens where the question is unknown or somebody else's.
  [[nodiscard]] Result<void> opened(std::uint64_t number, std::string_view who, std::uint32_t rank);
  // Of those by `who` (empty: of everybody), since then, `limit` entries a list.
  [[nodiscard]] Result<QuestionStatistics> statistics(Timestamp since, std::string_view who, std::size_t limit) const;
  [[nodiscard]] bool is_on() const;
  [[nodiscard]] Result<void> set_on(bool is_on);
  [[nodiscard]] Result<void> clear();
  [[nodiscard]] Result<void> flush();

 private:
  QuestionLog(vault::Vault& vault, bool writable) : vault_(&vault), is_writable_(writable) {}
  // Under the mutex.
  [[nodiscard]] Result<std::optional<AskedQuestion>> find(std::uint64_t number) const;
  [[nodiscard]] Result<void> forget_old(Timestamp now);
  [[nodiscard]] Result<void> begin_anew();
  [[nodiscard]] Result<void> flush_all();

  vault::Vault* vault_;
  const bool is_writable_;
  mutable std::mutex mutex_;
  std::unique_ptr<run::RunSet> runs_;
  bool is_on_ = true;
  std::uint64_t first_ = 1, next_ = 1;  // numbers that are there: [first_, next_)
  std::uint64_t not_flushed_ = 0;       // changes
};

}  // namespace atl::search
