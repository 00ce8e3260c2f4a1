#include "store/chunk/internal/pack_reader.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace atl::chunk {
namespace {

constexpr std::size_t kSearchWindow = 256 * 1024;

tl::unexpected<Error> damaged_pack(std::string id, std::string message) {
  return fail(ErrorKind::damaged, std::move(id), std::move(message));
}

}  // namespace

class PackReader::Borrowed {
 public:
  Borrowed(const PackReader& reader, codec::Sealer sealer) : reader_(&reader), sealer_(std::move(sealer)) {}
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  Borrowed(Borrowed&&) = delete;
  Borrowed& operator=(Borrowed&&) = delete;
  ~Borrowed() {
    const std::lock_guard lock(reader_->mutex_);
    reader_->sealers_.push_back(std::move(sealer_));
  }
  codec::Sealer& operator*() { return sealer_; }

 private:
  const PackReader* reader_;
  codec::Sealer sealer_;
};

PackReader::Borrowed PackReader::borrow_sealer() const {
  const std::lock_guard lock(mutex_);
  if (sealers_.size() == 1) return {*this, sealers_.front().clone()};
  codec::Sealer sealer = std::move(sealers_.back());
  sealers_.pop_back();
  return {*this, std::move(sealer)};
}

Result<std::shared_ptr<PackReader>> PackReader::open(const blob::BlobStore& blobs, const keyring::Keyring& keys,
                                                     const PackId& id, BufferPool& pool) {
  std::shared_ptr<PackReader> reader(new PackReader(blobs, pack_blob_name(id), pool));
  // A file that carries another id, vault or suite than its name and keyring say is not what was written here.
  const auto check = [&](const PackHeader& header) -> Result<void> {
    if (header.id != id || header.vault != keys.vault() || header.suite != keys.suite()) {
      return damaged_pack("pack.header_damaged", "the pack's header belongs to another pack");
    }
    return {};
  };
  const auto load = [&](bool healed) -> Result<void> {
    if (healed) {
      ATOLL_ASSIGN(const auto info, blobs.stat(reader->name_));
      if (!info || !info->is_finished) return damaged_pack("pack.header_damaged", "the pack's header is damaged");
      ATOLL_ASSIGN(auto map, blob::ParityMap::open(reader->reader(), info->size, id.bytes));
      reader->parity_ = std::make_shared<const blob::ParityMap>(std::move(map));
      ATOLL_TRY(reader->parity_->read_healed(reader->reader(), 0, reader->header_bytes_));
    } else {
      ATOLL_TRY(blobs.fetch_exact(reader->name_, 0, reader->header_bytes_));
    }
    ATOLL_ASSIGN(reader->header_, decode_pack_header(reader->header_bytes_));
    return check(reader->header_);
  };
  if (auto loaded = load(false); !loaded) {
    if (loaded.error().kind != ErrorKind::damaged && loaded.error().kind != ErrorKind::io)
      return pass(std::move(loaded).error());
    if (!load(true) && !reader->find_header_copy(id, keys.vault(), keys.suite()))
      return pass(std::move(loaded).error().with_context("pack " + id.text()));
    reader->was_header_healed_ = true;
  }
  const auto* domain = keys.domain(reader->header_.domain);
  if (domain == nullptr) {
    return fail(ErrorKind::not_found, "pack.key_gone",
                "pack " + id.text() + " belongs to key domain " + std::to_string(reader->header_.domain.value) +
                    ", whose key does not exist (any more)");
  }
  reader->domain_pack_key_ = &domain->pack_key;
  reader->sealers_.emplace_back(reader->header_.suite, derive_group_key(domain->pack_key, reader->header_));
  return reader;
}

// The copy stands behind the group with which the pack grew beyond its first block, wherever that ends.
bool PackReader::find_header_copy(const PackId& id, const VaultId& vault, codec::SealSuite suite) {
  Buffer window(kSearchWindow + kPackHeaderBytes - 1);
  constexpr std::uint64_t kSearchEnd = kHeaderCopyFromBytes + kGroupHeaderBytes + kGroupSealedBytesMax;
  for (std::uint64_t from = kPackHeaderBytes; from <= kSearchEnd; from += kSearchWindow) {
    const auto got = blobs_.fetch(name_, from, window.span());
    if (!got) continue;
    const std::string_view bytes = as_text(window.view().first(*got));
    for (std::size_t at = bytes.find(kPackMagic); at != std::string_view::npos; at = bytes.find(kPackMagic, at + 1)) {
      const auto header = decode_pack_header(window.view().first(*got).subspan(at));
      if (!header || header->id != id || header->vault != vault || header->suite != suite) continue;
      header_ = *header;
      std::ranges::copy(window.view().subspan(at, kPackHeaderBytes), header_bytes_.begin());
      return true;
    }
    if (*got < window.size()) break;
  }
  return false;
}

blob::ReadRange PackReader::reader() const {
  return [this](std::uint64_t offset, ByteSpan out) { return blobs_.fetch(name_, offset, out); };
}

Result<std::shared_ptr<const blob::ParityMap>> PackReader::parity() const {
  const std::lock_guard lock(mutex_);
  if (parity_) return parity_;
  ATOLL_ASSIGN(const auto info, blobs_.stat(name_));
  if (!info) return fail(ErrorKind::not_found, "pack.not_found", "pack " + header_.id.text() + " is gone");
  if (!info->is_finished) return damaged_pack("parity.not_found", "an unfinished pack has no parity yet");
  ATOLL_ASSIGN(auto map, blob::ParityMap::open(reader(), info->size, tag()));
  parity_ = std::make_shared<const blob::ParityMap>(std::move(map));
  return parity_;
}

Result<void> PackReader::read_range(std::uint64_t offset, ByteSpan out, bool healed) const {
  if (!healed) return blobs_.fetch_exact(name_, offset, out);
  ATOLL_ASSIGN(const auto map, parity());
  ATOLL_TRY(map->read_healed(reader(), offset, out));
  return {};
}

Result<PackTrailer> PackReader::trailer_from(bool healed) const {
  std::uint64_t end = 0;
  if (healed) {
    ATOLL_ASSIGN(const auto map, parity());
    end = map->protected_length();
  } else {
    ATOLL_ASSIGN(const auto info, blobs_.stat(name_));
    if (!info) return fail(ErrorKind::not_found, "pack.not_found", "pack " + header_.id.text() + " is gone");
    const auto length = blob::ParityMap::protected_length(reader(), info->size, tag());
    if (!length) return damaged_pack("pack.parity_damaged", "the record at the end of the pack is damaged");
    end = *length;
  }
  if (end < kPackHeaderBytes + kPackTrailerBytes) return damaged_pack("pack.trailer_damaged", "the pack is too short");
  PackTrailerBytes bytes{};
  ATOLL_TRY(read_range(end - kPackTrailerBytes, bytes, healed));
  ATOLL_ASSIGN(const PackTrailer trailer, decode_pack_trailer(bytes));
  if (trailer.id != header_.id || trailer.protected_length != end) {
    return damaged_pack("pack.trailer_damaged", "the pack's trailer belongs to another file");
  }
  return trailer;
}

Result<PackTrailer> PackReader::read_trailer(bool allow_heal, bool* was_healed) const {
  auto trailer = trailer_from(false);
  if (trailer || !allow_heal) return trailer;
  auto healed = trailer_from(true);
  if (!healed) return trailer;
  if (was_healed != nullptr) *was_healed = true;
  return healed;
}

Result<Footer> PackReader::footer_from(bool healed) const {
  ATOLL_ASSIGN(const PackTrailer trailer, trailer_from(healed));
  Buffer frame(static_cast<std::size_t>(trailer.footer_length));  // within the file: checked with the trailer
  ATOLL_TRY(read_range(trailer.footer_offset, frame.span(), healed));
  return open_footer(frame.view(), trailer.footer_offset, header_, header_bytes_, *domain_pack_key_);
}

Result<Footer> PackReader::read_footer(bool allow_heal, bool* was_healed) const {
  auto footer = footer_from(false);
  if (footer || !allow_heal) return footer;
  auto healed = footer_from(true);
  if (!healed) return pass(std::move(footer).error().with_context("pack " + header_.id.text()));
  if (was_healed != nullptr) *was_healed = true;
  return healed;
}

Result<OpenedGroup> PackReader::open_frame(Buffer frame, codec::Decompressor& decompressor) const {
  auto sealer = borrow_sealer();
  return open_group(*sealer, header_bytes_, std::move(frame), decompressor, pool_);
}

Result<Buffer> PackReader::read_frame(std::uint64_t offset, std::uint32_t sealed_length) const {
  Buffer frame = pool_.take(kGroupHeaderBytes + std::size_t{sealed_length});
  ATOLL_TRY(read_range(offset, frame.span(), false));
  ATOLL_ASSIGN(const GroupHeader header, decode_group_header(frame.view()));
  if (header.sealed_length != sealed_length || group_checksum(frame.view()) != header.checksum) {
    return damaged_pack("pack.group_damaged",
                        "a group of the pack is not what was written: its checksum does not match");
  }
  return frame;
}

Result<OpenedGroup> PackReader::read_group(std::uint64_t offset, std::uint32_t sealed_length,
                                           codec::Decompressor& decompressor, bool allow_heal, bool* was_healed) const {
  const auto attempt = [&](bool healed) -> Result<OpenedGroup> {
    Buffer frame = pool_.take(kGroupHeaderBytes + std::size_t{sealed_length});
    ATOLL_TRY(read_range(offset, frame.span(), healed));
    return open_frame(std::move(frame), decompressor);
  };
  auto group = attempt(false);
  if (group || !allow_heal || group.error().kind == ErrorKind::not_found) return group;
  auto healed = attempt(true);
  if (!healed) {
    return pass(
        std::move(group).error().with_context("pack " + header_.id.text() + ", group at " + std::to_string(offset)));
  }
  if (was_healed != nullptr) *was_healed = true;
  return healed;
}

bool PackReader::is_header_copy(std::uint64_t begin, std::uint64_t end) const {
  PackHeaderBytes bytes{};
  return end - begin == bytes.size() && read_range(begin, bytes, false) && bytes == header_bytes_;
}

Result<PackReader::Found> PackReader::walk_groups(codec::Decompressor& decompressor) const {
  ATOLL_ASSIGN(const auto info, blobs_.stat(name_));
  if (!info) return fail(ErrorKind::not_found, "pack.not_found", "pack " + header_.id.text() + " is gone");
  Found found;
  // A seal that was broken off may have left parity behind the groups, which of a small pack is a copy of them.
  std::unordered_set<std::uint32_t> numbers;
  // The group that begins at `at`, if a good one does that was not met before: its end.
  const auto try_group = [&](std::uint64_t at) -> std::optional<std::uint64_t> {
    GroupHeaderBytes header_bytes{};
    if (at + kGroupHeaderBytes > info->size || !read_range(at, header_bytes, false)) return std::nullopt;
    const auto header = decode_group_header(header_bytes);
    if (!header || header->sealed_length > info->size - at - kGroupHeaderBytes) return std::nullopt;
    auto frame = read_frame(at, header->sealed_length);
    if (!frame) return std::nullopt;
    auto group = open_frame(std::move(*frame), decompressor);
    if (!group) return std::nullopt;
    if (!numbers.insert(header->number).second) {
      pool_.give(std::move(group->bytes));
      return std::nullopt;
    }
    found.footer.add(at, *header, group->directory);
    pool_.give(std::move(group->bytes));
    return at + kGroupHeaderBytes + header->sealed_length;
  };
  std::uint64_t at = kPackHeaderBytes;
  Buffer window;
  while (at < info->size) {
    if (const auto end = try_group(at)) {
      if (!is_header_copy(found.end, at)) found.skipped_bytes += at - found.end;
      found.end = *end;
      at = *end;
      continue;
    }
    // Look for the next place where a group might begin.
    std::optional<std::uint64_t> next;
    for (std::uint64_t from = at + 1; !next && from < info->size; from += kSearchWindow) {
      if (window.empty()) window = Buffer(kSearchWindow + 3);
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(window.size(), info->size - from));
      const auto got = blobs_.fetch(name_, from, window.span().first(length));
      if (!got) continue;
      const std::size_t position = as_text(window.view().first(*got)).find("AGRP");
      if (position != std::string_view::npos) next = from + position;
    }
    if (!next) break;
    at = *next;
  }
  return found;
}

}  // namespace atl::chunk
