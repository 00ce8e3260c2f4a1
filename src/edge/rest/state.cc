#include "edge/rest/state.h"

namespace atl::rest {

tl::unexpected<Error> key_reused() {
  return fail(ErrorKind::conflict, "http.idempotency_key_reused",
              "this Idempotency-Key was given with another request before", "Make a new one for each new request.");
}

void IdempotencyKeys::forget_old(Timestamp now) {
  while (!entries_.empty()) {
    Entry& oldest = entries_.front();
    const bool is_old = now.unix_us - oldest.begun.unix_us > kAnswerKeptUs;
    const bool is_too_much = entries_.size() > kAnswersMax || bytes_ > kAnswerBytesMax;
    // What is under way stays: requests end.
    if (!oldest.answer || (!is_old && !is_too_much)) return;
    bytes_ -= oldest.bytes();
    by_name_.erase(oldest.name);
    entries_.pop_front();
  }
}

Result<std::optional<IdempotencyKeys::Kept>> IdempotencyKeys::begin(const Name& name, const codec::Digest& digest,
                                                                    Timestamp now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) {
    entries_.push_back({name, digest, now, std::nullopt});
    by_name_[name] = std::prev(entries_.end());
    return std::nullopt;
  }
  const Entry& entry = *known->second;
  if (entry.digest != digest) return key_reused();
  if (!entry.answer) {
    return fail(ErrorKind::conflict, "http.request_under_way",
                "the first request with this Idempotency-Key is still being worked on", "Ask again in a moment.");
  }
  return entry.answer;
}

void IdempotencyKeys::end(const Name& name, std::optional<Kept> answer) {
  const std::lock_guard lock(mutex_);
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return;
  if (!answer || answer->body.size() > kOneAnswerBytesMax) {
    entries_.erase(known->second);
    by_name_.erase(known);
    return;
  }
  known->second->answer = std::move(answer);
  bytes_ += known->second->bytes();
}

std::unique_ptr<UploadsInUse::Hold> UploadsInUse::take(const UploadId& id) {
  const std::lock_guard lock(mutex_);
  if (!taken_.insert(id).second) return nullptr;
  return std::make_unique<Hold>(*this, id);
}

void UploadsInUse::note_finished(const UploadId& id, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  finished_[id] = length;
  if (finished_.size() > kFinishedMax) finished_.erase(finished_.begin());
}

std::optional<std::uint64_t> UploadsInUse::finished(const UploadId& id) {
  const std::lock_guard lock(mutex_);
  const auto found = finished_.find(id);
  if (found == finished_.end()) return std::nullopt;
  return found->second;
}

void UploadsInUse::give_back(const UploadId& id) {
  const std::lock_guard lock(mutex_);
  taken_.erase(id);
}

}  // namespace atl::rest
