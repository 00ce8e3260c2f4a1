#include "derived/search/question_log.h"

#include <algorithm>
#include <map>

#include "derived/search/fusion.h"
#include "derived/search/names.h"
#include "foundation/base/latency_histogram.h"
#include "foundation/codec/fields.h"

namespace atl::search {
namespace {

using platform::join;

// Beside the indexes, in clear: it says that nothing is noted, and nothing else.
constexpr std::string_view kOffFile = "search-questions-off";
constexpr std::size_t kWordsBytesMax = 300;
constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int64_t kUsPerDay = 86'400 * kUsPerSecond;
// As long as somebody is typing on.
constexpr std::int64_t kTypingUs = 5 * kUsPerSecond;
constexpr std::uint64_t kFlushEvery = 64;

std::string folder_of(const vault::Vault& vault) { return join(join(vault.folder(), "indexes"), "questions"); }

Bytes key_of(std::uint64_t number) {
  Bytes key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<std::uint8_t>(number >> shift));
  return key;
}

Bytes encode(const AskedQuestion& question) {
  Bytes out;
  codec::FieldWriter writer(out);
  writer.put_signed(1, question.asked.unix_us);
  writer.put_text(2, question.who);
  writer.put_text(3, question.words);
  writer.put_text(4, question.near);
  writer.put_unsigned(5, question.found);
  writer.put_unsigned(6, question.opened);
  writer.put_signed(7, question.duration_us);
  return out;
}

Result<AskedQuestion> decode(ByteView encoded) {
  AskedQuestion question;
  codec::FieldReader reader(encoded, "question asked of the search");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: question.asked.unix_us = reader.as_signed(); break;
      case 2: question.who = reader.as_string(); break;
      case 3: question.words = reader.as_string(); break;
      case 4: question.near = reader.as_string(); break;
      case 5: question.found = reader.as_unsigned(); break;
      case 6: question.opened = static_cast<std::uint32_t>(reader.as_unsigned()); break;
      case 7: question.duration_us = reader.as_signed(); break;
      default: break;
    }
  }
  ATOLL_TRY(reader.status());
  return question;
}

Result<std::unique_ptr<run::RunSet>> open_runs(vault::Vault& vault, bool writable) {
  run::Options options;
  options.memtable_bytes_max = kMiB;
  options.filter_bytes_max = 0;
  options.suite = vault.head().suite;
  const auto open = [&] {
    return run::RunSet::open(vault.machine(), folder_of(vault), vault.keys().derived_key("indexes/questions"),
                             vault.head().vault, options, writable);
  };
  auto runs = open();
  if (!runs && writable && (runs.error().kind == ErrorKind::damaged || runs.error().kind == ErrorKind::unsupported)) {
    ATOLL_TRY(run::RunSet::remove_all(vault.machine(), folder_of(vault)));
    runs = open();
  }
  return runs;
}

std::string line_of(const AskedQuestion& question) {
  if (question.near.empty()) return question.words;
  return question.words + (question.words.empty() ? "" : " ") + "near: " + question.near;
}

std::vector<CountedWords> most_frequent(const std::map<std::string, std::uint64_t>& counts, std::size_t limit) {
  std::vector<CountedWords> all;
  for (const auto& [words, count] : counts) all.push_back({words, count});
  std::ranges::stable_sort(all, [](const CountedWords& a, const CountedWords& b) { return a.count > b.count; });
  if (all.size() > limit) all.resize(limit);
  return all;
}

}  // namespace

Result<std::unique_ptr<QuestionLog>> QuestionLog::open(vault::Vault& vault, bool writable) {
  ATOLL_ASSIGN(const auto off, vault.machine().files.stat(join(vault.folder(), std::string(kOffFile))));
  std::unique_ptr<QuestionLog> log(new QuestionLog(vault, writable));
  log->is_on_ = !off;
  ATOLL_TRY(log->open_again());
  return log;
}

Result<void> QuestionLog::open_again() {
  const std::lock_guard lock(mutex_);
  runs_.reset();
  ATOLL_ASSIGN(runs_, open_runs(*vault_, is_writable_));
  first_ = next_ = 1;
  not_flushed_ = 0;
  return runs_->for_each([this](ByteView key, ByteView) -> Result<bool> {
    if (key.size() != sizeof(std::uint64_t)) return true;
    const std::uint64_t number = load_be64(key.data());
    if (next_ == 1) first_ = number;
    next_ = number + 1;
    return true;
  });
}

Result<std::optional<AskedQuestion>> QuestionLog::find(std::uint64_t number) const {
  ATOLL_ASSIGN(const auto row, runs_->get(key_of(number)));
  if (!row) return std::nullopt;
  ATOLL_ASSIGN(auto question, decode(*row));
  return question;
}

Result<std::uint64_t> QuestionLog::note(const AskedQuestion& question) {
  const std::lock_guard lock(mutex_);
  if (!is_on_ || !is_writable_ || !runs_) return 0;
  AskedQuestion noted = question;
  noted.words = beginning_of(question.words, kWordsBytesMax);
  noted.near = beginning_of(question.near, kWordsBytesMax);
  std::uint64_t number = next_;
  if (next_ > first_) {
    ATOLL_ASSIGN(const auto last, find(next_ - 1));
    const bool goes_on = last && last->who == noted.who && last->near == noted.near &&
                         noted.asked.unix_us - last->asked.unix_us < kTypingUs && noted.words.starts_with(last->words);
    const bool is_same = goes_on && noted.words == last->words;
    if (is_same || (goes_on && last->opened == 0)) number = next_ - 1;
    // Asked again for counts or a list that grew: how long the first answer took is what somebody waited.
    if (is_same) {
      noted.duration_us = last->duration_us;
      noted.opened = last->opened;
    }
  }
  ATOLL_TRY(runs_->put(key_of(number), encode(noted)));
  next_ = number + 1;
  while (next_ - first_ > kQuestionsMax) ATOLL_TRY(runs_->remove(key_of(first_++)));
  ATOLL_TRY(forget_old(question.asked));
  if (++not_flushed_ >= kFlushEvery) ATOLL_TRY(flush_all());
  return number;
}

Result<void> QuestionLog::forget_old(Timestamp now) {
  while (first_ < next_) {
    ATOLL_ASSIGN(const auto oldest, find(first_));
    if (oldest && now.unix_us - oldest->asked.unix_us < kQuestionDaysMax * kUsPerDay) return {};
    ATOLL_TRY(runs_->remove(key_of(first_++)));
  }
  return {};
}

Result<void> QuestionLog::opened(std::uint64_t number, std::string_view who, std::uint32_t rank) {
  const std::lock_guard lock(mutex_);
  if (!is_on_ || !is_writable_ || !runs_ || rank == 0) return {};
  ATOLL_ASSIGN(auto question, find(number));
  if (!question || question->who != who || question->opened != 0) return {};
  question->opened = rank;
  ++not_flushed_;
  return runs_->put(key_of(number), encode(*question));
}

Result<QuestionStatistics> QuestionLog::statistics(Timestamp since, std::string_view who, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  QuestionStatistics out;
  out.is_on = is_on_;
  if (!runs_) return out;
  std::map<std::string, std::uint64_t> terms, lines;
  std::map<std::string, std::pair<std::uint64_t, bool>> empty_lines;  // how often, and whether the last was empty
  LatencyHistogram durations;
  ATOLL_TRY(runs_->for_each([&](ByteView, ByteView value) -> Result<bool> {
    ATOLL_ASSIGN(const auto question, decode(value));
    if (question.asked < since || (!who.empty() && question.who != who)) return true;
    if (out.questions++ == 0) out.since = question.asked;
    if (question.found == 0) ++out.without_result;
    if (question.opened > 0) ++out.with_opened;
    durations.note(static_cast<double>(question.duration_us) / kUsPerSecond);
    const std::string line = lower(line_of(question));
    if (line.empty()) return true;
    ++lines[line];
    auto& [count, is_empty] = empty_lines[line];
    count += question.found == 0 ? 1 : 0;
    is_empty = question.found == 0;
    for (const std::string& word : plain_words(lower(question.words + " " + question.near))) ++terms[word];
    return true;
  }));
  const LatencyCounts counted = durations.counts();
  out.median_us = static_cast<std::int64_t>(counted.quantile(0.5) * kUsPerSecond);
  out.p99_us = static_cast<std::int64_t>(counted.quantile(0.99) * kUsPerSecond);
  out.terms = most_frequent(terms, limit);
  out.lines = most_frequent(lines, limit);
  std::map<std::string, std::uint64_t> nothing;
  for (const auto& [line, counts] : empty_lines) {
    if (counts.second) nothing[line] = counts.first;
  }
  out.found_nothing = most_frequent(nothing, limit);
  return out;
}

bool QuestionLog::is_on() const {
  const std::lock_guard lock(mutex_);
  return is_on_;
}

Result<void> QuestionLog::set_on(bool is_on) {
  const std::lock_guard lock(mutex_);
  if (!is_writable_)
    return fail(ErrorKind::locked, "search.read_only", "another process keeps the index of this vault");
  auto& files = vault_->machine().files;
  const std::string off = join(vault_->folder(), std::string(kOffFile));
  if (is_on) {
    ATOLL_TRY(files.remove_file(off));
    ATOLL_TRY(files.sync_directory(vault_->folder()));
  } else {
    ATOLL_TRY(platform::replace_whole(files, off, {}));
    ATOLL_TRY(begin_anew());
  }
  is_on_ = is_on;
  return {};
}

Result<void> QuestionLog::clear() {
  const std::lock_guard lock(mutex_);
  if (!is_writable_)
    return fail(ErrorKind::locked, "search.read_only", "another process keeps the index of this vault");
  return begin_anew();
}

Result<void> QuestionLog::begin_anew() {
  runs_.reset();
  ATOLL_TRY(run::RunSet::remove_all(vault_->machine(), folder_of(*vault_)));
  ATOLL_ASSIGN(runs_, open_runs(*vault_, true));
  // Numbers go on: one that somebody still holds is not given to another question.
  first_ = next_;
  not_flushed_ = 0;
  return {};
}

Result<void> QuestionLog::flush_all() {
  ATOLL_TRY(runs_->flush(as_bytes("1")));
  ATOLL_TRY(runs_->maybe_merge());
  not_flushed_ = 0;
  return {};
}

Result<void> QuestionLog::flush() {
  const std::lock_guard lock(mutex_);
  if (!is_writable_ || !runs_ || not_flushed_ == 0) return {};
  return flush_all();
}

// What is lost where this fails is statistics.
QuestionLog::~QuestionLog() { (void)flush(); }

}  // namespace atl::search
