#include "catalog/testing/catalog_model.h"

#include <algorithm>
#include <set>

namespace atl::catalog {

using journal::RowChange;
using journal::TableNumber;

void CatalogModel::apply(std::span<const RowChange> changes) {
  for (const RowChange& change : changes) {
    if (change.row) {
      rows_[{change.table, change.key}] = *change.row;
    } else {
      rows_.erase({change.table, change.key});
    }
  }
}

Totals CatalogModel::totals(std::optional<BucketId> bucket) const {
  Totals sum;
  for (const auto& [where, row] : rows_) {
    if (where.first != TableNumber::entries) continue;
    const EntryRow entry = decode_entry(where.second, row).value();
    if (entry.is_deleted || (bucket && entry.bucket != *bucket)) continue;
    VersionRow named;
    named.object = entry.object;
    named.version = entry.version;
    const auto found = rows_.find({TableNumber::versions, key_of(named)});
    if (found == rows_.end()) continue;
    const VersionRow version = decode_version(found->first.second, found->second).value();
    ++sum.objects_by_kind[static_cast<std::size_t>(version.kind)];
    sum.logical_bytes += version.size;
  }
  return sum;
}

std::vector<std::string> CatalogModel::keys(BucketId bucket, std::string_view prefix, std::string_view after,
                                            bool include_deleted) const {
  std::vector<std::string> keys;
  for (const auto& [where, row] : rows_) {
    if (where.first != TableNumber::entries) continue;
    EntryRow entry = decode_entry(where.second, row).value();
    if (entry.bucket != bucket || (entry.is_deleted && !include_deleted)) continue;
    if (!entry.key.starts_with(prefix) || (!after.empty() && entry.key <= after)) continue;
    keys.push_back(std::move(entry.key));
  }
  return keys;
}

std::vector<std::string> CatalogModel::names(const ListQuery& query) const {
  std::set<std::string> names;
  for (const std::string& key : keys(query.bucket, query.prefix, query.after, query.include_deleted)) {
    const std::size_t at = query.delimiter.empty() ? std::string::npos : key.find(query.delimiter, query.prefix.size());
    names.insert(at == std::string::npos ? key : key.substr(0, at + query.delimiter.size()));
  }
  return {names.begin(), names.end()};
}

Result<std::map<std::pair<TableNumber, Bytes>, Bytes>> all_rows(CatalogReader& reader) {
  std::map<std::pair<TableNumber, Bytes>, Bytes> rows;
  ATOLL_ASSIGN(const auto tables, reader.tables());
  for (const TableNumber table : tables) {
    std::optional<Bytes> last;
    ATOLL_TRY(reader.for_each_row(table, [&](ByteView key, ByteView row) -> Result<bool> {
      if (last && compare(*last, key) >= 0)
        return fail(ErrorKind::failed, "test.order", "rows do not come in key order");
      last = to_bytes(key);
      rows[{table, to_bytes(key)}] = to_bytes(row);
      return true;
    }));
  }
  return rows;
}

CommandMaker::CommandMaker(std::uint64_t seed, std::size_t names) : random_(seed) {
  for (int i = 0; i < 3; ++i) buckets_.push_back(new_id<BucketId>());
  // Few letters, so that names are often prefixes of each other; with the edges of a byte among them.
  static constexpr std::array<char, 8> kLetters = {'a', 'b', '/', '/', '\xff', '\x01', ' ', '~'};
  std::set<std::string> chosen = {"a", "a/b", "a/b/c", "\xff", "\xff\xff", "/", "//"};
  while (chosen.size() < names) {
    std::string name(1 + random_.below(7), 'a');
    for (char& letter : name) letter = kLetters[random_.below(kLetters.size())];
    chosen.insert(name);
  }
  names_.assign(chosen.begin(), chosen.end());
}

template <class Id>
Id CommandMaker::new_id() {
  std::array<std::uint8_t, 10> bits{};
  random_.fill(bits);
  return Id::v7(1'700'000'000'000 + ids_++, bits);
}

VersionRow CommandMaker::new_version(BucketId bucket) {
  VersionRow version;
  version.version = new_id<VersionId>();
  version.bucket = bucket;
  version.kind = static_cast<EntryKind>(1 + random_.below(8));
  version.size = random_.below(1'000'000);
  version.content.length = version.size;
  if (version.size > 0) {
    ContentReference::Part part;
    random_.fill(part.chunk.bytes);
    part.length = version.size;
    version.content.parts.push_back(part);
  }
  version.has_source = random_.one_in(2);
  version.modified = {static_cast<std::int64_t>(random_.below(2'000'000'000)),
                      static_cast<std::uint32_t>(random_.below(1'000'000'000))};
  version.inode = random_.next();
  version.begin = {lsn_};
  if (random_.one_in(4)) version.label = "l" + std::to_string(random_.below(5));
  for (std::uint64_t i = random_.below(8); i > 5 && !objects_.empty(); --i) {
    auto source = objects_.begin();
    std::advance(source, random_.below(objects_.size()));
    version.sources.push_back({source->second.version.object, source->second.version.version, "as named"});
  }
  if (random_.one_in(10)) version.sources.push_back({{}, {}, "a paper"});
  // Now and then longer than a page.
  if (random_.one_in(20)) version.metadata["note"] = std::string(9000, 'n');
  return version;
}

std::vector<RowChange> CommandMaker::next() {
  ++lsn_;
  std::vector<RowChange> changes;
  const auto put = [&](TableNumber table, const auto& row) { changes.push_back({table, key_of(row), encode(row)}); };
  const auto drop = [&](TableNumber table, const auto& row) { changes.push_back({table, key_of(row), std::nullopt}); };
  if (!has_buckets_) {
    has_buckets_ = true;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      BucketRow bucket;
      bucket.id = buckets_[i];
      bucket.name = "bucket-" + std::to_string(i);
      put(TableNumber::buckets, bucket);
    }
  }
  const std::size_t count = 1 + random_.below(6);
  for (std::size_t i = 0; i < count; ++i) {
    const BucketId bucket = buckets_[random_.below(buckets_.size())];
    const std::string& name = names_[random_.below(names_.size())];
    const auto found = objects_.find({bucket, name});
    if (random_.one_in(8)) {
      PackRow pack;
      pack.id = new_id<PackId>();
      put(TableNumber::packs, pack);
      JobRow job;
      job.kind = "put";
      job.name = name;
      put(TableNumber::jobs, job);
      // A table that this program has no struct for, with an empty row.
      changes.push_back({static_cast<TableNumber>(77), Bytes{static_cast<std::uint8_t>(random_.below(5))}, Bytes{}});
    }
    if (found == objects_.end()) {
      Object object;
      object.version = new_version(bucket);
      object.version.object.bytes = object.version.version.bytes;
      object.entry = {bucket, name, object.version.object, object.version.version, false, {}, {}, {}};
      // Both orders happen.
      if (random_.one_in(3)) {
        put(TableNumber::entries, object.entry);
        put(TableNumber::versions, object.version);
      } else {
        put(TableNumber::versions, object.version);
        put(TableNumber::entries, object.entry);
      }
      objects_[{bucket, name}] = object;
      continue;
    }
    Object& object = found->second;
    switch (random_.below(5)) {
      case 0: {  // removed, its history kept
        object.entry.is_deleted = true;
        object.entry.deleted_lsn = {lsn_};
        put(TableNumber::entries, object.entry);
        object.version.end = {lsn_};
        put(TableNumber::versions, object.version);
        break;
      }
      case 1: {  // back again
        object.entry.is_deleted = false;
        object.entry.deleted_lsn = {};
        object.version.end = {};
        put(TableNumber::versions, object.version);
        put(TableNumber::entries, object.entry);
        break;
      }
      case 2: {  // gone for ever
        drop(TableNumber::versions, object.version);
        drop(TableNumber::entries, object.entry);
        objects_.erase(found);
        break;
      }
      case 3: {  // tags, label and sources of a version may change
        object.version.tags["t" + std::to_string(random_.below(3))] = "v" + std::to_string(lsn_);
        if (random_.one_in(2)) object.version.label = random_.one_in(3) ? "" : "l" + std::to_string(random_.below(5));
        if (random_.one_in(4)) object.version.sources.clear();
        put(TableNumber::versions, object.version);
        break;
      }
      default: {  // overwritten; now and then the old version goes at once
        const VersionRow before = object.version;
        object.version = new_version(bucket);
        object.version.object = before.object;
        object.entry.version = object.version.version;
        object.entry.is_deleted = false;
        VersionRow ended = before;
        ended.end = {lsn_};
        put(TableNumber::versions, ended);
        put(TableNumber::versions, object.version);
        put(TableNumber::entries, object.entry);
        if (random_.one_in(2)) drop(TableNumber::versions, ended);
        break;
      }
    }
  }
  return changes;
}

History history_of(std::uint64_t seed, std::size_t count, std::size_t names) {
  History history;
  CommandMaker maker(seed, names);
  history.states.emplace_back();
  for (std::size_t i = 0; i < count; ++i) {
    history.commands.push_back(maker.next());
    CatalogModel next = history.states.back();
    next.apply(history.commands.back());
    history.states.push_back(std::move(next));
  }
  return history;
}

}  // namespace atl::catalog
