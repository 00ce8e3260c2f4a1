#include "vault/tier/accesses.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "vault/keeping/policy.h"
#include "vault/vault.h"

namespace atl::vault {
namespace {

using platform::join;

constexpr std::size_t kNotedMax = 32 * 1024;
constexpr std::int64_t kMinuteUs = 60'000'000;
constexpr int kLogs = 8;
constexpr std::uint64_t kLogBytesMax = 4 * kMiB;
constexpr std::uint64_t kFoldFromBytes = 256 * kKiB;
constexpr std::size_t kRecordHeadBytes = 28;  // "ATAL", u32 version, 16 bytes of salt, u32 sealed length
constexpr std::size_t kEntryBytes = 28;       // object id, u32 minutes, i64 last
constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kMagic = "ATAL";
constexpr std::size_t kEntriesPerRecord = 8 * 1024;
constexpr std::size_t kValueBytes = 16;
constexpr std::size_t kStateBytes = 12;

std::string log_folder(const Vault& vault) { return join(vault.folder(), "staging/accesses"); }
std::string log_path(const Vault& vault, int number) {
  return join(log_folder(vault), std::to_string(number) + ".log");
}
std::string index_folder(const Vault& vault) { return join(vault.folder(), "indexes/accesses"); }

codec::SecretKey log_key(const Vault& vault) { return vault.keys().derived_key("staging/accesses"); }

Bytes value_of(const AccessCount& count) {
  Bytes value;
  ByteWriter out(value);
  out.put(std::bit_cast<std::uint64_t>(count.minutes));
  out.put(count.last.unix_us);
  return value;
}

std::optional<AccessCount> count_in(ByteView value) {
  if (value.size() != kValueBytes) return std::nullopt;
  AccessCount count{std::bit_cast<double>(load_le<std::uint64_t>(value.data())),
                    {load_le<std::int64_t>(value.data() + 8)}};
  if (!std::isfinite(count.minutes) || count.minutes < 0) return std::nullopt;
  return count;
}

Bytes state_of(Timestamp since) {
  Bytes state;
  ByteWriter out(state);
  out.put(kVersion);
  out.put(since.unix_us);
  return state;
}

std::optional<Timestamp> since_in(ByteView state) {
  if (state.size() != kStateBytes || load_le<std::uint32_t>(state.data()) != kVersion) return std::nullopt;
  return Timestamp{load_le<std::int64_t>(state.data() + 4)};
}

Result<std::uint64_t> half_life_of(const Vault& vault) {
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto policy, policy_of_vault(*reader));
  return policy.rules.half_life_seconds > 0 ? policy.rules.half_life_seconds : kHalfLifeSeconds;
}

run::Options index_options(const Vault& vault) {
  run::Options options;
  options.memtable_bytes_max = 4 * kMiB;
  options.filter_bytes_max = 4 * kMiB;
  options.cache_bytes_max = kMiB;
  options.suite = vault.head().suite;
  return options;
}

Result<std::unique_ptr<run::RunSet>> try_open_index(const Vault& vault, bool is_writable) {
  return run::RunSet::open(vault.machine(), index_folder(vault), vault.keys().derived_key("indexes/accesses"),
                           vault.head().vault, index_options(vault), is_writable);
}

}  // namespace

double decayed(const AccessCount& count, Timestamp now, std::uint64_t half_life_seconds) {
  if (now <= count.last || half_life_seconds == 0) return count.minutes;
  const auto passed_s = static_cast<double>(now.unix_us - count.last.unix_us) * 1e-6;
  return count.minutes * std::exp2(-passed_s / static_cast<double>(half_life_seconds));
}

AccessCount sum_of(const AccessCount& a, const AccessCount& b, std::uint64_t half_life_seconds) {
  const Timestamp last = std::max(a.last, b.last);
  return {decayed(a, last, half_life_seconds) + decayed(b, last, half_life_seconds), last};
}

void read_access_log(ByteView log, const VaultId& vault, codec::SealSuite suite, const codec::SecretKey& key,
                     const std::function<void(const LoggedAccess&)>& visit) {
  Bytes plain;
  while (log.size() > kRecordHeadBytes) {
    const ByteView head = log.first(kRecordHeadBytes);
    if (as_text(head.first(kMagic.size())) != kMagic || load_le<std::uint32_t>(head.data() + 4) != kVersion) return;
    const std::size_t sealed_length = load_le<std::uint32_t>(head.data() + 24);
    log = log.subspan(kRecordHeadBytes);
    if (sealed_length > log.size() || sealed_length < codec::kTagBytes ||
        (sealed_length - codec::kTagBytes) % kEntryBytes != 0)
      return;
    codec::Sealer sealer(suite, codec::derive_key(key, head.subspan(8, 16), "atoll access log"));
    plain.resize(sealed_length - codec::kTagBytes);
    Bytes aad = to_bytes(vault.view());
    aad.insert(aad.end(), head.begin(), head.end());
    if (!sealer.open(codec::counter_nonce(0), aad, log.first(sealed_length), plain)) return;
    log = log.subspan(sealed_length);
    for (std::size_t at = 0; at < plain.size(); at += kEntryBytes) {
      LoggedAccess access;
      std::copy_n(plain.begin() + static_cast<std::ptrdiff_t>(at), access.object.bytes.size(),
                  access.object.bytes.begin());
      access.count.minutes = load_le<std::uint32_t>(plain.data() + at + 16);
      access.count.last.unix_us = load_le<std::int64_t>(plain.data() + at + 20);
      visit(access);
    }
  }
}

void Accesses::note(const ObjectId& object) {
  const std::int64_t now_us = vault_->machine().clock.now().unix_us;
  {
    const std::lock_guard lock(notes_->mutex);
    if (notes_->noted.empty()) notes_->flushed_us = now_us;
    const auto [found, is_new] = notes_->noted.try_emplace(object);
    AccessNotes::Noted& noted = found->second;
    if (is_new || now_us - noted.counted_us >= kMinuteUs || now_us < noted.counted_us) {
      ++noted.minutes;
      noted.counted_us = now_us;
    }
    noted.last_us = now_us;
    if (notes_->noted.size() < kNotedMax && now_us - notes_->flushed_us < kMinuteUs && now_us >= notes_->flushed_us)
      return;
  }
  flush();
}

void Accesses::flush() {
  AccessNotes::Map noted;
  {
    const std::lock_guard lock(notes_->mutex);
    noted.swap(notes_->noted);
  }
  if (noted.empty()) return;
  std::uint64_t log_bytes = 0;
  {
    const std::lock_guard files(notes_->file_mutex);
    ignore_error_on_purpose(append(noted));
    for (int i = 0; i < kLogs && vault_->is_writable(); ++i) {
      const auto info = vault_->machine().files.stat(log_path(*vault_, i));
      if (info && *info) log_bytes += (*info)->size;
    }
  }
  if (log_bytes >= kFoldFromBytes) ignore_error_on_purpose(fold());
}

Result<void> Accesses::append(const AccessNotes::Map& noted) {
  platform::FileSystem& files = vault_->machine().files;
  ATOLL_ASSIGN(const auto there, files.stat(log_folder(*vault_)));
  if (!there) {
    ATOLL_TRY(files.create_directory(join(vault_->folder(), "staging")));
    ATOLL_TRY(files.create_directory(log_folder(*vault_)));
  }
  Bytes records;
  const codec::SecretKey key = log_key(*vault_);
  auto next = noted.begin();
  while (next != noted.end()) {
    Bytes plain;
    ByteWriter entries(plain);
    for (std::size_t i = 0; i < kEntriesPerRecord && next != noted.end(); ++i, ++next) {
      entries.put_bytes(next->first.view());
      entries.put(next->second.minutes);
      entries.put(next->second.last_us);
    }
    Bytes head = to_bytes(kMagic);
    ByteWriter out(head);
    out.put(kVersion);
    std::array<std::uint8_t, 16> salt{};
    vault_->machine().random.fill(salt);
    out.put_bytes(salt);
    out.put(static_cast<std::uint32_t>(plain.size() + codec::kTagBytes));
    Bytes aad = to_bytes(vault_->head().vault.view());
    aad.insert(aad.end(), head.begin(), head.end());
    Bytes sealed(plain.size() + codec::kTagBytes);
    codec::Sealer sealer(vault_->head().suite, codec::derive_key(key, salt, "atoll access log"));
    sealer.seal(codec::counter_nonce(0), aad, plain, sealed);
    records.insert(records.end(), head.begin(), head.end());
    records.insert(records.end(), sealed.begin(), sealed.end());
  }
  for (int i = 0; i < kLogs; ++i) {
    const std::string path = log_path(*vault_, i);
    auto lock = files.lock(path, platform::LockMode::exclusive);
    if (!lock) {
      if (lock.error().kind == ErrorKind::locked) continue;
      return pass(std::move(lock).error());
    }
    ATOLL_ASSIGN(const auto file, files.open(path, platform::OpenMode::read_write));
    ATOLL_ASSIGN(const std::uint64_t size, file->size());
    if (size + records.size() > kLogBytesMax) continue;
    return file->write_at(size, records);  // not synced: what a power cut takes was a count
  }
  return {};
}

Result<std::unique_ptr<run::RunSet>> Accesses::open_index() {
  ATOLL_TRY(platform::create_directories(vault_->machine().files, index_folder(*vault_)));
  auto index = try_open_index(*vault_, true);
  if (!index && (index.error().kind == ErrorKind::damaged || index.error().kind == ErrorKind::unsupported)) {
    ATOLL_TRY(run::RunSet::remove_all(vault_->machine(), index_folder(*vault_)));
    ATOLL_TRY(platform::create_directories(vault_->machine().files, index_folder(*vault_)));
    index = try_open_index(*vault_, true);
  }
  return index;
}

Result<void> Accesses::fold() {
  const std::lock_guard one(notes_->file_mutex);
  ATOLL_ASSIGN(const std::uint64_t half_life, half_life_of(*vault_));
  ATOLL_ASSIGN(const auto index, open_index());
  const auto known_since = since_in(index->state());
  Timestamp since = known_since.value_or(vault_->machine().clock.now());
  platform::FileSystem& files = vault_->machine().files;
  const codec::SecretKey key = log_key(*vault_);
  for (int i = 0; i < kLogs; ++i) {
    const std::string path = log_path(*vault_, i);
    ATOLL_ASSIGN(const auto info, files.stat(path));
    if (!info || info->size == 0) continue;
    auto lock = files.lock(path, platform::LockMode::exclusive);
    if (!lock) {
      if (lock.error().kind == ErrorKind::locked) continue;  // somebody is just writing: the next time
      return pass(std::move(lock).error());
    }
    ATOLL_ASSIGN(const Bytes log, platform::read_whole(files, path, kLogBytesMax));
    std::unordered_map<ObjectId, AccessCount> sums;
    read_access_log(log, vault_->head().vault, vault_->head().suite, key, [&](const LoggedAccess& access) {
      if (!known_since) since = std::min(since, access.count.last);
      auto [found, is_new] = sums.try_emplace(access.object, access.count);
      if (!is_new) found->second = sum_of(found->second, access.count, half_life);
    });
    for (const auto& [object, count] : sums) {
      ATOLL_ASSIGN(const auto value, index->get(object.view()));
      const auto known = value ? count_in(*value) : std::nullopt;
      ATOLL_TRY(index->put(object.view(), value_of(known ? sum_of(*known, count, half_life) : count)));
    }
    ATOLL_TRY(index->flush(state_of(since)));
    ATOLL_ASSIGN(const auto file, files.open(path, platform::OpenMode::read_write));
    ATOLL_TRY(file->set_size(0));
  }
  if (!known_since) ATOLL_TRY(index->flush(state_of(since)));
  for (bool has_more = true; has_more;) {
    ATOLL_ASSIGN(has_more, index->maybe_merge());
  }
  return {};
}

Result<void> Accesses::forget(const std::function<Result<bool>(const ObjectId&)>& is_there) {
  const std::lock_guard one(notes_->file_mutex);
  ATOLL_ASSIGN(const auto index, open_index());
  const Bytes state = index->state();
  Bytes from;
  for (bool is_end = false; !is_end;) {
    is_end = true;
    std::vector<ObjectId> page;
    ATOLL_TRY(index->for_each_from(from, [&](ByteView key, ByteView) -> Result<bool> {
      ATOLL_ASSIGN(page.emplace_back(), ObjectId::from_view(key));
      if (page.size() < kEntriesPerRecord) return true;
      from = to_bytes(key);
      from.push_back(0);
      is_end = false;
      return false;
    }));
    for (const ObjectId& object : page) {
      ATOLL_ASSIGN(const bool stays, is_there(object));
      if (!stays) ATOLL_TRY(index->remove(object.view()));
    }
  }
  return index->flush(state);
}

Result<AccessBook> AccessBook::open(Vault& vault) {
  if (vault.is_writable()) {
    vault.accesses().flush();
    ATOLL_TRY(vault.accesses().fold());
  }
  AccessBook book;
  ATOLL_ASSIGN(book.half_life_seconds_, half_life_of(vault));
  book.now_ = book.since_ = vault.machine().clock.now();
  platform::FileSystem& files = vault.machine().files;
  ATOLL_ASSIGN(const auto there, files.stat(index_folder(vault)));
  if (there) {
    auto index = try_open_index(vault, false);
    // One that cannot be read tells nothing; the next fold() begins another.
    if (index) book.index_ = std::move(*index);
  }
  const auto known_since = book.index_ ? since_in(book.index_->state()) : std::nullopt;
  if (known_since) book.since_ = *known_since;
  if (vault.is_writable()) return book;
  const codec::SecretKey key = log_key(vault);
  for (int i = 0; i < kLogs; ++i) {
    ATOLL_ASSIGN(const auto info, files.stat(log_path(vault, i)));
    if (!info || info->size == 0) continue;
    ATOLL_ASSIGN(const Bytes log, platform::read_whole(files, log_path(vault, i), kLogBytesMax));
    read_access_log(log, vault.head().vault, vault.head().suite, key, [&](const LoggedAccess& access) {
      if (!known_since) book.since_ = std::min(book.since_, access.count.last);
      auto [found, is_new] = book.logged_.try_emplace(access.object, access.count);
      if (!is_new) found->second = sum_of(found->second, access.count, book.half_life_seconds_);
    });
  }
  return book;
}

Result<std::optional<AccessCount>> AccessBook::of(const ObjectId& object) const {
  std::optional<AccessCount> count;
  if (index_) {
    ATOLL_ASSIGN(const auto value, index_->get(object.view()));
    if (value) count = count_in(*value);
  }
  if (const auto found = logged_.find(object); found != logged_.end())
    count = count ? sum_of(*count, found->second, half_life_seconds_) : found->second;
  return count;
}

}  // namespace atl::vault
