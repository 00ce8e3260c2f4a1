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
      chunks_(vault.chunks().new_writer(bucket_.domain, chunk::Temperature::warm)),
      writer_(*chunks_, bucket_.domain, gear),
      operation_(platform::new_id<OperationId>(vault.machine())),
      last_flush_ns_(vault.machine().clock.monotonic_ns()) {}

void BulkWriter::begin(std::uint64_t expected_bytes, std::string_view name) {
  writer_.begin(choose_cutter(expected_bytes, name));
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

void BulkWriter::say_origin(NewVersion& fresh, const std::vector<catalog::Source>& sources) const {
  catalog::VersionRow& version = fresh.version;
  if (version.author.empty()) version.author = origin_.author;
  if (version.description.empty()) version.description = origin_.description;
  if (version.transformation.empty()) version.transformation = origin_.transformation;
  if (version.sources.empty()) version.sources = sources;
  fresh.change = origin_.change;
}

Result<void> BulkWriter::flush() {
  last_flush_ns_ = vault_->machine().clock.monotonic_ns();
  if (batch_.empty()) return {};
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
    });
  }
  for (auto& answer : vault_->commit_group(journal::CommandKind::put_objects, std::move(builders), operation_))
    if (!answer) return pass(std::move(answer).error());
  batch_.clear();
  batch_bytes_ = 0;
  batch_row_bytes_ = 0;
  return {};
}

}  // namespace atl::vault
