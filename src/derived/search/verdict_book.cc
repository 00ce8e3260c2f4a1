#include "derived/search/verdict_book.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "foundation/codec/fields.h"

namespace atl::search {
namespace {

// First byte of a key: what it is a key of; beside those of document_book.cc.
constexpr std::uint8_t kOfVerdict = 'j';     // bucket, name -> verdict
constexpr std::uint8_t kOfQuarantine = 'q';  // bucket, name -> first document, their count
constexpr std::uint8_t kOfProgress = 'g';    // bucket -> how far it was judged
constexpr std::size_t kIdBytes = sizeof(BucketId::bytes);
constexpr std::size_t kBits = 64;
// Numbers of documents beyond it are of a damaged row.
constexpr std::uint64_t kDocumentsMax = std::uint64_t{1} << 36U;

Bytes key_of(std::uint8_t of, const BucketId& bucket, std::string_view name) {
  Bytes key{of};
  key.insert(key.end(), bucket.bytes.begin(), bucket.bytes.end());
  key.insert(key.end(), name.begin(), name.end());
  return key;
}

struct Documents {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
};

Bytes encode(const Documents& documents) {
  Bytes out;
  codec::FieldWriter writer(out);
  writer.put_unsigned(1, documents.first);
  writer.put_unsigned(2, documents.count);
  return out;
}

Result<Documents> decode_documents(ByteView encoded) {
  Documents out;
  codec::FieldReader reader(encoded, "documents in quarantine");
  while (reader.next()) {
    if (reader.field() == 1) out.first = reader.as_unsigned();
    if (reader.field() == 2) out.count = static_cast<std::uint32_t>(reader.as_unsigned());
  }
  ATOLL_TRY(reader.status());
  if (out.first >= kDocumentsMax) return fail(ErrorKind::damaged, "search.bad_verdict", "a verdict is damaged");
  return out;
}

std::vector<std::uint64_t> numbers_in(const std::vector<std::uint64_t>& bits) {
  std::vector<std::uint64_t> out;
  for (std::size_t word = 0; word < bits.size(); ++word) {
    for (std::uint64_t rest = bits[word]; rest != 0; rest &= rest - 1)
      out.push_back(word * kBits + static_cast<std::uint64_t>(std::countr_zero(rest)));
  }
  return out;
}

Bytes encode(const GateProgress& progress) {
  Bytes out;
  codec::FieldWriter writer(out);
  writer.put_text(1, progress.gate);
  writer.put_text(2, progress.after);
  writer.put_unsigned(3, progress.is_done ? 1 : 0);
  return out;
}

Result<GateProgress> decode_progress(ByteView encoded) {
  GateProgress out;
  codec::FieldReader reader(encoded, "progress of a gate");
  while (reader.next()) {
    switch (reader.field()) {
      case 1: out.gate = reader.as_string(); break;
      case 2: out.after = reader.as_string(); break;
      case 3: out.is_done = reader.as_unsigned() != 0; break;
      default: break;
    }
  }
  ATOLL_TRY(reader.status());
  return out;
}

}  // namespace

Result<void> VerdictBook::load() {
  const auto each = [&](std::uint8_t of, const auto& visit) {
    return runs_->for_each_from(Bytes{of}, [&](ByteView key, ByteView value) -> Result<bool> {
      if (key[0] != of || key.size() < 1 + kIdBytes) return false;
      ATOLL_ASSIGN(const auto bucket, BucketId::from_view(key.subspan(1, kIdBytes)));
      ATOLL_TRY(visit(bucket, value));
      return true;
    });
  };
  const std::unique_lock alone(mutex_);
  ATOLL_TRY(each(kOfVerdict, [&](const BucketId& bucket, ByteView) -> Result<void> {
    ++counts_[bucket].judged;
    return {};
  }));
  ATOLL_TRY(each(kOfQuarantine, [&](const BucketId& bucket, ByteView value) -> Result<void> {
    ATOLL_ASSIGN(const Documents documents, decode_documents(value));
    ++counts_[bucket].quarantined;
    mark(documents.first, documents.count, true);
    return {};
  }));
  return each(kOfProgress, [&](const BucketId& bucket, ByteView value) -> Result<void> {
    ATOLL_ASSIGN(progress_[bucket], decode_progress(value));
    return {};
  });
}

void VerdictBook::mark(std::uint64_t first, std::uint32_t count, bool is_in) {
  const std::size_t words = static_cast<std::size_t>((first + count) / kBits) + 1;
  if (is_in && bits_.size() < words) {
    bits_.resize(words);
    firsts_.resize(words);
  }
  for (std::uint64_t document = first; document < first + count; ++document) {
    const auto word = static_cast<std::size_t>(document / kBits);
    if (word >= bits_.size()) return;
    const std::uint64_t bit = std::uint64_t{1} << (document % kBits);
    bits_[word] = is_in ? bits_[word] | bit : bits_[word] & ~bit;
    if (document == first) firsts_[word] = is_in ? firsts_[word] | bit : firsts_[word] & ~bit;
  }
}

Result<void> VerdictBook::set(const ObjectDocuments& row, Verdict verdict) {
  // Of a bucket that never had a gate nothing is looked up.
  if (verdict == Verdict::none && counts(row.bucket).judged == 0) return {};
  ATOLL_ASSIGN(const Verdict before, of(row.bucket, row.key));
  const Bytes in_quarantine = key_of(kOfQuarantine, row.bucket, row.key);
  std::optional<Documents> marked;
  ATOLL_ASSIGN(const auto kept, runs_->get(in_quarantine));
  if (kept) {
    ATOLL_ASSIGN(marked, decode_documents(*kept));
  }
  const Bytes judged = key_of(kOfVerdict, row.bucket, row.key);
  if (verdict == Verdict::none && before != Verdict::none) ATOLL_TRY(runs_->remove(judged));
  if (verdict != Verdict::none && before != verdict)
    ATOLL_TRY(runs_->put(judged, Bytes{static_cast<std::uint8_t>(verdict)}));
  if (verdict == Verdict::quarantined) {
    ATOLL_TRY(runs_->put(in_quarantine, encode(Documents{row.first, row.count})));
  } else if (marked) {
    ATOLL_TRY(runs_->remove(in_quarantine));
  }
  const std::unique_lock alone(mutex_);
  if (marked) mark(marked->first, marked->count, false);
  if (verdict == Verdict::quarantined) mark(row.first, row.count, true);
  VerdictCounts& counts = counts_[row.bucket];
  if (before != Verdict::none) --counts.judged;
  if (marked) --counts.quarantined;
  if (verdict != Verdict::none) ++counts.judged;
  if (verdict == Verdict::quarantined) ++counts.quarantined;
  return {};
}

Result<Verdict> VerdictBook::of(const BucketId& bucket, std::string_view key) const {
  ATOLL_ASSIGN(const auto kept, runs_->get(key_of(kOfVerdict, bucket, key)));
  if (!kept || kept->empty()) return Verdict::none;
  return kept->front() == static_cast<std::uint8_t>(Verdict::quarantined) ? Verdict::quarantined : Verdict::passed;
}

bool VerdictBook::is_quarantined(std::uint64_t document) const {
  const std::shared_lock shared(mutex_);
  const auto word = static_cast<std::size_t>(document / kBits);
  return word < bits_.size() && (bits_[word] >> (document % kBits) & 1U) != 0;
}

std::vector<std::uint64_t> VerdictBook::documents() const {
  const std::shared_lock shared(mutex_);
  return numbers_in(bits_);
}

std::vector<std::uint64_t> VerdictBook::firsts_of(const std::vector<std::uint64_t>& documents) const {
  const std::shared_lock shared(mutex_);
  const auto firsts = numbers_in(firsts_);
  std::vector<std::uint64_t> out;
  auto at = firsts.begin();
  for (const std::uint64_t document : documents) {
    at = std::upper_bound(at, firsts.end(), document);
    if (at == firsts.begin()) continue;
    if (out.empty() || out.back() != *std::prev(at)) out.push_back(*std::prev(at));
  }
  return out;
}

VerdictCounts VerdictBook::counts(const BucketId& bucket) const {
  const std::shared_lock shared(mutex_);
  const auto found = counts_.find(bucket);
  return found == counts_.end() ? VerdictCounts{} : found->second;
}

VerdictCounts VerdictBook::counts() const {
  const std::shared_lock shared(mutex_);
  VerdictCounts all;
  for (const auto& [bucket, counts] : counts_) {
    all.judged += counts.judged;
    all.quarantined += counts.quarantined;
  }
  return all;
}

Result<void> VerdictBook::for_each_quarantined(const BucketId& bucket, std::string_view prefix, std::string_view after,
                                               const std::function<Result<bool>(std::string_view key)>& visit) const {
  const Bytes within = key_of(kOfQuarantine, bucket, prefix);
  const Bytes behind = key_of(kOfQuarantine, bucket, after);
  const std::size_t name_at = 1 + kIdBytes;
  return runs_->for_each_from(std::max(within, behind), [&](ByteView key, ByteView) -> Result<bool> {
    if (key.size() < within.size() || !equal(key.first(within.size()), within)) return false;
    if (!after.empty() && equal(key, behind)) return true;
    const std::string name = to_string(key.subspan(name_at));
    return visit(name);
  });
}

std::map<BucketId, GateProgress> VerdictBook::progress() const {
  const std::shared_lock shared(mutex_);
  return progress_;
}

bool VerdictBook::is_finished(const BucketId& bucket, std::string_view gate) const {
  const std::shared_lock shared(mutex_);
  const auto found = progress_.find(bucket);
  return found != progress_.end() && found->second.is_done && found->second.gate == gate;
}

Result<void> VerdictBook::set_progress(const BucketId& bucket, const std::optional<GateProgress>& progress) {
  const Bytes key = key_of(kOfProgress, bucket, "");
  if (progress) ATOLL_TRY(runs_->put(key, encode(*progress)));
  if (!progress) ATOLL_TRY(runs_->remove(key));
  const std::unique_lock alone(mutex_);
  if (progress) progress_[bucket] = *progress;
  if (!progress) progress_.erase(bucket);
  return {};
}

}  // namespace atl::search
