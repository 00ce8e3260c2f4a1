#include "vault/object/objects.h"

#include <algorithm>

#include "vault/tier/accesses.h"

namespace atl::vault {
namespace {

using catalog::BucketRow;
using catalog::EntryKind;
using catalog::EntryRow;
using catalog::VersionRow;

// Two rows a version, three where an old one ends: batches of this many stay under the limit of a command.
constexpr std::size_t kObjectsPerCommand = 2'500;
// Long keys, attributes and words make long rows: this much of them at most stands in one batch.
constexpr std::size_t kRowBytesPerCommand = kCommandBytesMax / 2;

tl::unexpected<Error> no_such_bucket(const std::string& name) {
  return fail(ErrorKind::not_found, "bucket.not_found", "there is no bucket \"" + name + "\"",
              "`atoll ls` lists the buckets.");
}

tl::unexpected<Error> no_such_object(const std::string& bucket, std::string_view key) {
  return fail(ErrorKind::not_found, "object.not_found", "there is no object " + bucket + "/" + std::string(key),
              "`atoll ls " + bucket + "` lists what is there.");
}

bool facts_differ(const VersionRow& a, const VersionRow& b) {
  return a.changed != b.changed || a.device != b.device || a.inode != b.inode;
}

std::string prefix_end_replaced(const std::string& key, const std::string& prefix, const std::string& to_prefix) {
  return to_prefix + key.substr(prefix.size());
}

}  // namespace

bool reads_the_same(const VersionRow& a, const VersionRow& b) {
  return a.kind == b.kind && a.size == b.size && a.content == b.content && a.holes == b.holes &&
         a.has_source == b.has_source && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid &&
         a.modified == b.modified && a.device_number == b.device_number && a.link_target == b.link_target &&
         a.link_group == b.link_group && a.attributes == b.attributes && a.metadata == b.metadata && a.tags == b.tags &&
         a.content_type == b.content_type;
}

namespace {

// What was given of an object whose content stays as it is.
struct GivenWords {
  bool differs = false;   // from what the current version says: a new one
  bool attaches = false;  // to what it does not say yet
  template <class Text>
  void compare(const Text& fresh, const Text& old) {
    if (fresh.empty() || fresh == old) return;
    (old.empty() ? attaches : differs) = true;
  }
};

GivenWords compare_words(const VersionRow& fresh, const VersionRow& old) {
  GivenWords given;
  given.compare(fresh.label, old.label);
  given.compare(fresh.author, old.author);
  given.compare(fresh.description, old.description);
  given.compare(fresh.sources, old.sources);
  given.compare(fresh.transformation, old.transformation);
  return given;
}

void attach_words(VersionRow& old, const VersionRow& fresh) {
  if (!fresh.label.empty()) old.label = fresh.label;
  if (!fresh.author.empty()) old.author = fresh.author;
  if (!fresh.description.empty()) old.description = fresh.description;
  if (!fresh.sources.empty()) old.sources = fresh.sources;
  if (!fresh.transformation.empty()) old.transformation = fresh.transformation;
}

}  // namespace

Result<PutEffect> stage_put(const CommitContext& context, ChangeSet& changes, const BucketRow& bucket,
                            const NewVersion& fresh, const VersionId& version_id, std::string_view actor,
                            const OperationId& operation) {
  ATOLL_ASSIGN(const LabelScheme scheme, label_scheme(context.state, bucket));
  return stage_put(context, changes, bucket, fresh, version_id, actor, operation, scheme);
}

Result<PutEffect> stage_put(const CommitContext& context, ChangeSet& changes, const BucketRow& bucket,
                            const NewVersion& fresh, const VersionId& version_id, std::string_view actor,
                            const OperationId& operation, LabelScheme scheme) {
  using Words = NewVersion::Words;
  ATOLL_ASSIGN(auto entry, context.state.entry(bucket.id, fresh.key));
  VersionRow version = fresh.version;
  version.bucket = bucket.id;
  version.version = version_id;
  version.begin = context.lsn;
  version.begin_time = context.commit_time;
  version.end = {};
  version.end_time = {};
  version.actor = std::string(actor);
  if (!operation.is_none()) version.operation = to_bytes(operation.view());

  PutEffect effect = PutEffect::created;
  std::optional<VersionRow> old;
  if (entry) {
    version.object = entry->object;
    ATOLL_ASSIGN(old, context.state.version(entry->object, entry->version));
    if (!entry->is_deleted && old) {
      // Words the user gave to the old version stay with the object unless new ones are given.
      if (version.metadata.empty()) version.metadata = old->metadata;
      if (version.tags.empty()) version.tags = old->tags;
      if (version.content_type.empty()) version.content_type = old->content_type;
      const GivenWords given = fresh.words == Words::given ? compare_words(version, *old) : GivenWords{};
      if (reads_the_same(*old, version) && !given.differs) {
        if (given.attaches) {
          if (!version.label.empty()) {
            ATOLL_TRY(check_label_free(context.state, old->object, old->version, version.label,
                                       bucket.name + "/" + fresh.key));
          }
          attach_words(*old, version);
          changes.put(bucket.domain, *entry);  // it is, and the command says which name it changed
        } else if (!facts_differ(*old, version)) {
          return PutEffect::unchanged;
        }
        old->changed = version.changed;
        old->device = version.device;
        old->inode = version.inode;
        changes.put(bucket.domain, *old);
        return PutEffect::unchanged;
      }
      effect = PutEffect::updated;
    }
  } else {
    entry.emplace();
    entry->bucket = bucket.id;
    entry->key = fresh.key;
    // An object is known by the id of its first version: one random id less for each file.
    entry->object.bytes = version_id.bytes;
    version.object = entry->object;
  }
  if (!version.label.empty()) {
    const auto is_free =
        check_label_free(context.state, version.object, version_id, version.label, bucket.name + "/" + fresh.key);
    if (!is_free && (fresh.words != Words::carried || is_free.error().kind != ErrorKind::conflict))
      return pass(is_free.error());
    if (!is_free) version.label.clear();
  }
  if (version.label.empty() && scheme != LabelScheme::none && version.kind != EntryKind::directory) {
    ATOLL_ASSIGN(version.label, next_label(context, scheme, old ? &*old : nullptr, version, fresh.change));
  }
  if (effect == PutEffect::updated) {
    old->end = context.lsn;
    old->end_time = context.commit_time;
    changes.put(bucket.domain, *old);
  }
  entry->version = version_id;
  entry->is_deleted = false;
  entry->deleted_at = {};
  entry->deleted_lsn = {};
  changes.put(bucket.domain, *entry);
  changes.put(bucket.domain, version);
  return effect;
}

Result<void> stage_remove(const CommitContext& context, ChangeSet& changes, const BucketRow& bucket,
                          std::string_view key) {
  ATOLL_ASSIGN(auto entry, context.state.entry(bucket.id, key));
  if (!entry || entry->is_deleted) return no_such_object(bucket.name, key);
  ATOLL_ASSIGN(auto version, context.state.version(entry->object, entry->version));
  if (version) {
    version->end = context.lsn;
    version->end_time = context.commit_time;
    changes.put(bucket.domain, *version);
  }
  entry->is_deleted = true;
  entry->deleted_at = context.commit_time;
  entry->deleted_lsn = context.lsn;
  changes.put(bucket.domain, *entry);
  return {};
}

Result<BucketRow> Objects::bucket(const std::string& name) {
  const auto reader = vault_->reader();
  ATOLL_ASSIGN(auto row, reader->bucket_named(name));
  if (!row) return no_such_bucket(name);
  return std::move(*row);
}

Result<std::vector<BucketRow>> Objects::buckets() {
  const auto reader = vault_->reader();
  return reader->buckets();
}

Result<BucketRow> Objects::ensure_bucket(const std::string& name) {
  ATOLL_TRY(check_bucket_name(name));
  auto existing = bucket(name);
  if (existing || existing.error().kind != ErrorKind::not_found) return existing;
  BucketRow row;
  row.id = platform::new_id<BucketId>(vault_->machine());
  row.name = name;
  ATOLL_TRY(vault_->commit(journal::CommandKind::create_bucket,
                           [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                             ATOLL_ASSIGN(const auto taken, context.state.bucket_named(name));
                             if (taken) return {};  // somebody was quicker
                             row.created = context.commit_time;
                             changes.put(row);
                             return {};
                           }));
  return bucket(name);
}

namespace {

Result<void> check_empty(catalog::CatalogReader& state, const BucketRow& bucket) {
  catalog::ListQuery query;
  query.bucket = bucket.id;
  query.limit = 1;
  query.include_deleted = true;
  ATOLL_ASSIGN(const auto page, state.list(query));
  if (!page.items.empty()) {
    return fail(ErrorKind::conflict, "bucket.not_empty",
                "bucket \"" + bucket.name + "\" still holds objects or their history",
                "`atoll rm -r --forever " + bucket.name + "` removes both for good; look first with -n.");
  }
  ATOLL_ASSIGN(const auto snapshots, state.all<catalog::SnapshotRow>());
  for (const auto& snapshot : snapshots) {
    if (snapshot.bucket != bucket.id) continue;
    return fail(ErrorKind::conflict, "bucket.has_snapshot",
                "the snapshot " + snapshot.name + " is of bucket \"" + bucket.name + "\"",
                "Delete it first: atoll snapshot delete " + snapshot.name);
  }
  return {};
}

}  // namespace

Result<void> Objects::check_removable(const std::string& name) {
  ATOLL_ASSIGN(const BucketRow row, bucket(name));
  const auto reader = vault_->reader();
  return check_empty(*reader, row);
}

Result<void> Objects::remove_bucket(const std::string& name) {
  ATOLL_ASSIGN(const BucketRow row, bucket(name));
  ATOLL_TRY(vault_->commit(
      journal::CommandKind::remove_bucket, [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
        ATOLL_TRY(check_empty(context.state, row));
        catalog::PolicyRow policy;
        policy.bucket = row.id;
        ATOLL_ASSIGN(const auto own, context.state.one<catalog::PolicyRow>(catalog::key_of(policy)));
        if (own) changes.remove(policy);
        changes.remove(kDefaultDomain, journal::TableNumber::buckets, catalog::key_of(row));
        return {};
      }));
  return {};
}

Result<Objects::PutResult> Objects::put(const std::string& bucket_name, const std::string& key, const ReadSome& read,
                                        const PutRequest& request) {
  ATOLL_TRY(check_key(key));
  ATOLL_TRY(check_origin(request.origin));
  ATOLL_TRY(resolve_sources(*vault_->reader(), request.origin.sources));  // said before anything is read
  ATOLL_TRY(vault_->check_room(0));
  ATOLL_ASSIGN(const BucketRow bucket_row, ensure_bucket(bucket_name));
  const codec::GearTable* gear = vault_->gear(bucket_row.domain);
  if (gear == nullptr) {
    return fail(ErrorKind::wrong_key, "bucket.no_keys",
                "the keys of bucket \"" + bucket_name + "\" are gone: nothing can be stored in it");
  }
  const auto use = vault_->chunks().begin_use();
  const auto chunks = vault_->chunks().new_writer(bucket_row.domain, chunk::Temperature::warm);
  ContentWriter writer(*chunks, bucket_row.domain, *gear);
  writer.begin(choose_cutter(0, key));
  PutResult result;
  for (;;) {
    ATOLL_ASSIGN(const std::size_t count, read(writer.space()));
    if (count == 0) break;
    result.bytes += count;
    ATOLL_TRY(writer.advance(count));
  }
  NewVersion fresh;
  fresh.key = key;
  fresh.version.kind = key.ends_with('/') && result.bytes == 0 ? EntryKind::marker : EntryKind::file;
  fresh.version.size = result.bytes;
  ATOLL_ASSIGN(fresh.version.content, writer.finish());
  result.new_bytes = writer.new_bytes();
  const Timestamp now = vault_->machine().clock.now();
  fresh.version.modified = {now.unix_us / 1'000'000, static_cast<std::uint32_t>(now.unix_us % 1'000'000 * 1000)};
  fresh.version.mode = 0644;
  fresh.version.metadata = request.metadata;
  fresh.version.tags = request.tags;
  fresh.version.content_type = request.content_type;
  fresh.words = NewVersion::Words::given;
  fresh.change = request.origin.change;
  result.version = platform::new_id<VersionId>(vault_->machine());
  ATOLL_ASSIGN(result.lsn, vault_->commit_content([&](const CommitContext& context,
                                                      ChangeSet& changes) -> Result<void> {
    ATOLL_ASSIGN(const auto sources, resolve_sources(context.state, request.origin.sources));
    describe(fresh.version, request.origin, sources);
    ATOLL_ASSIGN(result.effect, stage_put(context, changes, bucket_row, fresh, result.version, vault_->actor(), {}));
    return {};
  }));
  return result;
}

Result<Objects::Found> Objects::find(const std::string& bucket_name, const std::string& key) {
  const auto reader = vault_->reader();
  ATOLL_ASSIGN(auto bucket_row, reader->bucket_named(bucket_name));
  if (!bucket_row) return no_such_bucket(bucket_name);
  // Entry and version in one look: another thread may remove both for good.
  ATOLL_ASSIGN(auto listed, reader->current(bucket_row->id, key));
  if (!listed) return no_such_object(bucket_name, key);
  return Found{std::move(*bucket_row), std::move(listed->entry), std::move(listed->version)};
}

Result<void> Objects::read(const VersionRow& version, std::uint64_t offset, std::uint64_t length,
                           const std::function<Result<bool>(ByteView)>& visit) {
  vault_->accesses().note(version.object);
  return read_version(vault_->chunks(), version, offset, length, visit);
}

namespace {

using Batch = std::span<const catalog::Listed>;

// What the rows of one object take in a command that ends a version and begins another under another key.
std::size_t row_bytes(const catalog::Listed& item) {
  return 3 * catalog::encode(item.version).size() + 3 * item.entry.key.size() + 512;
}

// Content may be shared only with a version that is still there: what an erased one held may be gone already.
Result<void> check_still_there(const CommitContext& context, const std::string& bucket, const catalog::Listed& item) {
  ATOLL_ASSIGN(const auto version, context.state.version(item.version.object, item.version.version));
  if (version) return {};
  return fail(ErrorKind::conflict, "object.changed", bucket + "/" + item.entry.key + " was removed for good meanwhile",
              "Look again with `atoll ls " + bucket + "`.");
}

std::size_t bytes_of(const Origin& origin) {
  std::size_t bytes = origin.label.size() + origin.author.size() + origin.description.size();
  bytes += origin.transformation.size();
  for (const std::string& source : origin.sources) bytes += source.size() + 64;
  return bytes;
}

// What a copied or moved version says of itself.
void take_origin(NewVersion& fresh, const std::string& from_bucket, const catalog::Listed& item, bool is_move,
                 const CopyOrigin& said, const std::vector<catalog::Source>& sources) {
  VersionRow& version = fresh.version;
  fresh.change = said.origin.change;
  // Another way to the same place, not another way of making it.
  if (fresh.change == ChangeSize::automatic && said.origin.transformation.empty()) fresh.change = ChangeSize::minor;
  if (said.origin.says_something()) fresh.words = NewVersion::Words::given;
  if (!is_move) version.label.clear();
  if (said.records_source) {
    // The name too: it says what is missing once the version is no longer kept.
    const catalog::Source former{item.version.object, item.version.version, from_bucket + "/" + item.entry.key};
    if (!is_move) {
      version.sources = {former};
      version.transformation = "copy";
    } else if (version.sources.size() < kSourcesMax) {
      version.sources.push_back(former);
      if (version.transformation.empty()) version.transformation = "move";
    }
  }
  const auto recorded = version.sources;
  describe(version, said.origin, sources);
  if (sources.empty() || !said.records_source) return;
  for (const auto& one : recorded) {
    if (std::ranges::find(version.sources, one) == version.sources.end()) version.sources.push_back(one);
  }
}

// Calls `work` with batches of the selected current objects, each batch read before the next command changes things.
// `added_bytes`: what a new key or new words make each object's rows longer.
Result<SelectionCount> in_batches(Vault& vault, const BucketRow& bucket, const Selection& selection,
                                  std::size_t batch_max, std::size_t added_bytes,
                                  const std::function<Result<void>(Batch)>& work) {
  SelectionCount count;
  const auto reader = vault.reader();
  if (!selection.is_recursive) {
    ATOLL_ASSIGN(auto entry, reader->entry(bucket.id, selection.prefix));
    if (!entry || entry->is_deleted) return no_such_object(bucket.name, selection.prefix);
    ATOLL_ASSIGN(auto version, reader->version(entry->object, entry->version));
    if (!version) return no_such_object(bucket.name, selection.prefix);
    count.objects = 1;
    count.bytes = version->size;
    std::vector<catalog::Listed> one;
    one.push_back({std::move(*entry), std::move(*version)});
    ATOLL_TRY(work(one));
    return count;
  }
  catalog::ListQuery query;
  query.bucket = bucket.id;
  query.prefix = selection.prefix;
  query.limit = batch_max;
  for (;;) {
    ATOLL_ASSIGN(auto page, reader->list(query));
    for (const auto& item : page.items) {
      ++count.objects;
      count.bytes += item.version.size;
    }
    const Batch all(page.items);
    for (std::size_t first = 0; first < all.size();) {
      std::size_t bytes = 0;
      std::size_t end = first;
      while (end < all.size() && (end == first || bytes < kRowBytesPerCommand))
        bytes += row_bytes(all[end++]) + added_bytes;
      ATOLL_TRY(work(all.subspan(first, end - first)));
      first = end;
    }
    if (!page.has_more) break;
    query.after = page.next_after;
  }
  if (count.objects == 0) return no_such_object(bucket.name, selection.prefix);
  return count;
}

}  // namespace

Result<SelectionCount> Objects::count(const Selection& selection) {
  ATOLL_ASSIGN(const BucketRow row, bucket(selection.bucket));
  return in_batches(*vault_, row, selection, kObjectsPerCommand, 0, [](Batch) -> Result<void> { return {}; });
}

Result<SelectionCount> Objects::remove(const Selection& selection) {
  ATOLL_ASSIGN(const BucketRow row, bucket(selection.bucket));
  const auto operation = platform::new_id<OperationId>(vault_->machine());
  return in_batches(*vault_, row, selection, kObjectsPerCommand, 0, [&](Batch batch) -> Result<void> {
    ATOLL_TRY(vault_->commit(
        journal::CommandKind::remove_objects,
        [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          for (const auto& item : batch) {
            const auto removed = stage_remove(context, changes, row, item.entry.key);
            // Gone meanwhile: what was asked for holds.
            if (!removed && removed.error().kind != ErrorKind::not_found) return pass(removed.error());
          }
          return {};
        },
        operation));
    return {};
  });
}

namespace {

// What `copy` and `move` share: each object of the selection stands at its new name with the same content, and where it
// `moves` not at the old one any more, in the same command.
Result<SelectionCount> carry(Vault& vault, const Selection& from, const BucketRow& source, const BucketRow& target,
                             const std::string& to_prefix, bool replace, bool moves, const CopyOrigin& origin) {
  if (source.domain != target.domain) {
    return fail(ErrorKind::unsupported, "copy.other_keys",
                "these buckets have keys of their own: content cannot be shared between them",
                moves ? "Restore the objects, put them into the other bucket, and remove them here."
                      : "Restore the objects and put them into the other bucket.");
  }
  const auto operation = platform::new_id<OperationId>(vault.machine());
  // Moving takes five rows an object.
  return in_batches(
      vault, source, from, moves ? kObjectsPerCommand / 2 : kObjectsPerCommand,
      to_prefix.size() + bytes_of(origin.origin), [&](Batch batch) -> Result<void> {
        ATOLL_TRY(vault.commit(
            journal::CommandKind::put_objects,
            [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
              ATOLL_ASSIGN(const LabelScheme scheme, label_scheme(context.state, target));
              ATOLL_ASSIGN(const auto sources, resolve_sources(context.state, origin.origin.sources));
              for (const auto& item : batch) {
                NewVersion fresh{prefix_end_replaced(item.entry.key, from.prefix, to_prefix), item.version};
                ATOLL_TRY(check_key(fresh.key));
                take_origin(fresh, from.bucket, item, moves, origin, sources);
                ATOLL_TRY(check_still_there(context, from.bucket, item));
                if (!replace) {
                  ATOLL_ASSIGN(const auto taken, context.state.entry(target.id, fresh.key));
                  if (taken && !taken->is_deleted) {
                    return fail(ErrorKind::conflict, "object.exists", target.name + "/" + fresh.key + " exists already",
                                "Add --force to replace it.");
                  }
                }
                ATOLL_TRY(stage_put(context, changes, target, fresh, platform::new_id<VersionId>(vault.machine()),
                                    vault.actor(), operation, scheme));
                if (moves) ATOLL_TRY(stage_remove(context, changes, source, item.entry.key));
              }
              return {};
            },
            operation));
        return {};
      });
}

}  // namespace

Result<SelectionCount> Objects::copy(const Selection& from, const std::string& to_bucket, const std::string& to_prefix,
                                     bool replace, const CopyOrigin& origin) {
  ATOLL_TRY(check_origin(origin.origin));
  if (from.bucket == to_bucket && from.is_recursive && to_prefix.starts_with(from.prefix)) {
    return fail(ErrorKind::usage, "copy.into_itself", "a folder cannot be copied into itself");
  }
  ATOLL_ASSIGN(const BucketRow source, bucket(from.bucket));
  ATOLL_ASSIGN(const BucketRow target, ensure_bucket(to_bucket));
  return carry(*vault_, from, source, target, to_prefix, replace, false, origin);
}

Result<SelectionCount> Objects::move(const Selection& from, const std::string& to_bucket, const std::string& to_prefix,
                                     bool replace, const CopyOrigin& origin) {
  ATOLL_TRY(check_origin(origin.origin));
  if (from.bucket == to_bucket && from.prefix == to_prefix) {
    return fail(ErrorKind::usage, "move.same_place", "source and target are the same");
  }
  if (from.bucket == to_bucket && from.is_recursive && to_prefix.starts_with(from.prefix)) {
    return fail(ErrorKind::usage, "move.into_itself", "a folder cannot be moved into itself");
  }
  ATOLL_ASSIGN(const BucketRow source, bucket(from.bucket));
  ATOLL_ASSIGN(const BucketRow target, ensure_bucket(to_bucket));
  return carry(*vault_, from, source, target, to_prefix, replace, true, origin);
}

namespace {

std::size_t bytes_of(const Objects::Labels& labels) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : labels.set) bytes += name.size() + value.size() + 16;
  return bytes;
}

void relabel(std::map<std::string, std::string>& labels, const Objects::Labels& change) {
  for (const auto& name : change.remove) labels.erase(name);
  for (const auto& [name, value] : change.set) labels[name] = value;
}

}  // namespace

Result<SelectionCount> Objects::tag(const Selection& selection, const Labels& tags, const Labels& metadata,
                                    const CheckVersion& check) {
  ATOLL_ASSIGN(const BucketRow row, bucket(selection.bucket));
  const OperationId own = vault_->caller().operation;
  const auto operation = own.is_none() ? platform::new_id<OperationId>(vault_->machine()) : own;
  return in_batches(*vault_, row, selection, kObjectsPerCommand, 2 * (bytes_of(tags) + bytes_of(metadata)),
                    [&](Batch batch) -> Result<void> {
                      ATOLL_TRY(vault_->commit(
                          journal::CommandKind::tag_objects,
                          [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                            ATOLL_ASSIGN(const LabelScheme scheme, label_scheme(context.state, row));
                            for (const auto& item : batch) {
                              ATOLL_ASSIGN(const auto entry, context.state.entry(row.id, item.entry.key));
                              if (!entry || entry->is_deleted) continue;
                              ATOLL_ASSIGN(auto version, context.state.version(entry->object, entry->version));
                              if (!version) continue;
                              if (check) ATOLL_TRY(check(*version));
                              if (metadata.set.empty() && metadata.remove.empty()) {
                                relabel(version->tags, tags);
                                // The entry as it is, so that the command says which name it changed.
                                changes.put(row.domain, *entry);
                                changes.put(row.domain, *version);
                                continue;
                              }
                              const VersionRow before = *version;
                              VersionRow old = before;
                              old.end = context.lsn;
                              old.end_time = context.commit_time;
                              changes.put(row.domain, old);
                              relabel(version->tags, tags);
                              relabel(version->metadata, metadata);
                              version->version = platform::new_id<VersionId>(vault_->machine());
                              version->begin = context.lsn;
                              version->begin_time = context.commit_time;
                              version->actor = vault_->actor();
                              version->operation = to_bytes(operation.view());
                              version->label.clear();  // stays with the version it was given to
                              if (scheme != LabelScheme::none && version->kind != EntryKind::directory) {
                                ATOLL_ASSIGN(version->label, next_label(context, scheme, &before, *version, {}));
                              }
                              EntryRow moved = *entry;
                              moved.version = version->version;
                              changes.put(row.domain, moved);
                              changes.put(row.domain, *version);
                            }
                            return {};
                          },
                          operation));
                      return {};
                    });
}

Result<std::vector<std::string>> Objects::set_metadata(
    const std::string& bucket_name, const std::map<std::string, std::map<std::string, std::string>>& by_key) {
  std::vector<std::string> missing;
  for (const auto& [key, fields] : by_key) {
    Labels labels;
    labels.set = fields;
    const auto done = tag({bucket_name, key, false}, {}, labels);
    if (done) continue;
    if (done.error().kind != ErrorKind::not_found || done.error().id == "bucket.not_found") return pass(done.error());
    missing.push_back(key);
  }
  return missing;
}

}  // namespace atl::vault
