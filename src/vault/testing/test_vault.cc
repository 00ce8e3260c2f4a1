#include "vault/testing/test_vault.h"

#include <algorithm>

namespace atl::vault::testing {

keyring::Unlocking test_key(std::uint8_t fill) {
  keyring::Unlocking key;
  key.kind = keyring::SlotKind::key_file;
  for (std::uint8_t& byte : key.key.fill()) byte = fill;
  return key;
}

std::vector<keyring::Unlocking> test_keys(std::uint8_t fill) {
  std::vector<keyring::Unlocking> keys;
  keys.push_back(test_key(fill));
  return keys;
}

VaultOptions small_options() {
  VaultOptions options;
  options.chunks.pack_bytes_target = kMiB;
  options.chunks.read_cache_bytes = kMiB;
  options.chunks.index.memtable_bytes_max = 256 * kKiB;
  options.catalog.use_platform_files = true;
  options.catalog.cache_bytes = kMiB;
  options.catalog.reader_cache_bytes = kMiB;
  return options;
}

Result<void> create_small(const platform::Machine& machine, const std::string& folder, codec::SealSuite suite) {
  ATOLL_TRY(platform::create_directories(machine.files, platform::parent_of(folder)));
  CreateVaultOptions options;
  options.name = "test";
  options.suite = suite;
  options.passphrase_cost = {8, 1};
  options.journal_segment_bytes = 256 * kKiB;
  options.slot_label = "a test";
  return Vault::create(machine, folder, platform::new_id<VaultId>(machine), options, test_key());
}

Result<std::unique_ptr<Vault>> open_small(const platform::Machine& machine, const std::string& folder,
                                          std::vector<std::string>* notices, bool is_writable) {
  VaultOptions options = small_options();
  options.writable = is_writable;
  if (notices != nullptr) options.on_notice = [notices](const std::string& words) { notices->push_back(words); };
  return Vault::open(machine, folder, test_keys(), options);
}

Bytes noise(std::uint64_t seed, std::size_t count) { return platform::SeededRandom(seed).bytes(count); }

Bytes words(std::uint64_t seed, std::size_t count) {
  static constexpr std::string_view kWords[] = {"coral", "lagoon", "reef", "tide", "sand", "palm", "swell", "keel"};
  platform::SeededRandom random(seed);
  Bytes bytes;
  while (bytes.size() < count) {
    const std::string_view word = kWords[random.below(std::size(kWords))];
    bytes.insert(bytes.end(), word.begin(), word.end());
    bytes.push_back(random.one_in(9) ? '\n' : ' ');
  }
  bytes.resize(count);
  return bytes;
}

Result<Objects::PutResult> put_bytes(Vault& vault, const std::string& bucket, const std::string& key, ByteView bytes,
                                     const PutRequest& request) {
  return Objects(vault).put(
      bucket, key,
      [&bytes](ByteSpan out) -> Result<std::size_t> {
        const std::size_t count = std::min(out.size(), bytes.size());
        std::copy_n(bytes.begin(), count, out.begin());
        bytes = bytes.subspan(count);
        return count;
      },
      request);
}

Result<Bytes> bytes_of(Vault& vault, const catalog::VersionRow& version) {
  Bytes bytes;
  ATOLL_TRY(read_version(vault.chunks(), version, 0, version.size, [&](ByteView piece) -> Result<bool> {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    return true;
  }));
  return bytes;
}

Result<Bytes> bytes_of(Vault& vault, const std::string& bucket, const std::string& key) {
  ATOLL_ASSIGN(const auto found, Objects(vault).find(bucket, key));
  return bytes_of(vault, found.version);
}

ObjectState object_state(ByteView bytes, const PutRequest& request) {
  return {bytes.size(), codec::blake3(bytes), request.metadata, request.tags};
}

Result<VaultState> state_of(Vault& vault) {
  VaultState state;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto buckets, reader->buckets());
  for (const auto& bucket : buckets) {
    auto& objects = state[bucket.name];
    ATOLL_TRY(reader->scan(bucket.id, "", "", [&](const catalog::Listed& listed) -> Result<bool> {
      ATOLL_ASSIGN(const Bytes bytes, bytes_of(vault, listed.version));
      if (bytes.size() != listed.version.size)
        return fail(ErrorKind::damaged, "test.length", listed.entry.key + " has another length than its row says");
      ObjectState object = object_state(bytes);
      object.metadata = listed.version.metadata;
      object.tags = listed.version.tags;
      object.author = listed.version.author;
      const auto rows = vault.reader();
      ATOLL_ASSIGN(const auto labels, rows->labels_of(listed.entry.object));
      for (const auto& [label, id] : labels) {
        ATOLL_ASSIGN(const auto version, rows->version(listed.entry.object, id));
        if (!version || version->label != label || object.labels.contains(label))
          return fail(ErrorKind::damaged, "test.label", listed.entry.key + ": the label " + label + " is not one's");
        object.labels[label] = version->size;
      }
      objects.emplace(listed.entry.key, std::move(object));
      return true;
    }));
  }
  return state;
}

std::string difference(const VaultState& expected, const VaultState& found) {
  if (expected == found) return {};
  for (const auto& [bucket, objects] : expected) {
    const auto there = found.find(bucket);
    if (there == found.end()) return "bucket " + bucket + " is missing";
    for (const auto& [key, object] : objects) {
      const auto other = there->second.find(key);
      if (other == there->second.end()) return bucket + "/" + key + " is missing";
      if (other->second.size != object.size || other->second.digest != object.digest)
        return bucket + "/" + key + " has other content: " + std::to_string(other->second.size) + " bytes";
      if (other->second.metadata != object.metadata) return bucket + "/" + key + " has other metadata";
      if (other->second.tags != object.tags) return bucket + "/" + key + " has other tags";
      if (other->second.author != object.author) return bucket + "/" + key + " has another author";
      if (other->second.labels != object.labels) return bucket + "/" + key + " has other labels";
    }
    for (const auto& [key, object] : there->second) {
      if (!objects.contains(key)) return bucket + "/" + key + " should not be there";
    }
  }
  for (const auto& [bucket, objects] : found) {
    if (!expected.contains(bucket)) return "bucket " + bucket + " should not be there";
  }
  return "a difference nobody can name";
}

Result<VaultRows> rows_of(Vault& vault) {
  VaultRows rows;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto tables, reader->tables());
  for (const auto table : tables) {
    ATOLL_TRY(reader->for_each_row(table, [&](ByteView key, ByteView row) -> Result<bool> {
      rows.emplace(std::pair(static_cast<std::uint32_t>(table), to_bytes(key)), to_bytes(row));
      return true;
    }));
  }
  return rows;
}

std::string told(const Error& error) {
  return std::string(name_of(error.kind)) + " " + error.id + ": " + error.message;
}

}  // namespace atl::vault::testing
