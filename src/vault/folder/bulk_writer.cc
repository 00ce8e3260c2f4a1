#include "vault/folder/bulk_writer.h"

#include <algorithm>

#include "foundation/base/units.h"

namespace atl::vault {
namespace {

constexpr std::size_t kObjectsPerCommand = 2'500;  // three rows each stay under the limit of a command
constexpr std::size_t kObjectsPerFlush = 10'000;
constexpr std::uint64_t kBytesPerFlush = 512 * kMiB;
constexpr std::uint64_t kRowBytesPerFlush = 32 * kMiB;
constexpr std::int64_t kFlushEveryNs = 10'000'000'000;

bool has_same_facts(const catalog::VersionRow& a, const catalog::VersionRow& b) {
  return a.kind == b.kind && a.size == b.size && a.content == b.content && a.holes == b.holes && a.mode == b.mode &&
         a.uid == b.uid && a.gid == b.gid && a.modified == b.modified && a.link_target == b.link_target &&
         a.attributes == b.attributes;
}

}  // namespace

Result<std::unique_ptr<BulkWriter>> BulkWriter::open(Vault& vault, const catalog::BucketRow& bucket) {
  const codec::GearTable* gear = vault.gear(bucket.domain);
  if (gear == nullptr)
    return fail(ErrorKind::wrong_key, "bucket.no_keys", "the keys of bucket \"" + bucket.name + "\" are gone");
  ATOLL_TRY(vault.check_room(0));
  return std::unique_ptr<BulkWriter>(new BulkWriter(vault, bucket, *gear));
}

BulkWriter::BulkWriter(Vault& vault, catalog::BucketRow bucket, const codec::GearTable& gear)
    : vault_(&vault),
      bucket_(std::move(bucket)),
      use_(vault.chunks().begin_use()),
      chunks_(vault.chunks().new_writer(bucket_.domain, chunk::Temperature::warm)),
      writer_(*chunks_, bucket_.domain, gear),
      operation_(platform::new_id<OperationId>(vault.machine())),
      last_flush_ns_(vault.machine().clock.monotonic_ns()) {}

void BulkWriter::begin(std::uint64_t expected_bytes, std::string_view name, ByteView first_bytes) {
  writer_.begin(choose_cutter(expected_bytes, name, first_bytes));
}

Result<void> BulkWriter::append(ByteView bytes) {
  counts_.bytes += bytes.size();
  batch_bytes_ += bytes.size();
  return writer_.append(bytes);
}

Result<void> BulkWriter::finish(const std::string& key, catalog::VersionRow version, Words words) {
  ATOLL_ASSIGN(version.content, writer_.finish());
  counts_.new_bytes += writer_.new_bytes();
  if (version.holes.empty()) version.size = version.content.length;
  return add(key, std::move(version), words);
}

Result<void> BulkWriter::add(const std::string& key, catalog::VersionRow version, Words words) {
  ATOLL_TRY(check_key(key));
  if (batch_.contains(key)) ATOLL_TRY(flush());  // one version after the other
  batch_row_bytes_ += 2 * (catalog::encode(version).size() + key.size()) + 256;
  batch_.emplace(key, Pending{std::move(version), words});
  const std::int64_t now_ns = vault_->machine().clock.monotonic_ns();
  if (batch_.size() >= kObjectsPerFlush || batch_bytes_ >= kBytesPerFlush || batch_row_bytes_ >= kRowBytesPerFlush ||
      now_ns - last_flush_ns_ > kFlushEveryNs) {
    return flush();
  }
  return {};
}

Result<std::optional<catalog::VersionRow>> BulkWriter::find(const std::string& key) {
  if (const auto pending = batch_.find(key); pending != batch_.end()) return pending->second.version;
  const auto reader = vault_->reader();
  ATOLL_ASSIGN(auto listed, reader->current(bucket_.id, key));
  if (!listed) return std::nullopt;
  return std::move(listed->version);
}

Result<void> BulkWriter::mark_linked(const std::string& key, const Bytes& link_group) {
  if (const auto pending = batch_.find(key); pending != batch_.end()) {
    pending->second.version.link_group = link_group;
    return {};
  }
  ATOLL_ASSIGN(auto version, find(key));
  if (!version) return fail(ErrorKind::not_found, "object.not_found", "there is no object " + bucket_.name + "/" + key);
  version->link_group = link_group;
  version->label.clear();
  return add(key, std::move(*version));
}

void BulkWriter::say_origin(NewVersion& fresh, const std::vector<catalog::Source>& sources) const {
  catalog::VersionRow& version = fresh.version;
  if (version.author.empty()) version.author = origin_.author;
  if (version.description.empty()) version.description = origin_.description;
  if (version.transformation.empty()) version.transformation = origin_.transformation;
  if (version.sources.empty()) version.sources = sources;
  fresh.change = origin_.change;
}

Result<void> BulkWriter::stage_carried(const CommitContext& context, ChangeSet& changes, Batch::const_iterator first,
                                       Batch::const_iterator end) {
  ATOLL_ASSIGN(const LabelScheme scheme, label_scheme(context.state, bucket_));
  ATOLL_ASSIGN(const auto sources, resolve_sources(context.state, origin_.sources));
  for (auto one = first; one != end; ++one) {
    NewVersion fresh{one->first, one->second.version};
    const std::string label = fresh.version.label;
    if (!label.empty() && !check_label(label)) fresh.version.label.clear();
    say_origin(fresh, sources);
    if (one->second.words == Words::keep_of_same) {
      ATOLL_ASSIGN(const auto old, context.state.current(bucket_.id, one->first));
      if (old && has_same_facts(old->version, fresh.version)) {
        fresh.version.metadata = old->version.metadata;
        fresh.version.tags = old->version.tags;
        fresh.version.link_group = old->version.link_group;
      }
    }
    ATOLL_ASSIGN(const PutEffect effect,
                 stage_put(context, changes, bucket_, fresh, platform::new_id<VersionId>(vault_->machine()),
                           vault_->actor(), operation_, scheme));
    if (!label.empty() && effect != PutEffect::unchanged) {
      ATOLL_ASSIGN(const auto entry, context.state.entry(bucket_.id, one->first));
      // Only what was there before this command can have taken it.
      bool is_left_out = fresh.version.label.empty();
      if (entry && !is_left_out) {
        ATOLL_ASSIGN(const auto holder, context.state.labelled(entry->object, label));
        is_left_out = holder.has_value();
      }
      if (is_left_out) ++counts_.labels_left_out;
    }
    if (effect == PutEffect::created) ++counts_.created;
    if (effect == PutEffect::updated) ++counts_.updated;
    if (effect == PutEffect::unchanged) ++counts_.unchanged;
  }
  return {};
}

Result<BulkWriter::Told> BulkWriter::stage_one(const CommitContext& context, ChangeSet& changes,
                                               const BucketState& bucket, const NewVersion& fresh) {
  ATOLL_ASSIGN(auto old, context.state.current(bucket_.id, fresh.key));
  const catalog::VersionRow& version = fresh.version;
  const catalog::VersionRow* const current = old ? &old->version : nullptr;
  Told told{fresh.key, PutEffect::created, version.size, std::nullopt, std::nullopt};
  Result<void> allowed;
  if (rules_->check) allowed = rules_->check(fresh.key, current);
  const bool says_words = !version.metadata.empty() || !version.tags.empty() || !version.content_type.empty();
  const bool has_same_words =
      !says_words || (current != nullptr && current->metadata == version.metadata && current->tags == version.tags &&
                      current->content_type == version.content_type);
  const bool has_same_links =
      version.link_group.empty() || (current != nullptr && current->link_group == version.link_group);
  if (allowed && current != nullptr && has_same_facts(*current, version) && has_same_words && has_same_links) {
    told.effect = PutEffect::unchanged;
    return told;
  }
  if (allowed && !version.label.empty()) {
    ATOLL_ASSIGN(const auto entry, context.state.entry(bucket_.id, fresh.key));
    if (entry)
      allowed = check_label_free(context.state, entry->object, {}, version.label, bucket_.name + "/" + fresh.key);
  }
  if (!allowed) {
    told.refused = std::move(allowed).error();
    return told;
  }
  ATOLL_TRY(stage_version(context, changes, bucket, fresh, platform::new_id<VersionId>(vault_->machine()),
                          vault_->actor(), {}, {}));
  if (old) {
    told.effect = PutEffect::updated;
    told.before = std::move(old->version);
  }
  return told;
}

Result<void> BulkWriter::stage_by_rules(const CommitContext& context, ChangeSet& changes, Batch::const_iterator first,
                                        Batch::const_iterator end) {
  ATOLL_ASSIGN(const BucketState bucket, bucket_state(context.state, bucket_.name));
  ATOLL_ASSIGN(const auto sources, resolve_sources(context.state, origin_.sources));
  for (auto one = first; one != end; ++one) {
    NewVersion fresh{one->first, one->second.version};
    say_origin(fresh, sources);
    if (fresh.version.label.empty()) fresh.version.label = origin_.label;
    fresh.version.operation.assign(operation_.bytes.begin(), operation_.bytes.end());
    ATOLL_ASSIGN(Told told, stage_one(context, changes, bucket, fresh));
    if (!told.refused && told.effect == PutEffect::created) ++counts_.created;
    if (!told.refused && told.effect == PutEffect::updated) ++counts_.updated;
    if (!told.refused && told.effect == PutEffect::unchanged) ++counts_.unchanged;
    told_.push_back(std::move(told));
  }
  return {};
}

Result<void> BulkWriter::flush() {
  last_flush_ns_ = vault_->machine().clock.monotonic_ns();
  if (batch_.empty()) return {};
  told_.clear();
  // The reserve is for deleting and cleaning up, also while a long import goes on.
  ATOLL_TRY(vault_->check_room(0));
  ATOLL_TRY(vault_->sync_chunks());
  std::vector<CommandBuilder> builders;
  for (auto at = batch_.begin(); at != batch_.end();) {
    const auto first = at;
    std::size_t count = 0;
    std::size_t bytes = 0;
    while (at != batch_.end() && count < kObjectsPerCommand && (count == 0 || bytes < kCommandBytesMax / 2)) {
      bytes += 2 * (catalog::encode(at->second.version).size() + at->first.size()) + 256;
      ++count;
      ++at;
    }
    builders.push_back([this, first, end = at](const CommitContext& context, ChangeSet& changes) -> Result<void> {
      return rules_ ? stage_by_rules(context, changes, first, end) : stage_carried(context, changes, first, end);
    });
  }
  for (auto& answer : vault_->commit_group(journal::CommandKind::put_objects, std::move(builders), operation_))
    if (!answer) return pass(std::move(answer).error());
  if (rules_ && rules_->on_done) {
    for (const Told& told : told_) rules_->on_done(told);
  }
  told_.clear();
  batch_.clear();
  batch_bytes_ = 0;
  batch_row_bytes_ = 0;
  return {};
}

}  // namespace atl::vault
