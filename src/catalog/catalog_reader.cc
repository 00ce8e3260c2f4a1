#include <algorithm>
#include <limits>
#include <utility>

#include "catalog/catalog.h"
#include "catalog/internal/reader_state.h"
#include "catalog/internal/row_views.h"

namespace atl::catalog {
namespace {

using journal::TableNumber;

// Rows read in one SQL transaction by the long reads.
constexpr std::size_t kRowsPerPage = 1024;
constexpr std::size_t kFactsPerPage = 8192;
constexpr std::size_t kPageBytesMax = 8 * 1024 * 1024;

// The smallest key greater than `key`.
Bytes after_key(std::string_view key) {
  Bytes out = to_bytes(key);
  out.push_back(0);
  return out;
}

// The smallest key greater than every key that begins with `prefix`; none where there is no such key.
std::optional<Bytes> after_prefix(std::string_view prefix) {
  Bytes out = to_bytes(prefix);
  while (!out.empty() && out.back() == 0xFF) out.pop_back();
  if (out.empty()) return std::nullopt;
  ++out.back();
  return out;
}

Bytes first_key(std::string_view prefix, std::string_view after) {
  if (!after.empty() && after >= prefix) return after_key(after);
  return to_bytes(prefix);
}

tl::unexpected<Error> version_missing(std::string_view key) {
  return fail(ErrorKind::damaged, "catalog.version_missing",
              "the catalog holds no version for `" + std::string(key) + "`",
              "Run `atoll verify`: the catalog is made anew from the journal.");
}

ByteView key_view(const Bytes& bytes) { return bytes; }

}  // namespace

Result<std::optional<std::int64_t>> CatalogReader::State::bucket_number(Connection& connection,
                                                                        const BucketId& bucket) {
  // The writer's numbers may be rolled back: it asks each time.
  if (shared == nullptr) {
    if (const auto found = bucket_numbers.find(bucket); found != bucket_numbers.end()) return found->second;
  }
  ATOLL_USE(use, connection, Sql::bucket_number);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, bucket.view()).next());
  if (!is_there) return std::nullopt;
  const std::int64_t number = use.number(0);
  if (shared == nullptr) bucket_numbers.emplace(bucket, number);
  return number;
}

Result<Bytes> CatalogReader::State::version_row_by_id(Connection& connection, const ObjectId& object,
                                                      const VersionId& version) {
  Bytes id = to_bytes(object.view());
  id.insert(id.end(), version.bytes.begin(), version.bytes.end());
  ATOLL_USE(use, connection, Sql::version_by_id);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, id).next());
  if (!is_there) return version_missing(version.text());
  return to_bytes(use.bytes(0));
}

CatalogReader::CatalogReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
CatalogReader::~CatalogReader() {
  const auto pool = state_->pool.lock();
  if (!pool) return;
  end_snapshot();
  pool->give_back(std::move(state_));
}

std::unique_ptr<ReaderPool::Reading> ReaderPool::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return nullptr;
  auto state = std::move(idle_.back());  // the one used last: its pages are the freshest
  idle_.pop_back();
  return state;
}

void ReaderPool::give_back(std::unique_ptr<Reading> state) {
  // A transaction that could not be ended would hold the WAL for ever.
  if (state->own == nullptr || state->own->is_in_transaction()) return;
  const std::lock_guard lock(mutex_);
  if (!is_closed_ && idle_.size() < kIdleMax) idle_.push_back(std::move(state));
}

void ReaderPool::close() {
  std::vector<std::unique_ptr<Reading>> idle;
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  idle.swap(idle_);
}

Result<Lsn> CatalogReader::applied() {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_TRY(state_->flush_pending());
  ATOLL_ASSIGN(const Meta meta, read_meta(*connection));
  return meta.lsn;
}

Result<void> CatalogReader::begin_snapshot() {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_INVARIANT(!connection->is_in_transaction(),
                  "one snapshot at a time, and none on the writer's connection in a group");
  {
    ATOLL_USE(use, *connection, Sql::begin_read);
    ATOLL_TRY(use.run());
  }
  // The state is fixed by the first read.
  const auto seen = read_meta(*connection);
  if (!seen) {
    end_snapshot();
    return pass(seen.error());
  }
  return {};
}

void CatalogReader::end_snapshot() {
  const auto connection = state_->connection();
  if (!connection || !(*connection)->is_in_transaction()) return;
  const auto statement = (*connection)->statement(Sql::roll_back);
  if (!statement) return;
  Use use(*statement, **connection);
  ignore_error_on_purpose(use.run());  // nothing was written; a transaction that SQLite ended itself is fine
}

// Buckets.

Result<std::optional<BucketRow>> CatalogReader::bucket_named(std::string_view name) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  auto* const known = state_->known(*connection);
  if (known != nullptr) {
    if (const auto found = known->rows.find(name); found != known->rows.end()) return found->second;
  }
  ATOLL_USE(use, *connection, Sql::bucket_by_name);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, as_bytes(name)).next());
  if (!is_there) return std::nullopt;
  ATOLL_ASSIGN(BucketRow row, decode_bucket(use.bytes(0), use.bytes(1)));
  if (known != nullptr) known->rows.emplace(name, row);
  return row;
}

Result<std::optional<BucketRow>> CatalogReader::bucket(BucketId id) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_USE(use, *connection, Sql::bucket_by_id);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, id.view()).next());
  if (!is_there) return std::nullopt;
  ATOLL_ASSIGN(BucketRow row, decode_bucket(id.view(), use.bytes(0)));
  return row;
}

Result<std::vector<BucketRow>> CatalogReader::buckets() {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_USE(use, *connection, Sql::buckets_by_name);
  std::vector<BucketRow> rows;
  while (true) {
    ATOLL_ASSIGN(const bool has_row, use.next());
    if (!has_row) return rows;
    ATOLL_ASSIGN(BucketRow row, decode_bucket(use.bytes(0), use.bytes(1)));
    rows.push_back(std::move(row));
  }
}

// Objects by key.

Result<std::optional<EntryRow>> CatalogReader::entry(BucketId bucket, std::string_view key) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_ASSIGN(const auto number, state_->bucket_number(*connection, bucket));
  if (!number) return std::nullopt;
  ATOLL_USE(use, *connection, Sql::entry_read);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, *number).bind(2, as_bytes(key)).next());
  if (!is_there) return std::nullopt;
  ATOLL_ASSIGN(EntryRow row, decode_entry_of(bucket, key, use.bytes(0)));
  return row;
}

Result<std::optional<Listed>> CatalogReader::current(BucketId bucket, std::string_view key, bool include_deleted) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  CurrentCache* const cache = connection->may_show_the_past() ? nullptr : state_->current_cache.get();
  Bytes entry_key;
  CurrentCache::Read read;
  if (cache != nullptr) {
    EntryRow named;
    named.bucket = bucket;
    named.key = key;
    entry_key = key_of(named);
    if (auto found = cache->find(entry_key)) {
      if (found->entry.is_deleted && !include_deleted) return std::nullopt;
      return found;
    }
    read = cache->begin_read(entry_key);
  }
  ATOLL_ASSIGN(const auto number, state_->bucket_number(*connection, bucket));
  if (!number) return std::nullopt;
  ATOLL_USE(use, *connection, Sql::entry_current);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, *number).bind(2, as_bytes(key)).next());
  if (!is_there) return std::nullopt;
  Listed listed;
  ATOLL_ASSIGN(listed.entry, decode_entry_of(bucket, key, use.bytes(0)));
  if (listed.entry.is_deleted && !include_deleted) return std::nullopt;
  Bytes found_by_id;
  if (use.is_null(1)) {
    ATOLL_ASSIGN(found_by_id, state_->version_row_by_id(*connection, listed.entry.object, listed.entry.version));
  }
  ATOLL_ASSIGN(listed.version, decode_version_of(listed.entry.object, listed.entry.version,
                                                 use.is_null(1) ? key_view(found_by_id) : use.bytes(1)));
  if (cache != nullptr) cache->keep(read, entry_key, listed);
  return listed;
}

Result<std::optional<VersionRow>> CatalogReader::version(ObjectId object, VersionId version) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  Bytes id = to_bytes(object.view());
  id.insert(id.end(), version.bytes.begin(), version.bytes.end());
  ATOLL_USE(use, *connection, Sql::version_by_id);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, id).next());
  if (!is_there) return std::nullopt;
  ATOLL_ASSIGN(VersionRow row, decode_version_of(object, version, use.bytes(0)));
  return row;
}

Result<std::vector<VersionRow>> CatalogReader::versions_of(ObjectId object) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  Bytes first = to_bytes(object.view());
  Bytes last = first;
  first.resize(kVersionKeyBytes, 0);
  last.resize(kVersionKeyBytes, 0xFF);
  ATOLL_USE(use, *connection, Sql::versions_of);
  use.bind(1, first).bind(2, last);
  std::vector<VersionRow> rows;
  while (true) {
    ATOLL_ASSIGN(const bool has_row, use.next());
    if (!has_row) break;
    ATOLL_ASSIGN(VersionRow row, decode_version(use.bytes(0), use.bytes(1)));
    rows.push_back(std::move(row));
  }
  // Ids tell the order of making but for those of one millisecond; LSNs tell it exactly.
  std::stable_sort(rows.begin(), rows.end(),
                   [](const VersionRow& a, const VersionRow& b) { return a.begin > b.begin; });
  return rows;
}

namespace {
std::int64_t sql_limit(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, std::numeric_limits<std::int64_t>::max()));
}
}  // namespace

Result<std::uint64_t> CatalogReader::version_count(ObjectId object) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  Bytes first = to_bytes(object.view());
  Bytes last = first;
  first.resize(kVersionKeyBytes, 0);
  last.resize(kVersionKeyBytes, 0xFF);
  ATOLL_USE(use, *connection, Sql::versions_count);
  ATOLL_ASSIGN(const bool has_row, use.bind(1, first).bind(2, last).next());
  return has_row ? static_cast<std::uint64_t>(use.number(0)) : 0;
}

Result<std::vector<VersionRow>> CatalogReader::ended_versions(ObjectId object, Lsn up_to, std::size_t limit) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  constexpr std::uint64_t kLsnMax = std::numeric_limits<std::int64_t>::max();
  ATOLL_USE(use, *connection, Sql::ended_list);
  use.bind(1, object.view())
      .bind(2, static_cast<std::int64_t>(std::min(up_to.value, kLsnMax)))
      .bind(3, sql_limit(limit));
  std::vector<VersionRow> rows;
  while (true) {
    ATOLL_ASSIGN(const bool has_row, use.next());
    if (!has_row) return rows;
    ATOLL_ASSIGN(VersionRow row, decode_version(use.bytes(0), use.bytes(1)));
    rows.push_back(std::move(row));
  }
}

Result<std::optional<VersionRow>> CatalogReader::last_ended(ObjectId object,
                                                            const std::function<bool(const VersionRow&)>& includes) {
  // A search by halves over the numbers of changes, each step one descent to the newest that began at or before it.
  std::optional<VersionRow> best;
  std::uint64_t low = 0;
  std::uint64_t high = std::numeric_limits<std::int64_t>::max();
  std::uint64_t middle = high;  // the newest first: it bounds the search, and is often the answer
  while (low <= high) {
    ATOLL_ASSIGN(auto rows, ended_versions(object, Lsn{middle}, 1));
    if (rows.empty()) {
      low = middle + 1;
    } else if (includes(rows.front())) {
      best = std::move(rows.front());
      low = middle + 1;
    } else if (rows.front().begin.value == 0) {
      break;
    } else {
      high = rows.front().begin.value - 1;
    }
    middle = low + (high - low) / 2;
  }
  return best;
}

// Labels and sources.

Result<std::optional<VersionId>> CatalogReader::labelled(ObjectId object, std::string_view label) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_USE(use, *connection, Sql::label_read);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, object.view()).bind(2, as_bytes(label)).next());
  if (!is_there) return std::nullopt;
  ATOLL_ASSIGN(const VersionId version, VersionId::from_view(use.bytes(0)));
  return version;
}

Result<std::vector<std::pair<std::string, VersionId>>> CatalogReader::labels_of(ObjectId object, std::string_view after,
                                                                                std::size_t limit) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_USE(use, *connection, Sql::labels_list);
  use.bind(1, object.view()).bind(2, as_bytes(after)).bind(3, sql_limit(limit));
  std::vector<std::pair<std::string, VersionId>> labels;
  while (true) {
    ATOLL_ASSIGN(const bool has_row, use.next());
    if (!has_row) return labels;
    ATOLL_ASSIGN(const VersionId version, VersionId::from_view(use.bytes(1)));
    labels.emplace_back(to_string(use.bytes(0)), version);
  }
}

Result<std::vector<std::pair<ObjectId, VersionId>>> CatalogReader::derived_from(ObjectId object, VersionId version,
                                                                                std::size_t limit) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  Bytes id = to_bytes(object.view());
  id.insert(id.end(), version.bytes.begin(), version.bytes.end());
  const Bytes none;
  ATOLL_USE(use, *connection, Sql::sources_list);
  use.bind(1, id).bind(2, none).bind(3, sql_limit(limit));
  std::vector<std::pair<ObjectId, VersionId>> derived;
  while (true) {
    ATOLL_ASSIGN(const bool has_row, use.next());
    if (!has_row) return derived;
    if (use.bytes(0).size() != kVersionKeyBytes)
      return fail(ErrorKind::damaged, "catalog.damaged", "the catalog's list of sources is damaged");
    ATOLL_ASSIGN(const ObjectId of_object, ObjectId::from_view(use.bytes(0).first(kIdBytes)));
    ATOLL_ASSIGN(const VersionId of_version, VersionId::from_view(use.bytes(0).subspan(kIdBytes)));
    derived.emplace_back(of_object, of_version);
  }
}

// Lists.

Result<ListPage> CatalogReader::list(const ListQuery& query) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ListPage page;
  ATOLL_ASSIGN(const auto number, state_->bucket_number(*connection, query.bucket));
  if (!number || query.limit == 0) return page;

  // The end of the first delimiter behind the prefix: what is before it is shown as one common prefix.
  const auto common_length = [&](std::string_view key) {
    if (query.delimiter.empty()) return std::string_view::npos;
    const std::size_t at = key.find(query.delimiter, query.prefix.size());
    return at == std::string_view::npos ? at : at + query.delimiter.size();
  };
  std::optional<Bytes> from = first_key(query.prefix, query.after);
  if (query.after.starts_with(query.prefix) && common_length(query.after) == query.after.size())
    from = after_prefix(query.after);

  // The table holds everything a list needs, so it is read as long as that goes well. Where keys were removed by the
  // thousand, stepping over them would take longer than the list: from there on it goes by the index of the others.
  bool goes_by_index = false;
  while (from) {
    ATOLL_USE(use, *connection,
              query.include_deleted ? Sql::entries_list_all
              : goes_by_index       ? Sql::entries_list_live
                                    : Sql::entries_list);
    std::optional<PatienceLimit> limit;
    if (!query.include_deleted && !goes_by_index && state_->shared == nullptr) limit.emplace(*connection);
    use.bind(1, *number).bind(2, *from);
    const Bytes bound = std::move(*from);  // stays where it is: SQLite holds a pointer to it
    from.reset();
    const std::size_t items_before = page.items.size();
    while (true) {
      const auto has_row = use.next();
      if (!has_row && has_row.error().id == "catalog.interrupted") {
        goes_by_index = true;
        from = page.items.size() > items_before ? first_key(query.prefix, page.items.back().entry.key) : bound;
        break;
      }
      if (!has_row) return pass(has_row.error());
      if (!*has_row) return page;
      if (limit) limit->note_row();
      const std::string_view key = as_text(use.bytes(0));
      if (!key.starts_with(query.prefix)) return page;
      if (page.items.size() + page.common_prefixes.size() == query.limit) {
        page.has_more = true;
        const bool ends_with_prefix = !page.common_prefixes.empty() &&
                                      (page.items.empty() || page.common_prefixes.back() > page.items.back().entry.key);
        page.next_after = ends_with_prefix ? page.common_prefixes.back() : page.items.back().entry.key;
        return page;
      }
      if (const std::size_t length = common_length(key); length != std::string_view::npos) {
        page.common_prefixes.emplace_back(key.substr(0, length));
        from = after_prefix(page.common_prefixes.back());
        break;
      }
      Listed listed;
      ATOLL_ASSIGN(listed.entry, decode_entry_of(query.bucket, key, use.bytes(1)));
      Bytes found_by_id;
      if (use.is_null(2)) {
        ATOLL_ASSIGN(found_by_id, state_->version_row_by_id(*connection, listed.entry.object, listed.entry.version));
      }
      ATOLL_ASSIGN(listed.version, decode_version_of(listed.entry.object, listed.entry.version,
                                                     use.is_null(2) ? key_view(found_by_id) : use.bytes(2)));
      page.items.push_back(std::move(listed));
    }
  }
  return page;
}

Result<void> CatalogReader::scan(BucketId bucket, std::string_view prefix, std::string_view after,
                                 const std::function<Result<bool>(const Listed&)>& visit) {
  ListQuery query;
  query.bucket = bucket;
  query.prefix = prefix;
  query.after = after;
  query.limit = kRowsPerPage;
  while (true) {
    ATOLL_ASSIGN(ListPage page, list(query));
    for (const Listed& listed : page.items) {
      ATOLL_ASSIGN(const bool goes_on, visit(listed));
      if (!goes_on) return {};
    }
    if (!page.has_more) return {};
    query.after = std::move(page.next_after);
  }
}

Result<void> CatalogReader::scan_source_facts(BucketId bucket, std::string_view prefix, std::string_view after,
                                              const std::function<Result<bool>(const SourceFacts&)>& visit) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_ASSIGN(const auto number, state_->bucket_number(*connection, bucket));
  if (!number) return {};
  Bytes from = first_key(prefix, after);
  Bytes keys;
  struct Found {
    SourceFacts facts;
    std::size_t key_at = 0;
    std::size_t key_bytes = 0;
  };
  std::vector<Found> found;
  while (true) {
    keys.clear();
    found.clear();
    bool is_end = false;
    {
      ATOLL_USE(use, *connection, Sql::entries_list);
      use.bind(1, *number).bind(2, from);
      while (found.size() < kFactsPerPage && keys.size() < kPageBytesMax) {
        ATOLL_ASSIGN(const bool has_row, use.next());
        const ByteView key = has_row ? use.bytes(0) : ByteView{};
        if (!has_row || !as_text(key).starts_with(prefix)) {
          is_end = true;
          break;
        }
        ATOLL_ASSIGN(const EntryView entry, view_entry(use.bytes(1)));
        Bytes found_by_id;
        if (use.is_null(2)) {
          ATOLL_ASSIGN(found_by_id, state_->version_row_by_id(*connection, entry.object, entry.version));
        }
        ATOLL_ASSIGN(const VersionView version, view_version(use.is_null(2) ? key_view(found_by_id) : use.bytes(2)));
        Found& one = found.emplace_back();
        one.key_at = keys.size();
        one.key_bytes = key.size();
        keys.insert(keys.end(), key.begin(), key.end());
        one.facts = {{},           version.kind,     version.has_source, version.mode,   version.uid,   version.gid,
                     version.size, version.modified, version.changed,    version.device, version.inode, entry.object,
                     entry.version};
      }
    }
    for (Found& one : found) {
      one.facts.key = as_text(ByteView(keys).subspan(one.key_at, one.key_bytes));
      ATOLL_ASSIGN(const bool goes_on, visit(one.facts));
      if (!goes_on) return {};
    }
    if (is_end) return {};
    from = after_key(found.back().facts.key);
  }
}

// Totals.

Result<Totals> CatalogReader::totals() {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_TRY(state_->flush_pending());
  Totals sum;
  {
    ATOLL_USE(use, *connection, Sql::totals_all);
    while (true) {
      ATOLL_ASSIGN(const bool has_row, use.next());
      if (!has_row) break;
      ATOLL_ASSIGN(const Totals totals, decode_totals(use.bytes(0)));
      add_to(sum, totals);
    }
  }
  ATOLL_TRY(add_unsettled(std::nullopt, sum));
  return sum;
}

Result<Totals> CatalogReader::totals(BucketId bucket) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_TRY(state_->flush_pending());
  Totals sum;
  ATOLL_ASSIGN(const auto number, state_->bucket_number(*connection, bucket));
  if (!number) return sum;
  {
    ATOLL_USE(use, *connection, Sql::totals_read);
    ATOLL_ASSIGN(const bool is_there, use.bind(1, *number).next());
    if (is_there) {
      ATOLL_ASSIGN(sum, decode_totals(use.bytes(0)));
    }
  }
  ATOLL_TRY(add_unsettled(*number, sum));
  return sum;
}

Result<void> CatalogReader::add_unsettled(std::optional<std::int64_t> bucket_number, Totals& sum) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_ASSIGN(const Meta meta, read_meta(*connection));
  if (meta.unsettled == 0) return {};
  ATOLL_USE(use, *connection, Sql::totals_unsettled);
  while (true) {
    ATOLL_ASSIGN(const bool has_row, use.next());
    if (!has_row) return {};
    if (bucket_number && use.number(0) != *bucket_number) continue;
    ATOLL_ASSIGN(const VersionView version, view_version(use.bytes(1)));
    ++sum.objects_by_kind[static_cast<std::size_t>(version.kind)];
    sum.logical_bytes += version.size;
  }
}

Result<void> CatalogReader::check() {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  // Visits every page of every table and index; each is opened and so authenticated.
  sqlite3_stmt* raw = nullptr;
  if (const int code = sqlite3_prepare_v2(connection->handle(), "PRAGMA quick_check(1)", -1, &raw, nullptr);
      code != SQLITE_OK)
    return pass(connection->error(code));
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
  const int code = sqlite3_step(raw);
  if (code != SQLITE_ROW) return pass(connection->error(code));
  const auto* const said = reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));  // NOLINT
  if (said == nullptr || std::string_view(said) != "ok") {
    return fail(ErrorKind::damaged, "catalog.damaged",
                std::string("the catalog is damaged: ") + (said == nullptr ? "?" : said),
                "`atoll doctor --rebuild` makes it anew.");
  }
  return {};
}

Result<std::uint64_t> CatalogReader::row_count(TableNumber table) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_TRY(state_->flush_pending());
  ATOLL_USE(use, *connection, Sql::row_count_read);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, static_cast<std::int64_t>(table)).next());
  return is_there ? static_cast<std::uint64_t>(use.number(0)) : 0;
}

// Other tables.

Result<std::vector<PackRow>> CatalogReader::packs() {
  std::vector<PackRow> rows;
  ATOLL_TRY(for_each_row(TableNumber::packs, [&](ByteView key, ByteView row) -> Result<bool> {
    ATOLL_ASSIGN(PackRow pack, decode_pack(key, row));
    rows.push_back(std::move(pack));
    return true;
  }));
  return rows;
}

Result<std::vector<JobRow>> CatalogReader::jobs() {
  std::vector<JobRow> rows;
  ATOLL_TRY(for_each_row(TableNumber::jobs, [&](ByteView key, ByteView row) -> Result<bool> {
    ATOLL_ASSIGN(JobRow job, decode_job(key, row));
    rows.push_back(std::move(job));
    return true;
  }));
  return rows;
}

Result<std::vector<CheckpointRow>> CatalogReader::checkpoints() {
  std::vector<CheckpointRow> rows;
  ATOLL_TRY(for_each_row(TableNumber::checkpoints, [&](ByteView key, ByteView row) -> Result<bool> {
    ATOLL_ASSIGN(CheckpointRow checkpoint, decode_checkpoint(key, row));
    rows.push_back(std::move(checkpoint));
    return true;
  }));
  return rows;
}

Result<std::optional<Bytes>> CatalogReader::other(TableNumber table, ByteView key) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  auto* const known = table == TableNumber::bucket_settings ? state_->known(*connection) : nullptr;
  if (known != nullptr) {
    if (const auto found = known->settings.find(to_bytes(key)); found != known->settings.end()) return found->second;
  }
  ATOLL_USE(use, *connection, Sql::other_read);
  ATOLL_ASSIGN(const bool is_there, use.bind(1, static_cast<std::int64_t>(table)).bind(2, key).next());
  std::optional<Bytes> row;
  if (is_there) row = to_bytes(use.bytes(0));
  if (known != nullptr) known->settings.emplace(to_bytes(key), row);
  return row;
}

Result<std::optional<PackRow>> CatalogReader::pack(PackId id) {
  ATOLL_ASSIGN(const auto row, other(TableNumber::packs, id.view()));
  if (!row) return std::nullopt;
  ATOLL_ASSIGN(PackRow pack, decode_pack(id.view(), *row));
  return pack;
}

Result<std::optional<JobRow>> CatalogReader::job(std::string_view kind, std::string_view name) {
  JobRow named;
  named.kind = kind;
  named.name = name;
  const Bytes key = key_of(named);
  ATOLL_ASSIGN(const auto row, other(TableNumber::jobs, key));
  if (!row) return std::nullopt;
  ATOLL_ASSIGN(JobRow job, decode_job(key, *row));
  return job;
}

// Whole tables.

namespace {

struct RowPage {
  std::vector<std::pair<Bytes, Bytes>> rows;
  std::size_t bytes = 0;
  [[nodiscard]] bool is_full() const { return rows.size() == kRowsPerPage || bytes >= kPageBytesMax; }
  void add(Bytes key, ByteView row) {
    bytes += key.size() + row.size();
    rows.emplace_back(std::move(key), to_bytes(row));
  }
};

using RowVisitor = std::function<Result<bool>(ByteView key, ByteView row)>;

// Reads page after page with `read` (which continues behind the key of the page before; none: from the start) and shows
// the rows with no statement in use. False where the visitor stopped.
Result<bool> visit_pages(const std::function<Result<void>(const std::optional<Bytes>& last, RowPage& page)>& read,
                         const RowVisitor& visit) {
  std::optional<Bytes> last;
  while (true) {
    RowPage page;
    ATOLL_TRY(read(last, page));
    for (const auto& [key, row] : page.rows) {
      ATOLL_ASSIGN(const bool goes_on, visit(key, row));
      if (!goes_on) return false;
    }
    if (!page.is_full()) return true;
    last = std::move(page.rows.back().first);
  }
}

constexpr auto kLimit = static_cast<std::int64_t>(kRowsPerPage);

}  // namespace

Result<void> CatalogReader::for_each_row(TableNumber table, const RowVisitor& visit) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  if (table == TableNumber::versions) {
    ATOLL_TRY(visit_pages(
        [&](const std::optional<Bytes>& last, RowPage& page) -> Result<void> {
          ATOLL_USE(use, *connection, Sql::versions_rows);
          const Bytes none;
          use.bind(1, last ? key_view(*last) : key_view(none)).bind(2, kLimit);
          while (!page.is_full()) {
            ATOLL_ASSIGN(const bool has_row, use.next());
            if (!has_row) break;
            page.add(to_bytes(use.bytes(0)), use.bytes(1));
          }
          return {};
        },
        visit));
    return {};
  }
  if (table == TableNumber::buckets || table == TableNumber::entries) {
    struct Bucket {
      Bytes id;
      std::int64_t number = 0;
      std::optional<Bytes> row;
    };
    std::vector<Bucket> buckets;
    {
      ATOLL_USE(use, *connection, Sql::buckets_by_id);
      while (true) {
        ATOLL_ASSIGN(const bool has_row, use.next());
        if (!has_row) break;
        Bucket& bucket = buckets.emplace_back(Bucket{to_bytes(use.bytes(0)), use.number(1), std::nullopt});
        if (!use.is_null(2)) bucket.row = to_bytes(use.bytes(2));
      }
    }
    for (const Bucket& bucket : buckets) {
      if (table == TableNumber::buckets) {
        if (!bucket.row) continue;
        ATOLL_ASSIGN(const bool goes_on, visit(bucket.id, *bucket.row));
        if (!goes_on) return {};
        continue;
      }
      ATOLL_ASSIGN(const bool goes_on, visit_pages(
                                           [&](const std::optional<Bytes>& last, RowPage& page) -> Result<void> {
                                             ATOLL_USE(use, *connection, Sql::entries_rows);
                                             const ByteView behind =
                                                 last ? key_view(*last).subspan(kIdBytes) : ByteView{};
                                             use.bind(1, bucket.number).bind(2, behind).bind(3, kLimit);
                                             while (!page.is_full()) {
                                               ATOLL_ASSIGN(const bool has_row, use.next());
                                               if (!has_row) break;
                                               Bytes key = bucket.id;
                                               const ByteView name = use.bytes(0);
                                               key.insert(key.end(), name.begin(), name.end());
                                               page.add(std::move(key), use.bytes(1));
                                             }
                                             return {};
                                           },
                                           visit));
      if (!goes_on) return {};
    }
    return {};
  }
  return for_each_row_under(table, {}, visit);
}

Result<void> CatalogReader::for_each_row_under(TableNumber table, ByteView prefix, const RowVisitor& visit) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_TRY(visit_pages(
      [&](const std::optional<Bytes>& last, RowPage& page) -> Result<void> {
        const Bytes from = last ? after_key(as_text(*last)) : to_bytes(prefix);
        ATOLL_USE(use, *connection, Sql::others_rows);
        use.bind(1, static_cast<std::int64_t>(table)).bind(2, from).bind(3, kLimit);
        while (!page.is_full()) {
          ATOLL_ASSIGN(const bool has_row, use.next());
          if (!has_row || use.bytes(0).size() < prefix.size() || !equal(use.bytes(0).first(prefix.size()), prefix)) {
            break;
          }
          page.add(to_bytes(use.bytes(0)), use.bytes(1));
        }
        return {};
      },
      visit));
  return {};
}

Result<void> CatalogReader::for_each_version(ObjectId object,
                                             const std::function<Result<bool>(const VersionRow&)>& visit,
                                             VersionId after) {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  Bytes first = to_bytes(object.view());
  first.insert(first.end(), after.bytes.begin(), after.bytes.end());
  ATOLL_TRY(visit_pages(
      [&](const std::optional<Bytes>& last, RowPage& page) -> Result<void> {
        ATOLL_USE(use, *connection, Sql::versions_rows);
        use.bind(1, last ? key_view(*last) : key_view(first)).bind(2, kLimit);
        while (!page.is_full()) {
          ATOLL_ASSIGN(const bool has_row, use.next());
          if (!has_row || !equal(use.bytes(0).first(kIdBytes), object.view())) break;
          page.add(to_bytes(use.bytes(0)), use.bytes(1));
        }
        return {};
      },
      [&](ByteView key, ByteView row) -> Result<bool> {
        ATOLL_ASSIGN(const VersionRow version, decode_version(key, row));
        return visit(version);
      }));
  return {};
}

Result<std::vector<TableNumber>> CatalogReader::tables() {
  ATOLL_ASSIGN(Connection* const connection, state_->connection());
  ATOLL_TRY(state_->flush_pending());
  ATOLL_USE(use, *connection, Sql::row_counts);
  std::vector<TableNumber> tables;
  while (true) {
    ATOLL_ASSIGN(const bool has_row, use.next());
    if (!has_row) return tables;
    tables.push_back(static_cast<TableNumber>(use.number(0)));
  }
}

}  // namespace atl::catalog
