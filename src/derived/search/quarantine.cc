// Judging by the gates of buckets: the follower's side, and who asks.
#include "derived/search/quarantine.h"

#include <algorithm>
#include <mutex>

#include "derived/search/search_index.h"
#include "vault/object/gate.h"
#include "vault/tier/rules.h"

namespace atl::search {
namespace {

constexpr std::size_t kNamesAtOnce = 512;

bool is_judged(const catalog::Listed& listed) { return listed.version.kind == catalog::EntryKind::file; }

filter::Reading reading_of(bool is_waiting, std::string_view trouble) {
  if (is_waiting) return filter::Reading::not_yet;
  return trouble.empty() ? filter::Reading::done : filter::Reading::broken;
}

}  // namespace

Result<Gates> Gates::read(catalog::CatalogReader& reader) {
  Gates out;
  ATOLL_ASSIGN(auto texts, vault::gates_of(reader));
  for (auto& [bucket, text] : texts) {
    Gate gate;
    auto requirement = filter::Requirement::parse(text);
    if (requirement) gate.requirement = std::move(*requirement);
    gate.text = std::move(text);
    out.gates_.emplace(bucket, std::move(gate));
  }
  return out;
}

const Gate* Gates::of(const BucketId& bucket) const {
  const auto found = gates_.find(bucket);
  return found == gates_.end() ? nullptr : &found->second;
}

std::vector<filter::Unmet> unmet_of(const Gate& gate, const catalog::Listed& listed,
                                    const extract::Extraction* extraction, filter::Reading reading,
                                    std::string_view trouble) {
  if (!is_judged(listed)) return {};
  if (!gate.requirement) {
    filter::Unmet unmet;
    unmet.condition = gate.text;
    unmet.words = "the gate of its bucket needs a newer program";
    return {unmet};
  }
  filter::Candidate candidate;
  // The moment decides nothing: what would change by itself is in no gate.
  candidate.subject = vault::subject_of(listed.entry.key, listed.version, Timestamp{});
  candidate.reading = reading;
  candidate.trouble = trouble;
  std::vector<filter::Said> said;
  if (extraction != nullptr) {
    said.reserve(extraction->fields.size() + extraction->raw.size() + 2);
    said.push_back({"format", extraction->format});
    if (!extraction->language.empty()) said.push_back({"language", extraction->language});
    for (const auto& field : extraction->fields) said.push_back({field.name, field.value});
    for (const auto& field : extraction->raw) said.push_back({field.name, field.value});
  }
  candidate.said = said;
  return gate.requirement->unmet(candidate);
}

Result<void> SearchIndex::refresh_gates(vault::Vault& vault) {
  const auto reader = vault.reader();
  ATOLL_ASSIGN(gates_, Gates::read(*reader));
  return {};
}

Result<void> SearchIndex::judge(const catalog::Listed& listed, const ObjectDocuments& row,
                                const extract::Extraction* extraction) {
  const Gate* const gate = gates_.of(row.bucket);
  if (gate == nullptr || !is_judged(listed)) return book_->verdicts().set(row, Verdict::none);
  const bool is_waiting = extraction == nullptr && listed.version.size > 0;
  const auto reading = reading_of(is_waiting, extraction == nullptr ? "" : extraction->trouble);
  const auto unmet = unmet_of(*gate, listed, extraction, reading, row.trouble);
  return book_->verdicts().set(row, unmet.empty() ? Verdict::passed : Verdict::quarantined);
}

Result<std::vector<filter::Unmet>> SearchIndex::unmet_now(const Gate& gate, const catalog::Listed& listed,
                                                          const ObjectDocuments& row) const {
  bool is_waiting = false;
  std::optional<extract::Extraction> known;
  if (gate.requirement && listed.version.size > 0) {
    // A version that the follower has not seen yet was not read either.
    is_waiting = row.version != listed.version.version;
    if (!is_waiting) {
      ATOLL_ASSIGN(is_waiting, book_->is_waiting(row.object));
    }
    const auto subject = vault::subject_of(listed.entry.key, listed.version, Timestamp{});
    if (!is_waiting && gate.requirement->needs_said(subject)) {
      ATOLL_ASSIGN(known, kept_->find(row.extraction));
      is_waiting = !known;
    }
  }
  return unmet_of(gate, listed, known ? &*known : nullptr, reading_of(is_waiting, row.trouble), row.trouble);
}

bool SearchIndex::is_finished(const BucketId& bucket, const std::string& gate) const {
  return book_->verdicts().is_finished(bucket, gate);
}

Result<bool> SearchIndex::is_held(const Gate& gate, const catalog::Listed& listed, const ObjectDocuments& row) const {
  // The object itself tells what is so now, also where the follower has not come by; but what its content says would
  // have to be read for each.
  const bool is_followed = row.version == listed.version.version && is_finished(row.bucket, gate.text);
  if (is_followed && gate.requirement &&
      gate.requirement->needs_said(vault::subject_of(listed.entry.key, listed.version, Timestamp{})))
    return book_->verdicts().is_quarantined(row.first);
  ATOLL_ASSIGN(const auto unmet, unmet_now(gate, listed, row));
  return !unmet.empty();
}

Result<bool> SearchIndex::judge_again(vault::Vault& vault, const Position& position, const CatchUpOptions& options,
                                      std::int64_t begun_ns) {
  ATOLL_TRY(refresh_gates(vault));
  const auto reader = vault.reader();
  VerdictBook& verdicts = book_->verdicts();
  auto wanted = verdicts.progress();
  for (auto& [bucket, progress] : wanted) {
    if (gates_.of(bucket) == nullptr && !progress.gate.empty()) progress = {};
  }
  for (const auto& [bucket, gate] : gates_.all()) {
    GateProgress& progress = wanted[bucket];
    if (progress.gate != gate.text) progress = {gate.text, {}, false};
  }
  bool has_changed = false;
  for (auto& [bucket, progress] : wanted) {
    if (progress.is_done) continue;
    has_changed = true;
    // From here on the verdicts there are count for nothing until all are new.
    ATOLL_TRY(verdicts.set_progress(bucket, progress));
    for (;;) {
      ATOLL_ASSIGN(const auto names, book_->names(bucket, progress.after, kNamesAtOnce));
      for (const auto& [key, object] : names) {
        progress.after = key;
        ATOLL_ASSIGN(const auto row, book_->find(object));
        if (!row) continue;
        const Gate* const gate = gates_.of(bucket);
        if (gate == nullptr) {
          ATOLL_TRY(verdicts.set(*row, Verdict::none));
          continue;
        }
        ATOLL_ASSIGN(const auto listed, reader->current(bucket, key));
        // Changed since: the journal brings it anew.
        if (!listed || listed->entry.object != object || listed->version.version != row->version) continue;
        if (!is_judged(*listed)) continue;
        ATOLL_ASSIGN(const auto unmet, unmet_now(*gate, *listed, *row));
        ATOLL_TRY(verdicts.set(*row, unmet.empty() ? Verdict::passed : Verdict::quarantined));
      }
      progress.is_done = names.size() < kNamesAtOnce;
      const bool is_gone = progress.is_done && progress.gate.empty();
      ATOLL_TRY(verdicts.set_progress(bucket, is_gone ? std::nullopt : std::optional(progress)));
      if (progress.is_done) break;
      ATOLL_TRY(flush_if_full(position));
      if (!is_over(vault, options, begun_ns)) continue;
      ATOLL_TRY(flush(position));
      return true;
    }
  }
  if (has_changed) ATOLL_TRY(flush(position));
  return false;
}

Result<bool> SearchIndex::is_quarantined(const Gates& gates, const catalog::Listed& listed) const {
  const std::shared_lock shared(parts_mutex_);
  ATOLL_TRY(check_open());
  const Gate* const gate = gates.of(listed.entry.bucket);
  return gate == nullptr ? Result<bool>(false) : is_held_listed(*gate, listed);
}

Result<std::vector<std::uint64_t>> SearchIndex::quarantined_matches(const text::Query& query) const {
  const auto documents = book_->verdicts().documents();
  std::vector<std::uint64_t> matched;
  if (documents.empty()) return matched;
  text::SearchRequest request;
  request.query = query;
  request.limit = 0;
  request.only = &documents;
  request.on_match = [&](text::DocumentId document) { matched.push_back(document); };
  ATOLL_TRY(words_->search(request));
  std::ranges::sort(matched);
  return book_->verdicts().firsts_of(matched);
}

Result<bool> SearchIndex::is_held_listed(const Gate& gate, const catalog::Listed& listed) const {
  if (!is_judged(listed)) return false;
  ATOLL_ASSIGN(const auto row, book_->find(listed.entry.object));
  if (row && row->version == listed.version.version) return is_held(gate, listed, *row);
  const auto reading = reading_of(listed.version.size > 0, "");
  return !unmet_of(gate, listed, nullptr, reading, "").empty();
}

Result<QuarantineAnswer> SearchIndex::quarantine(vault::Vault& vault, const QuarantineQuestion& question) const {
  ATOLL_ASSIGN(auto covered, coverage(vault));
  const std::shared_lock shared(parts_mutex_);
  ATOLL_TRY(check_open());
  if (question.limit == 0 || question.limit > kLimitMax) {
    return fail(ErrorKind::limit, "search.too_far",
                "at most " + std::to_string(kLimitMax) + " at once, and one at least",
                "Ask for less, and for what follows by the last one.");
  }
  const auto reader = vault.reader();
  ATOLL_ASSIGN(auto buckets, reader->buckets());
  if (!question.bucket.empty()) std::erase_if(buckets, [&](const auto& one) { return one.name != question.bucket; });
  if (!question.bucket.empty() && buckets.empty()) {
    return fail(ErrorKind::not_found, "bucket.not_found", "there is no bucket " + question.bucket,
                "`atoll ls` lists them.");
  }
  std::ranges::sort(buckets, {}, &catalog::BucketRow::name);
  ATOLL_ASSIGN(const Gates gates, Gates::read(*reader));
  QuarantineAnswer answer;
  answer.coverage = std::move(covered);
  for (const auto& bucket : buckets) {
    const Gate* const gate = gates.of(bucket.id);
    if (gate == nullptr || (question.after && bucket.name < question.after->bucket)) continue;
    const std::string after =
        question.after && bucket.name == question.after->bucket ? question.after->key : std::string();
    ATOLL_TRY(book_->verdicts().for_each_quarantined(
        bucket.id, question.prefix, after, [&](std::string_view key) -> Result<bool> {
          ATOLL_ASSIGN(auto listed, reader->current(bucket.id, key));
          if (!listed) return true;
          ATOLL_ASSIGN(const auto row, book_->find(listed->entry.object));
          if (!row || (question.sees && !question.sees(bucket.name, *listed))) return true;
          ATOLL_ASSIGN(auto reasons, unmet_now(*gate, *listed, *row));
          if (reasons.empty()) return true;  // mended meanwhile
          answer.has_more = answer.objects.size() == question.limit;
          if (!answer.has_more) answer.objects.push_back({bucket.name, std::move(*listed), std::move(reasons)});
          return !answer.has_more;
        }));
    if (answer.has_more) break;
  }
  return answer;
}

Result<std::vector<GateState>> SearchIndex::gates(vault::Vault& vault) const {
  const std::shared_lock shared(parts_mutex_);
  ATOLL_TRY(check_open());
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto buckets, reader->buckets());
  ATOLL_ASSIGN(const Gates gates, Gates::read(*reader));
  std::vector<GateState> out;
  for (const auto& bucket : buckets) {
    const Gate* const gate = gates.of(bucket.id);
    if (gate == nullptr) continue;
    const auto counts = book_->verdicts().counts(bucket.id);
    out.push_back(
        {bucket.id, bucket.name, gate->text, counts.judged, counts.quarantined, is_finished(bucket.id, gate->text)});
  }
  std::ranges::sort(out, {}, &GateState::name);
  return out;
}

}  // namespace atl::search
