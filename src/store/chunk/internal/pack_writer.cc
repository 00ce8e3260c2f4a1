#include "store/chunk/internal/pack_writer.h"

#include <algorithm>

namespace atl::chunk {

Result<void> finish_pack(blob::BlobStore& blobs, blob::BlobWriter& writer, const Footer& footer,
                         const PackHeader& header, const PackHeaderBytes& header_bytes,
                         const codec::SecretKey& domain_pack_key, const Salt& footer_salt,
                         const blob::ParityOptions& parity) {
  const std::uint64_t begin = writer.position();
  const auto write = [&]() -> Result<void> {
    PackTrailer trailer;
    {
      const Bytes frame = seal_footer(footer, header, header_bytes, domain_pack_key, footer_salt);
      trailer = {header.id, begin, frame.size(), begin + frame.size() + kPackTrailerBytes};
      ATOLL_TRY(writer.append(frame));
    }
    ATOLL_TRY(writer.append(encode(trailer)));
    const std::string name = pack_blob_name(header.id);
    ATOLL_TRY(blob::append_parity([&](std::uint64_t offset, ByteSpan out) { return blobs.fetch(name, offset, out); },
                                  trailer.protected_length, header.id.bytes, parity,
                                  [&](ByteView bytes) { return writer.append(bytes); }));
    return writer.commit();
  };
  auto written = write();
  if (!written && platform::is_full(written.error())) ATOLL_TRY(writer.rewind(begin));
  return written;
}

PackWriter::PackWriter(blob::BlobStore& blobs, const PackHeader& header, const codec::SecretKey& domain_pack_key,
                       const Limits& limits)
    : blobs_(blobs),
      header_(header),
      header_bytes_(encode(header)),
      domain_pack_key_(domain_pack_key),
      limits_(limits) {}

Result<std::shared_ptr<PackWriter>> PackWriter::begin(blob::BlobStore& blobs, const PackHeader& header,
                                                      const codec::SecretKey& domain_pack_key, const Limits& limits) {
  std::shared_ptr<PackWriter> pack(new PackWriter(blobs, header, domain_pack_key, limits));
  const std::string name = pack_blob_name(header.id);
  ATOLL_ASSIGN(pack->writer_, blobs.receive(name));
  if (auto written = pack->writer_->append(pack->header_bytes_); !written) {
    pack->writer_.reset();
    ignore_error_on_purpose(blobs.remove_unfinished(name));
    return pass(std::move(written).error());
  }
  return pack;
}

codec::CheckedSealer PackWriter::new_sealer() const {
  return {header_.suite, derive_group_key(domain_pack_key_, header_)};
}

std::optional<std::uint32_t> PackWriter::reserve() {
  const std::lock_guard lock(mutex_);
  if (is_retired_ || next_number_ == kPackSealsMax) return std::nullopt;
  ++numbers_out_;
  return next_number_++;
}

Result<std::uint64_t> PackWriter::append(ByteView frame, const GroupHeader& header,
                                         std::span<const DirectoryEntry> entries, bool& is_full) {
  const std::lock_guard lock(mutex_);
  ATOLL_INVARIANT(!is_sealed_ && numbers_out_ > 0, "groups are appended to open packs only");
  const std::uint64_t offset = writer_->position();
  ATOLL_TRY(writer_->append(frame));
  footer_.add(offset, header, entries);
  is_dirty_ = true;
  ATOLL_TRY(copy_header());
  is_full = writer_->position() >= limits_.bytes_target || footer_.chunks.size() >= limits_.chunks_max;
  return offset;
}

// Until a pack is sealed there is no parity over its header, without which nothing in it can be opened.
Result<void> PackWriter::copy_header() {
  if (has_header_copy_ || writer_->position() < kHeaderCopyFromBytes) return {};
  auto written = writer_->append(header_bytes_);
  if (!written && platform::is_full(written.error())) return {};  // the next group tries again
  has_header_copy_ = written.has_value();
  return written;
}

bool PackWriter::release() {
  const std::lock_guard lock(mutex_);
  --numbers_out_;
  return is_retired_ && numbers_out_ == 0;
}

bool PackWriter::retire() {
  const std::lock_guard lock(mutex_);
  is_retired_ = true;
  return numbers_out_ == 0;
}

Result<void> PackWriter::sync() {
  const std::lock_guard syncing(sync_mutex_);  // and so it is not sealed meanwhile: writer_ stays
  std::size_t chunks = 0;
  std::uint64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!is_dirty_ || is_sealed_) return {};
    is_dirty_ = false;  // whatever is appended from now on is not covered
    chunks = footer_.chunks.size();
    bytes = writer_->position();
  }
  auto synced = writer_->sync();
  const std::lock_guard lock(mutex_);
  if (!synced) {
    is_dirty_ = true;
    // Whatever the kind: what the file holds is unknown now, so this is no full disk that one could try again.
    synced.error().kind = ErrorKind::io;
    return synced;
  }
  durable_ = chunks;
  durable_bytes_ = bytes;
  return {};
}

std::uint64_t PackWriter::durable_bytes() const {
  const std::lock_guard lock(mutex_);
  return is_sealed_ ? sealed_bytes_ : durable_bytes_;
}

Location PackWriter::location_of(const Footer::Chunk& chunk) const {
  const auto& group = footer_.groups[chunk.group];
  return {header_.id, static_cast<std::uint32_t>(group.offset), group.sealed_length, chunk.offset, chunk.length};
}

PackWriter::Durable PackWriter::durable_chunks() const {
  const std::lock_guard lock(mutex_);
  Durable durable;
  durable.end = durable_;
  durable.chunks.reserve(durable_ - published_);
  for (std::size_t i = published_; i < durable_; ++i) {
    durable.chunks.emplace_back(footer_.chunks[i].id, location_of(footer_.chunks[i]));
  }
  return durable;
}

void PackWriter::drop_published(std::size_t end) {
  const std::lock_guard lock(mutex_);
  published_ = std::max(published_, end);
}

bool PackWriter::is_all_published() const {
  const std::lock_guard lock(mutex_);
  return published_ == footer_.chunks.size();
}

void PackWriter::leave_out_of_index_state() {
  const std::lock_guard lock(mutex_);
  is_left_out_ = true;
}

bool PackWriter::is_left_out_of_index_state() const {
  const std::lock_guard lock(mutex_);
  return is_left_out_;
}

Result<void> PackWriter::seal(platform::Random& random, const blob::ParityOptions& parity) {
  const std::lock_guard syncing(sync_mutex_);
  const std::lock_guard lock(mutex_);
  if (is_sealed_) return {};
  ATOLL_INVARIANT(is_retired_ && numbers_out_ == 0, "a pack is sealed when nobody writes to it any more");
  Salt salt{};
  random.fill(salt);
  ATOLL_TRY(finish_pack(blobs_, *writer_, footer_, header_, header_bytes_, domain_pack_key_, salt, parity));
  sealed_bytes_ = writer_->position();
  writer_.reset();
  durable_ = footer_.chunks.size();
  is_sealed_ = true;
  is_dirty_ = false;
  return {};
}

bool PackWriter::is_sealed() const {
  const std::lock_guard lock(mutex_);
  return is_sealed_;
}

PackWriter::Sizes PackWriter::sizes() const {
  const std::lock_guard lock(mutex_);
  return {is_sealed_ ? sealed_bytes_ : writer_->position(), footer_.raw_bytes, footer_.chunks.size()};
}

Footer PackWriter::footer() const {
  const std::lock_guard lock(mutex_);
  return footer_;
}

}  // namespace atl::chunk
