#include "vault/folder/file_store.h"

#include <algorithm>

#include "foundation/codec/hash.h"

namespace atl::vault {
namespace {

using platform::NodeInfo;
using platform::NodeKind;

constexpr int kTriesMax = 3;
constexpr std::size_t kReadBytesMax = 1024 * 1024;
// A file touched this recently may be changed again without its times showing it.
constexpr std::int64_t kSettledAfterSeconds = 2;

tl::unexpected<Error> changed_meanwhile() {
  return fail(ErrorKind::conflict, "source.changed", "it changed while it was read",
              "Put it again when nothing writes to it.");
}

bool is_same_state(const NodeInfo& a, const NodeInfo& b) {
  return a.size == b.size && a.modified == b.modified && a.changed == b.changed && a.inode == b.inode;
}

}  // namespace

FileStore::FileStore(Vault& vault, const catalog::BucketRow& bucket, const codec::GearTable& gear,
                     std::atomic<std::uint64_t>& bytes_read, const std::atomic<bool>* stop)
    : vault_(&vault),
      domain_(bucket.domain),
      chunks_(vault.chunks().new_writer(bucket.domain, chunk::Temperature::warm)),
      writer_(*chunks_, bucket.domain, gear),
      bytes_read_(&bytes_read),
      stop_(stop) {}

void FileStore::fill(catalog::VersionRow& version, const NodeInfo& info) const {
  version.kind = static_cast<catalog::EntryKind>(info.kind);
  version.has_source = true;
  version.mode = info.mode;
  version.uid = info.uid;
  version.gid = info.gid;
  version.modified = info.modified;
  version.device = info.device;
  version.inode = info.inode;
  version.changed = info.changed;
  const std::int64_t now_s = vault_->machine().clock.now().unix_us / 1'000'000;
  if (info.changed.seconds + kSettledAfterSeconds >= now_s) version.changed = {};  // read again next time
  if (info.kind == NodeKind::char_device || info.kind == NodeKind::block_device)
    version.device_number = info.device_number;
  if (info.kind != NodeKind::directory && info.link_count > 1) {
    Bytes identity;
    ByteWriter out(identity);
    out.put_bytes(as_bytes("atoll link group"));
    out.put<std::uint64_t>(info.device);
    out.put<std::uint64_t>(info.inode);
    const codec::Digest digest = codec::blake3_keyed(vault_->keys().domain(domain_)->id_key, identity);
    version.link_group.assign(digest.begin(), digest.begin() + 16);
  }
}

Result<FileStore::Stored> FileStore::store(platform::SourceDirectory& folder, const std::string& name,
                                           const NodeInfo& expected) {
  if (expected.kind == NodeKind::file) return store_file(folder, name);
  Stored stored;
  fill(stored.version, expected);
  if (expected.kind == NodeKind::symlink) {
    ATOLL_ASSIGN(stored.version.link_target, folder.read_link(name));
    stored.version.size = stored.version.link_target.size();
  }
  ATOLL_ASSIGN(stored.version.attributes, name.empty() ? folder.own_attributes() : folder.attributes(name));
  return stored;
}

Result<FileStore::Stored> FileStore::store_file(platform::SourceDirectory& folder, const std::string& name) {
  for (int tries = 1;; ++tries) {
    auto stored = read_once(folder, name);
    if (stored || stored.error().id != "source.changed" || tries == kTriesMax) return stored;
  }
}

Result<void> FileStore::read_range(platform::SourceFile& file, std::uint64_t offset, std::uint64_t length) {
  while (length > 0) {
    if (stop_ != nullptr && stop_->load()) return fail(ErrorKind::interrupted, "put.interrupted", "interrupted");
    const ByteSpan space = writer_.space();
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>({length, space.size(), kReadBytesMax}));
    ATOLL_ASSIGN(const std::size_t count, file.read_at(offset, space.first(wanted)));
    if (count < wanted) return changed_meanwhile();  // it became shorter
    ATOLL_TRY(writer_.advance(count));
    bytes_read_->fetch_add(count);
    offset += count;
    length -= count;
  }
  return {};
}

Result<FileStore::Stored> FileStore::read_once(platform::SourceDirectory& folder, const std::string& name) {
  ATOLL_ASSIGN(const auto file, folder.open_file(name));
  ATOLL_ASSIGN(const NodeInfo before, file->info());
  Stored stored;
  fill(stored.version, before);
  stored.version.size = before.size;
  Bytes first_bytes;
  if (wants_first_bytes(before.size, name)) {
    first_bytes.resize(kFirstBytesLookedAt);
    ATOLL_ASSIGN(const std::size_t count, file->read_at(0, first_bytes));
    first_bytes.resize(count);
  }
  writer_.begin(choose_cutter(before.size, name, first_bytes));
  if (before.allocated_bytes < before.size) {
    ATOLL_ASSIGN(const auto extents, file->data_extents(before.size));
    std::uint64_t at = 0;
    for (const platform::Extent& extent : extents) {
      if (extent.offset > at) stored.version.holes.push_back({at, extent.offset - at});
      ATOLL_TRY(read_range(*file, extent.offset, extent.length));
      at = extent.offset + extent.length;
    }
    if (at < before.size) stored.version.holes.push_back({at, before.size - at});
  } else {
    ATOLL_TRY(read_range(*file, 0, before.size));
  }
  ATOLL_ASSIGN(stored.version.attributes, file->attributes());
  ATOLL_ASSIGN(const NodeInfo after, file->info());
  if (!is_same_state(before, after)) return changed_meanwhile();
  ATOLL_ASSIGN(stored.version.content, writer_.finish());
  stored.new_bytes = writer_.new_bytes();
  return stored;
}

}  // namespace atl::vault
