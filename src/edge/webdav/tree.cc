#include "edge/webdav/tree.h"

#include <algorithm>
#include <set>

namespace atl::webdav {
namespace {

using catalog::BucketRow;
using catalog::EntryKind;
using catalog::Listed;
using catalog::VersionRow;
using vault::ChangeSet;
using vault::CommitContext;

// Moving takes five rows an object; names, words and attributes can make rows long.
constexpr std::size_t kObjectsPerCommand = 1'000;
constexpr std::size_t kRowBytesPerCommand = vault::kCommandBytesMax / 2;

FileTime file_time(Timestamp time) {
  return {time.unix_us / 1'000'000, static_cast<std::uint32_t>(time.unix_us % 1'000'000 * 1'000)};
}

// A name that an address can hold.
bool is_shown_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

std::size_t row_bytes(const Listed& item) {
  return 3 * catalog::encode(item.version).size() + 4 * item.entry.key.size() + 256;
}

// What a copied or moved version says of where it comes from, as Objects::copy() and move() have it.
void take_origin(Listed& item, const std::string& bucket, bool is_move) {
  VersionRow& version = item.version;
  if (version.kind != EntryKind::file) return;
  catalog::Source former{version.object, version.version, bucket + "/" + item.entry.key};
  if (!is_move) {
    version.label.clear();
    version.sources = {std::move(former)};
    version.transformation = "copy";
  } else if (version.sources.size() < vault::kSourcesMax) {
    version.sources.push_back(std::move(former));
    if (version.transformation.empty()) version.transformation = "move";
  }
}

}  // namespace

net::EntityTag tag_of(const VersionRow& version) { return {vault::etag_of(version), false}; }

FileTime modified_of(const VersionRow& version) {
  return version.modified == FileTime{} ? file_time(version.begin_time) : version.modified;
}

struct Tree::Changed {
  std::map<std::pair<std::string, std::string>, access::Used> sums;
  void add(const std::string& bucket, const VersionRow& version, int sign) {
    auto& sum = sums[{bucket, version.actor}];
    sum.bytes += sign * static_cast<std::int64_t>(version.size);
    sum.objects += sign;
  }
};

void Tree::note(const Changed& changed) const {
  if (!note_) return;
  for (const auto& [who, used] : changed.sums) note_(who.first, who.second, used);
}

Result<Node> Tree::look(const Place& place) {
  const auto reader = vault_->reader();
  return look_in(*reader, place);
}

Result<Node> Tree::look_in(catalog::CatalogReader& reader, const Place& place) {
  Node node;
  node.place = place;
  if (place.is_root()) {
    node.kind = NodeKind::vault;
    return node;
  }
  ATOLL_ASSIGN(node.bucket, reader.bucket_named(place.bucket));
  if (!node.bucket) return node;
  ATOLL_ASSIGN(const auto state, vault::bucket_state(reader, place.bucket));
  node.keeps_versions = state.versioning() == catalog::Versioning::enabled;
  const BucketId bucket = node.bucket->id;
  if (place.is_bucket()) {
    node.kind = NodeKind::bucket;
    ATOLL_ASSIGN(node.listed, reader.current(bucket, place.folder_key()));
    return node;
  }
  const auto look_for_file = [&]() -> Result<bool> {
    ATOLL_ASSIGN(node.listed, reader.current(bucket, place.key));
    if (!node.listed) return false;
    node.kind = node.listed->version.kind == EntryKind::file ? NodeKind::file : NodeKind::hidden;
    return true;
  };
  const auto look_for_folder = [&]() -> Result<bool> {
    ATOLL_ASSIGN(node.listed, reader.current(bucket, place.folder_key()));
    if (!node.listed) {
      catalog::ListQuery query;
      query.bucket = bucket;
      query.prefix = place.member_prefix();
      query.limit = 1;
      ATOLL_ASSIGN(const auto page, reader.list(query));
      if (page.items.empty()) return false;
    }
    node.kind = NodeKind::folder;
    return true;
  };
  ATOLL_ASSIGN(const bool is_found, place.has_slash ? look_for_folder() : look_for_file());
  if (is_found) return node;
  ATOLL_TRY(place.has_slash ? look_for_file() : look_for_folder());
  return node;
}

Result<std::vector<Node>> Tree::buckets(const Place& root) {
  const auto reader = vault_->reader();
  ATOLL_ASSIGN(auto rows, reader->buckets());
  std::vector<Node> out;
  out.reserve(rows.size());
  for (BucketRow& row : rows) {
    Node node;
    node.kind = NodeKind::bucket;
    node.place = root;
    node.place.bucket = row.name;
    node.place.has_slash = true;
    ATOLL_ASSIGN(node.listed, reader->current(row.id, node.place.folder_key()));
    node.bucket = std::move(row);
    out.push_back(std::move(node));
  }
  return out;
}

Result<Members> Tree::members(const Node& folder, const std::string& after, std::size_t limit) {
  Members out;
  const auto reader = vault_->reader();
  const std::string prefix = folder.place.member_prefix();
  catalog::ListQuery query;
  query.bucket = folder.bucket->id;
  query.prefix = prefix;
  query.after = after;
  query.delimiter = "/";
  query.limit = limit;
  ATOLL_ASSIGN(auto page, reader->list(query));
  for (Listed& item : page.items) {
    if (item.version.kind != EntryKind::file || !is_shown_name(std::string_view(item.entry.key).substr(prefix.size())))
      continue;
    Node node;
    node.kind = NodeKind::file;
    node.place = folder.place;
    node.place.key = item.entry.key;
    node.place.has_slash = false;
    node.bucket = folder.bucket;
    node.listed = std::move(item);
    out.nodes.push_back(std::move(node));
  }
  for (const std::string& common : page.common_prefixes) {
    if (!is_shown_name(std::string_view(common).substr(prefix.size(), common.size() - prefix.size() - 1))) continue;
    Node node;
    node.kind = NodeKind::folder;
    node.place = folder.place;
    node.place.key = common.substr(0, common.size() - 1);
    node.place.has_slash = true;
    node.bucket = folder.bucket;
    ATOLL_ASSIGN(node.listed, reader->current(folder.bucket->id, common));
    out.nodes.push_back(std::move(node));
  }
  out.next_after = std::move(page.next_after);
  out.has_more = page.has_more;
  return out;
}

VersionRow Tree::new_folder() const {
  VersionRow version;
  version.kind = EntryKind::directory;
  version.mode = 0755;
  version.modified = file_time(vault_->machine().clock.now());
  return version;
}

Result<void> Tree::stage(const CommitContext& context, ChangeSet& changes, const vault::BucketState& state,
                         const std::string& key, VersionRow version, const OperationId& operation,
                         Changed& changed) const {
  const BucketRow& bucket = state.bucket;
  ATOLL_ASSIGN(const auto before, context.state.current(bucket.id, key));
  if (before && vault::reads_the_same(before->version, version)) return {};
  ATOLL_ASSIGN(const auto entry, context.state.entry(bucket.id, key));
  const auto id = new_id<VersionId>();
  version.object = ObjectId{id.bytes};
  if (entry) version.object = entry->object;
  version.operation = operation.is_none() ? Bytes() : to_bytes(operation.view());
  if (!version.label.empty() &&
      !vault::check_label_free(context.state, version.object, id, version.label, bucket.name + "/" + key))
    version.label.clear();
  ATOLL_ASSIGN(const auto scheme, vault::label_scheme(context.state, bucket));
  if (version.label.empty() && scheme != vault::LabelScheme::none && version.kind == EntryKind::file) {
    ATOLL_ASSIGN(version.label, vault::next_label(context, scheme, before ? &before->version : nullptr, version,
                                                  vault::ChangeSize::automatic));
  }
  vault::NewVersion fresh;
  fresh.key = key;
  fresh.version = version;
  ATOLL_TRY(vault::stage_version(context, changes, state, fresh, id, vault_->actor(), {}, {}));
  if (before) changed.add(bucket.name, before->version, -1);
  version.actor = vault_->actor();
  changed.add(bucket.name, version, 1);
  return {};
}

Result<bool> Tree::stage_removal(const CommitContext& context, ChangeSet& changes, const vault::BucketState& state,
                                 const Listed& item, Changed& changed) const {
  ATOLL_ASSIGN(const auto done, vault::stage_removal_by_name(context, changes, state, item.entry.key,
                                                             new_id<VersionId>(), vault_->actor(), {}));
  if (done.existed) changed.add(state.bucket.name, item.version, -1);
  return done.existed;
}

Result<void> Tree::keep_parent(const CommitContext& context, ChangeSet& changes, const vault::BucketState& state,
                               const Place& removed, const OperationId& operation) const {
  const Place parent = removed.parent();
  if (parent.key.empty()) return {};  // buckets stay anyhow
  ATOLL_ASSIGN(const auto there, context.state.current(state.bucket.id, parent.folder_key()));
  if (there) return {};
  Changed changed;
  ATOLL_TRY(stage(context, changes, state, parent.folder_key(), new_folder(), operation, changed));
  return {};
}

Result<Tree::Stored> Tree::put(const Node& target, const vault::Objects::ReadSome& read, const NewFile& file,
                               const Check& check) {
  const std::string& key = target.place.key;
  ATOLL_TRY(vault::check_key(key));
  ATOLL_ASSIGN(const auto content, vault::store_content(*vault_, *target.bucket,
                                                        file.expected_bytes.value_or(file.hinted_bytes), key, read));
  Stored stored;
  VersionRow& version = stored.version;
  version.kind = EntryKind::file;
  version.content = content.content;
  version.size = content.bytes;
  version.modified = file.modified.value_or(file_time(vault_->machine().clock.now()));
  version.mode = 0644;
  version.content_type = file.content_type;
  Changed changed;
  ATOLL_TRY(vault_->commit_content([&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
    ATOLL_ASSIGN(const auto state, vault::bucket_state(context.state, target.place.bucket));
    ATOLL_ASSIGN(const auto now, context.state.current(state.bucket.id, key));
    ATOLL_TRY(check(context.state, now ? &*now : nullptr));
    stored.is_new = !now;
    if (now) {
      const VersionRow& old = now->version;
      version.metadata = old.metadata;
      version.tags = old.tags;
      if (version.content_type.empty()) version.content_type = old.content_type;
      // Who may read it, of a file that was stored from a disk, is not for a new content to change.
      version.has_source = old.has_source;
      version.mode = old.mode;
      version.uid = old.uid;
      version.gid = old.gid;
      version.attributes = old.attributes;
    }
    if (file.relabel) file.relabel(version.metadata);
    return stage(context, changes, state, key, version, {}, changed);
  }));
  note(changed);
  return stored;
}

Result<void> Tree::make_folder(const Node& target, const Check& check) {
  const std::string key = target.place.folder_key();
  ATOLL_TRY(vault::check_key(key));
  Changed changed;
  ATOLL_TRY(vault_->commit(journal::CommandKind::put_objects,
                           [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                             ATOLL_ASSIGN(const auto state, vault::bucket_state(context.state, target.place.bucket));
                             ATOLL_ASSIGN(const auto now, context.state.current(state.bucket.id, key));
                             ATOLL_TRY(check(context.state, now ? &*now : nullptr));
                             return stage(context, changes, state, key, new_folder(), {}, changed);
                           }));
  note(changed);
  return {};
}

Result<void> Tree::relabel(const Node& target, const std::function<Result<void>(VersionRow&)>& change) {
  const std::string key = target.is_file() ? target.place.key : target.place.folder_key();
  Changed changed;
  ATOLL_TRY(vault_->commit(journal::CommandKind::put_objects,
                           [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
                             ATOLL_ASSIGN(const auto state, vault::bucket_state(context.state, target.place.bucket));
                             ATOLL_ASSIGN(auto now, context.state.current(state.bucket.id, key));
                             if (!now && target.is_file()) {
                               return fail(ErrorKind::not_found, "object.not_found",
                                           "there is no object " + target.place.bucket + "/" + key + " any more");
                             }
                             VersionRow version = now ? now->version : new_folder();
                             ATOLL_TRY(change(version));
                             version.label.clear();  // it names the version before
                             return stage(context, changes, state, key, version, {}, changed);
                           }));
  note(changed);
  return {};
}

Result<void> Tree::in_batches(const Node& node, bool is_deep, const std::vector<Place>& named,
                              const std::function<Result<void>(const Batch&)>& work) {
  if (node.is_file() || !is_deep) {
    if (!node.listed) return {};
    return work({*node.listed});
  }
  const auto reader = vault_->reader();
  Batch first;
  std::set<std::string> first_keys;
  std::size_t first_bytes = 0;
  for (const Place& place : named) {
    if (place.key.empty() || !node.place.holds(place) || !first_keys.insert(place.key).second) continue;
    ATOLL_ASSIGN(auto item, reader->current(node.bucket->id, place.key));
    if (!item || !item->entry.key.starts_with(node.place.member_prefix())) {
      first_keys.erase(place.key);
      continue;
    }
    first_bytes += row_bytes(*item);
    first.push_back(std::move(*item));
  }
  if (first.size() > kObjectsPerCommand || first_bytes > kRowBytesPerCommand) {
    return fail(ErrorKind::limit, "dav.too_many_named",
                "the If field names more files of this folder than one change takes",
                "Name fewer of them, or lock the folder.");
  }
  if (!first.empty()) ATOLL_TRY(work(first));
  catalog::ListQuery query;
  query.bucket = node.bucket->id;
  query.prefix = node.place.member_prefix();
  query.limit = kObjectsPerCommand;
  for (;;) {
    ATOLL_ASSIGN(auto page, reader->list(query));
    Batch batch;
    std::size_t bytes = 0;
    for (Listed& item : page.items) {
      if (first_keys.contains(item.entry.key)) continue;
      const std::size_t more = row_bytes(item);
      if (!batch.empty() && bytes + more > kRowBytesPerCommand) {
        ATOLL_TRY(work(batch));
        batch.clear();
        bytes = 0;
      }
      bytes += more;
      batch.push_back(std::move(item));
    }
    if (!batch.empty()) ATOLL_TRY(work(batch));
    if (!page.has_more) return {};
    query.after = page.next_after;
  }
}

Result<void> Tree::remove(const Node& target, const Terms& terms) {
  return remove_with(target, new_id<OperationId>(), true, terms);
}

Result<void> Tree::remove_with(const Node& target, const OperationId& operation, bool keeps_parent,
                               const Terms& terms) {
  bool is_first = true;
  return in_batches(target, true, terms.named, [&](const Batch& batch) -> Result<void> {
    Changed changed;
    ATOLL_TRY(vault_->commit(
        journal::CommandKind::remove_objects,
        [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
          ATOLL_ASSIGN(const auto state, vault::bucket_state(context.state, target.place.bucket));
          if (is_first && terms.check) {
            const std::string key = target.is_file() ? target.place.key : target.place.folder_key();
            ATOLL_ASSIGN(const auto now, context.state.current(state.bucket.id, key));
            // Of a file that is gone meanwhile the removal itself tells.
            if (now || !target.is_file()) ATOLL_TRY(terms.check(context.state, now ? &*now : nullptr));
          }
          if (is_first && keeps_parent) ATOLL_TRY(keep_parent(context, changes, state, target.place, operation));
          for (const Listed& item : batch) {
            ATOLL_ASSIGN(const bool existed, stage_removal(context, changes, state, item, changed));
            // Of a folder what is gone meanwhile need not go; of one file only one of two callers has removed it.
            if (!existed && !target.is_folder() && keeps_parent) {
              return fail(ErrorKind::not_found, "object.not_found",
                          "there is no file " + target.place.bucket + "/" + item.entry.key + " any more");
            }
          }
          return {};
        },
        operation));
    is_first = false;
    note(changed);
    return {};
  });
}

Result<bool> Tree::bring_into(const BucketRow& target, VersionRow& version) {
  if (version.content.domain == target.domain || version.content.length == 0) {
    if (version.content.length == 0) version.content.domain = target.domain;
    return false;
  }
  const codec::GearTable* const gear = vault_->gear(target.domain);
  if (gear == nullptr) {
    return fail(ErrorKind::wrong_key, "bucket.no_keys",
                "the keys of bucket \"" + target.name + "\" are gone: nothing can be stored in it");
  }
  const auto chunks = vault_->chunks().new_writer(target.domain, chunk::Temperature::warm);
  vault::ContentWriter writer(*chunks, target.domain, *gear);
  writer.begin(static_cast<codec::CutterNumber>(version.content.cutter));
  ATOLL_TRY(vault::read_content(vault_->chunks(), version.content, 0, version.content.length,
                                [&](ByteView bytes) -> Result<bool> {
                                  ATOLL_TRY(writer.append(bytes));
                                  return true;
                                }));
  ATOLL_ASSIGN(version.content, writer.finish());
  return true;
}

Result<void> Tree::transfer(const Node& from, const Node& to, const Transfer& how, const Terms& terms) {
  const auto operation = new_id<OperationId>();
  const bool replaces_in_place = from.is_file() && to.is_file();
  if (to.exists() && !replaces_in_place) ATOLL_TRY(remove_with(to, operation, true, terms));
  const std::string from_root = from.is_file() ? from.place.key : from.place.member_prefix();
  const std::string to_root = from.is_file() ? to.place.key : to.place.member_prefix();
  const BucketRow& source = *from.bucket;
  const BucketRow& target = *to.bucket;
  bool is_first = true;
  const auto work = [&](const Batch& batch) -> Result<void> {
    const auto use = vault_->chunks().begin_use();
    Batch fresh = batch;
    bool is_stored_anew = false;
    for (Listed& item : fresh) {
      take_origin(item, source.name, how.removes_source);
      ATOLL_ASSIGN(const bool is_anew, bring_into(target, item.version));
      is_stored_anew = is_stored_anew || is_anew;
    }
    Changed changed;
    const auto build = [&](const CommitContext& context, ChangeSet& changes) -> Result<void> {
      ATOLL_ASSIGN(const auto source_state, vault::bucket_state(context.state, source.name));
      ATOLL_ASSIGN(const auto target_state, vault::bucket_state(context.state, target.name));
      if (is_first) {
        ATOLL_ASSIGN(const auto now,
                     context.state.current(target.id, from.is_file() ? to_root : to.place.folder_key()));
        ATOLL_TRY(terms.check(context.state, now ? &*now : nullptr));
        if (how.removes_source) ATOLL_TRY(keep_parent(context, changes, source_state, from.place, operation));
        // An implied folder, copied: the copy shall be there even where nothing below it is copied.
        const bool has_entry =
            std::ranges::any_of(batch, [&](const Listed& item) { return item.entry.key == from.place.folder_key(); });
        if (!from.is_file() && !has_entry && !to.place.is_bucket())
          ATOLL_TRY(stage(context, changes, target_state, to.place.folder_key(), new_folder(), operation, changed));
      }
      for (std::size_t i = 0; i < batch.size(); ++i) {
        const Listed& item = batch[i];
        // What a version held may be given up once it was removed for good. And what was stored since must not go with
        // a move that did not see it.
        ATOLL_ASSIGN(const auto still, context.state.version(item.version.object, item.version.version));
        if (!still || (how.removes_source && still->end.value != 0)) {
          return fail(ErrorKind::conflict, "object.changed",
                      source.name + "/" + item.entry.key + " was changed or removed meanwhile", "Look again.");
        }
        const std::string key =
            item.entry.key == "./" ? to.place.folder_key() : to_root + item.entry.key.substr(from_root.size());
        ATOLL_TRY(vault::check_key(key));
        ATOLL_TRY(stage(context, changes, target_state, key, fresh[i].version, operation, changed));
        if (!how.removes_source) continue;
        ATOLL_TRY(stage_removal(context, changes, source_state, item, changed));
      }
      return {};
    };
    if (is_stored_anew) {
      ATOLL_TRY(vault_->commit_content(build, operation));
    } else {
      ATOLL_TRY(vault_->commit(journal::CommandKind::put_objects, build, operation));
    }
    is_first = false;
    note(changed);
    return {};
  };
  ATOLL_TRY(in_batches(from, how.is_deep, terms.named, work));
  if (is_first) ATOLL_TRY(make_folder(to, terms.check));  // an implied folder without what lies below it
  return {};
}

Result<vault::SelectionCount> Tree::count(const Node& node) {
  vault::SelectionCount out;
  ATOLL_TRY(in_batches(node, true, {}, [&](const Batch& batch) -> Result<void> {
    for (const Listed& item : batch) {
      ++out.objects;
      out.bytes += item.version.size;
    }
    return {};
  }));
  return out;
}

}  // namespace atl::webdav
