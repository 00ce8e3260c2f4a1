#include "vault/history/past.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "vault/object/objects.h"

namespace atl::vault {
namespace {

using catalog::Listed;
using catalog::ListPage;
using catalog::ListQuery;

constexpr std::size_t kPageRows = 1000;

// The one with this label or this id; else all whose id begins so. Ids stand in order, so only these are read.
Result<std::vector<catalog::VersionRow>> versions_named(catalog::CatalogReader& reader, ObjectId object,
                                                        std::string_view named) {
  std::vector<catalog::VersionRow> found;
  if (named.empty()) return found;
  ATOLL_ASSIGN(const auto labelled, reader.labelled(object, named));
  const auto whole = labelled ? Result<VersionId>(*labelled) : VersionId::parse(named);
  if (whole) {
    ATOLL_ASSIGN(auto row, reader.version(object, *whole));
    if (row) found.push_back(std::move(*row));
    return found;
  }
  std::string first = VersionId{}.text();
  if (named.size() >= first.size()) return found;
  first.replace(0, named.size(), named);
  const auto from = VersionId::parse(first);
  if (!from) return found;
  ATOLL_TRY(reader.for_each_version(
      object,
      [&](const catalog::VersionRow& row) -> Result<bool> {
        if (!row.version.text().starts_with(named)) return false;
        found.push_back(row);
        return true;
      },
      *from));
  return found;
}

// Behind every key that begins with `prefix`, and before all others that follow.
std::string behind(const std::string& prefix) { return prefix + std::string(kKeyBytesMax, '\xFF'); }

}  // namespace

Result<std::vector<catalog::BucketRow>> View::buckets() {
  ATOLL_ASSIGN(auto all, reader_->buckets());
  if (moment_ && moment_->is_by_time) {
    std::erase_if(all, [&](const catalog::BucketRow& row) { return row.created > moment_->time; });
  }
  return all;
}

Result<catalog::BucketRow> View::bucket(const std::string& name) {
  ATOLL_ASSIGN(auto row, reader_->bucket_named(name));
  if (!row) {
    return fail(ErrorKind::not_found, "bucket.not_found", "there is no bucket \"" + name + "\"",
                "`atoll ls` lists the buckets.");
  }
  if (moment_ && moment_->is_by_time && row->created > moment_->time) {
    return fail(ErrorKind::not_found, "bucket.not_yet",
                "bucket \"" + name + "\" was made at " + format_rfc3339(row->created) + ", after " + moment_->words);
  }
  return std::move(*row);
}

Result<std::optional<Listed>> View::then(Listed listed) {
  if (!moment_ || moment_->covers(listed.version)) {
    listed.entry.is_deleted = moment_ ? false : listed.entry.is_deleted;
    return listed;
  }
  // Its newest version had ended by then: it was removed.
  if (moment_->includes(listed.version.begin, listed.version.begin_time)) return std::nullopt;
  ATOLL_ASSIGN(auto found, reader_->last_ended(listed.entry.object, [&](const catalog::VersionRow& version) {
    return moment_->includes(version.begin, version.begin_time);
  }));
  if (!found || !moment_->covers(*found)) return std::nullopt;  // there was none yet, or it had been removed
  listed.version = std::move(*found);
  listed.entry.version = listed.version.version;
  listed.entry.is_deleted = false;
  return listed;
}

Result<std::optional<Listed>> View::current(const BucketId& bucket, std::string_view key) {
  if (!moment_) return reader_->current(bucket, key);
  ATOLL_ASSIGN(auto newest, reader_->current(bucket, key, true));
  if (!newest) return std::nullopt;
  const ObjectId object = newest->entry.object;
  ATOLL_ASSIGN(auto found, then(std::move(*newest)));
  if (found) return found;
  ATOLL_ASSIGN(const auto erasures, reader_->all<catalog::ErasureRow>());
  for (const auto& row : erasures) {
    const bool was_current = moment_->includes(row.begin, row.begin_time) &&
                             (row.end.value == 0 || !moment_->includes(row.end, row.end_time));
    if (row.object != object || !was_current) continue;
    return fail(ErrorKind::conflict, "object.erased",
                std::string(key) + " as of " + moment_->words + " was removed for good by " + row.actor + " at " +
                    format_rfc3339(row.time) + (row.reason.empty() ? std::string() : " (" + row.reason + ")"));
  }
  return std::nullopt;
}

Result<void> View::scan(const BucketId& bucket, std::string_view prefix, std::string_view after,
                        const std::function<Result<bool>(const Listed&)>& visit) {
  if (!moment_) return reader_->scan(bucket, prefix, after, visit);
  ListQuery query;
  query.bucket = bucket;
  query.prefix = prefix;
  query.after = after;
  query.limit = kPageRows;
  query.include_deleted = true;
  for (;;) {
    ATOLL_ASSIGN(auto page, reader_->list(query));
    for (Listed& listed : page.items) {
      ATOLL_ASSIGN(const auto found, then(std::move(listed)));
      if (!found) continue;
      ATOLL_ASSIGN(const bool goes_on, visit(*found));
      if (!goes_on) return {};
    }
    if (!page.has_more) return {};
    query.after = page.next_after;
  }
}

Result<ListPage> View::list(const ListQuery& query) {
  if (!moment_) return reader_->list(query);
  const auto common_prefix = [&](const std::string& key) -> std::string {
    const std::size_t at = query.delimiter.empty() ? std::string::npos : key.find(query.delimiter, query.prefix.size());
    return at == std::string::npos ? std::string() : key.substr(0, at + query.delimiter.size());
  };
  ListPage page;
  std::string after = query.after;
  // A common prefix that was handed out: on behind everything below it.
  if (after.starts_with(query.prefix) && !after.empty() && common_prefix(after) == after) after = behind(after);
  bool skips = false;
  do {
    skips = false;
    ATOLL_TRY(scan(query.bucket, query.prefix, after, [&](const Listed& listed) -> Result<bool> {
      if (page.items.size() + page.common_prefixes.size() == query.limit) {
        page.has_more = true;
        return false;
      }
      const std::string folder = common_prefix(listed.entry.key);
      if (folder.empty()) {
        page.items.push_back(listed);
        page.next_after = listed.entry.key;
        return true;
      }
      page.common_prefixes.push_back(folder);
      page.next_after = folder;
      after = behind(folder);
      skips = true;
      return false;
    }));
  } while (skips);
  return page;
}

Result<std::vector<catalog::VersionRow>> newest_versions(catalog::CatalogReader& reader, const catalog::EntryRow& entry,
                                                         std::optional<Lsn> before, std::size_t limit) {
  std::vector<catalog::VersionRow> newest;
  if (limit == 0 || (before && before->value == 0)) return newest;
  // Only the current one has no end.
  ATOLL_ASSIGN(auto current, reader.version(entry.object, entry.version));
  if (current && current->end.value == 0 && (!before || current->begin < *before))
    newest.push_back(std::move(*current));
  const Lsn up_to{before ? before->value - 1 : std::numeric_limits<std::uint64_t>::max()};
  ATOLL_ASSIGN(auto ended, reader.ended_versions(entry.object, up_to, limit - newest.size()));
  std::ranges::move(ended, std::back_inserter(newest));
  return newest;
}

Result<Listed> find_version(catalog::CatalogReader& reader, const catalog::BucketRow& bucket, std::string_view key,
                            std::string_view version) {
  const std::string name = bucket.name + "/" + std::string(key);
  ATOLL_ASSIGN(auto entry, reader.entry(bucket.id, key));
  if (!entry) {
    return fail(ErrorKind::not_found, "object.not_found", "there never was an object " + name,
                "`atoll ls --deleted " + bucket.name + "` lists what was removed too.");
  }
  ATOLL_ASSIGN(auto found, versions_named(reader, entry->object, version));
  const std::string asked = "\"" + std::string(version.substr(0, 60)) + "\"";
  if (found.empty()) {
    return fail(ErrorKind::not_found, "version.not_found", name + " has no version " + asked,
                "`atoll log " + name + "` lists its versions.");
  }
  if (found.size() > 1) {
    return fail(ErrorKind::conflict, "version.ambiguous",
                std::to_string(found.size()) + " versions of " + name + " begin with " + asked,
                "Write more of the id.");
  }
  Listed listed{std::move(*entry), std::move(found.front())};
  listed.entry.version = listed.version.version;
  listed.entry.is_deleted = false;
  return listed;
}

Result<std::uint64_t> View::erased(const BucketId& bucket) {
  if (!moment_) return 0;
  ATOLL_ASSIGN(const auto rows, reader_->all<catalog::ErasureRow>());
  return static_cast<std::uint64_t>(std::ranges::count_if(rows, [&](const catalog::ErasureRow& row) {
    return (bucket.is_none() || row.bucket == bucket) && moment_->includes(row.begin, row.begin_time) &&
           (row.end.value == 0 || !moment_->includes(row.end, row.end_time));
  }));
}

}  // namespace atl::vault
