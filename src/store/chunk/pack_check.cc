#include "store/chunk/pack_check.h"

#include "foundation/codec/hash.h"
#include "store/chunk/internal/pack_reader.h"

namespace atl::chunk {
namespace {

constexpr std::size_t kPoolBytes = 4 * 1024 * 1024;

// Damage becomes words, everything else stays an error.
Result<bool> is_well(const Result<void>& step, PackCheck& check) {
  if (step) return true;
  const ErrorKind kind = step.error().kind;
  if (kind != ErrorKind::damaged && kind != ErrorKind::not_found) return pass(step.error());
  if (check.damage.empty()) check.damage = step.error().message;
  return false;
}

Result<void> open_groups(const PackReader& pack, const Footer& footer, const codec::SecretKey& id_key) {
  codec::Decompressor decompressor;
  for (std::size_t i = 0; i < footer.groups.size(); ++i) {
    const auto& group = footer.groups[i];
    ATOLL_ASSIGN(Buffer frame, pack.read_frame(group.offset, group.sealed_length));
    ATOLL_ASSIGN(const OpenedGroup opened, pack.open_frame(std::move(frame), decompressor));
    const auto chunks = footer.chunks_of(i);
    bool is_same = opened.directory.size() == chunks.size();
    for (std::size_t j = 0; is_same && j < chunks.size(); ++j) {
      const DirectoryEntry& entry = opened.directory[j];
      is_same = entry.id == chunks[j].id && entry.offset == chunks[j].offset && entry.length == chunks[j].length;
    }
    // Sealed bytes are what was sealed; only their own digest says that they were right then.
    for (std::size_t j = 0; is_same && j < chunks.size(); ++j) {
      const DirectoryEntry& entry = opened.directory[j];
      ATOLL_ASSIGN(const ByteView plain, opened.chunk(entry.id, entry.offset, entry.length));
      if (codec::blake3_keyed(id_key, plain) == entry.id.bytes) continue;
      return fail(ErrorKind::damaged, "chunk.wrong_hash", "a chunk of it is not what its id says");
    }
    if (!is_same) {
      return fail(ErrorKind::damaged, "pack.directory_mismatch", "a group's directory and the footer do not agree");
    }
  }
  return {};
}

}  // namespace

Result<PackCheck> check_pack(const blob::BlobStore& blobs, const keyring::Keyring& keys, const PackId& id,
                             bool reads_data) {
  PackCheck check;
  const std::string name = pack_blob_name(id);
  ATOLL_ASSIGN(const auto info, blobs.stat(name));
  if (!info || !info->is_finished) {
    check.damage = info ? "it is not finished" : "its file is missing";
    return check;
  }
  BufferPool pool(kPoolBytes);
  const auto opened = PackReader::open(blobs, keys, id, pool);
  const bool is_key_gone = !opened && opened.error().id == "pack.key_gone";
  if (!opened && !is_key_gone) {
    ATOLL_ASSIGN(const bool well, is_well(pass(opened.error()), check));
    ATOLL_INVARIANT(!well, "an error is not well");
    return check;
  }
  const auto work = [&]() -> Result<void> {
    if (!is_key_gone) {
      const PackReader& pack = **opened;
      if (pack.was_header_healed()) return fail(ErrorKind::damaged, "pack.header_damaged", "its header is damaged");
      ATOLL_ASSIGN(const PackTrailer trailer, pack.read_trailer(false));
      (void)trailer;
      ATOLL_ASSIGN(const Footer footer, pack.read_footer(false));
      const auto* domain = keys.domain(pack.header().domain);
      ATOLL_INVARIANT(domain != nullptr, "a pack opens only with its domain's keys");
      if (reads_data) ATOLL_TRY(open_groups(pack, footer, domain->id_key));
    }
    const blob::ReadRange read = [&](std::uint64_t offset, ByteSpan out) { return blobs.fetch(name, offset, out); };
    ATOLL_ASSIGN(const auto parity, blob::ParityMap::open(read, info->size, id.bytes));
    if (parity.file_length() != info->size) {
      return fail(ErrorKind::damaged, "pack.length", "its file has another length than it was written with");
    }
    if (!reads_data) return {};
    ATOLL_ASSIGN(const auto found, parity.check(read, [&](std::uint64_t bytes) {
      check.bytes_read += bytes;
      return true;
    }));
    if (found.is_none()) return {};
    return fail(ErrorKind::damaged, "pack.blocks_damaged",
                std::to_string(found.blocks.size() + found.parity.size()) +
                    " of its blocks do not match their "
                    "checksums");
  };
  ATOLL_TRY(is_well(work(), check));
  return check;
}

}  // namespace atl::chunk
