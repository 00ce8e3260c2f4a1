#include "store/chunk/internal/group.h"

#include <algorithm>
#include <cstring>

#include "foundation/codec/hash.h"

namespace atl::chunk {
namespace {

using codec::CompressionCodec;

// A body beyond this is compressed whole only where a sample of it shrinks.
constexpr std::size_t kSampleFromBytes = 192 * 1024;
constexpr std::size_t kSampleBytes = 16 * 1024;
constexpr std::size_t kSamples = 4;

std::array<std::uint8_t, kPackHeaderBytes + kGroupHeaderBytes - 4> associated_data(const PackHeaderBytes& pack_header,
                                                                                   ByteView group_header) {
  std::array<std::uint8_t, kPackHeaderBytes + kGroupHeaderBytes - 4> aad{};
  std::ranges::copy(pack_header, aad.begin());
  std::copy_n(group_header.begin(), kGroupHeaderBytes - 4, aad.begin() + kPackHeaderBytes);
  return aad;
}

// All values of a byte are about equally frequent: so it is with what is encrypted, compressed or random, of which only
// repeats could be saved. By the sum of squared counts of a sample: of n equally likely bytes it is n*n/256 + n, with a
// standard deviation of sqrt(510) * n/256; eight of these are allowed.
bool has_equal_frequencies(ByteView body) {
  constexpr std::size_t least_bytes = 2048;
  constexpr std::size_t runs = 16;
  constexpr std::size_t run_bytes = 256;
  if (body.size() < least_bytes) return false;
  std::array<std::uint32_t, 256> counts{};
  const std::size_t length = std::min(run_bytes, body.size() / runs);
  for (std::size_t run = 0; run < runs; ++run) {
    for (const std::uint8_t byte : body.subspan(run * (body.size() / runs), length)) ++counts[byte];
  }
  const std::uint64_t n = length * runs;
  std::uint64_t squares = 0;
  for (const std::uint64_t count : counts) squares += count * count;
  return squares < n * n / 256 + n * 7 / 4;
}

Buffer sized(Buffer buffer, std::size_t size) {
  if (buffer.capacity() < size) return Buffer(size);  // without copying what is there
  buffer.resize(size);
  return buffer;
}

}  // namespace

Buffer BufferPool::take(std::size_t size) {
  {
    const std::lock_guard lock(mutex_);
    const auto fitting = std::ranges::find_if(buffers_, [&](const Buffer& b) { return b.capacity() >= size; });
    if (fitting != buffers_.end()) {
      Buffer buffer = std::move(*fitting);
      *fitting = std::move(buffers_.back());
      buffers_.pop_back();
      bytes_ -= buffer.capacity();
      buffer.resize(size);
      return buffer;
    }
  }
  return Buffer(size);
}

void BufferPool::give(Buffer buffer) {
  if (buffer.capacity() == 0) return;
  const std::lock_guard lock(mutex_);
  if (bytes_ + buffer.capacity() > bytes_max_) return;
  bytes_ += buffer.capacity();
  buffers_.push_back(std::move(buffer));
}

bool GroupSealer::is_compressible(ByteView body, const GroupCodec& codec) {
  // Of bytes of equal frequency only repeats could be saved, and LZ4 finds these in a tenth of the time that Zstandard
  // takes.
  const auto asks_lz4 = [&](ByteView bytes) {
    return codec.codec == CompressionCodec::zstd && has_equal_frequencies(bytes);
  };
  if (body.size() < kSampleFromBytes) {
    if (!asks_lz4(body)) return true;
    const auto shrunk = compressor_.compress(CompressionCodec::lz4, 0, body, compressed_);
    return !shrunk || *shrunk;
  }
  const std::size_t step = (body.size() - kSampleBytes) / (kSamples - 1);
  for (std::size_t i = 0; i < kSamples; ++i) {
    const ByteView sample = body.subspan(i * step, kSampleBytes);
    const GroupCodec with =
        asks_lz4(sample) ? GroupCodec{CompressionCodec::lz4, 0} : GroupCodec{codec.codec, std::min(codec.level, 1)};
    const auto shrunk = compressor_.compress(with.codec, with.level, sample, compressed_);
    if (!shrunk || *shrunk) return true;
  }
  return false;
}

Result<void> GroupSealer::prepare(std::span<const DirectoryEntry> entries, ByteView body, const GroupCodec& codec) {
  directory_.clear();
  encode_directory(entries, directory_);
  bool is_compressed = false;
  if (codec.codec != CompressionCodec::raw && !body.empty() && is_compressible(body, codec)) {
    ATOLL_ASSIGN(is_compressed, compressor_.compress(codec.codec, codec.level, body, compressed_));
  }
  const std::size_t plain = directory_.size() + (is_compressed ? compressed_.size() : body.size());
  header_ = {};
  header_.codec = is_compressed ? codec.codec : CompressionCodec::raw;
  header_.sealed_length = static_cast<std::uint32_t>(plain + codec::kTagBytes);
  header_.raw_length = static_cast<std::uint32_t>(body.size());
  return {};
}

Result<void> GroupSealer::seal(codec::CheckedSealer& sealer, const PackHeaderBytes& pack_header, std::uint32_t number,
                               ByteView body) {
  const auto broken = [] {
    return fail(ErrorKind::failed, "pack.seal_check_failed",
                "a group did not read back as it was sealed; nothing of it was written",
                "this points to faulty memory or a faulty processor: test the machine's memory");
  };
  frame_ = sized(std::move(frame_), kGroupHeaderBytes + header_.sealed_length);
  header_.number = number;
  header_.checksum = 0;
  std::ranges::copy(encode(header_), frame_.data());
  const auto aad = associated_data(pack_header, frame_.view());
  const bool is_raw = header_.codec == CompressionCodec::raw;
  const std::array<ByteView, 2> parts{directory_, is_raw ? body : compressed_.view()};
  if (!sealer.seal(codec::counter_nonce(number), aad, parts, frame_.span().subspan(kGroupHeaderBytes))) return broken();
  header_.checksum = group_checksum(frame_.view());
  store_le(frame_.data() + kGroupHeaderBytes - 4, header_.checksum);
  if (is_raw) return {};
  // What was sealed opens as `compressed_`; what is left is whether that is the body.
  unpacked_ = sized(std::move(unpacked_), body.size());
  if (!decompressor_.decompress(header_.codec, compressed_.view(), unpacked_.span()) || !equal(unpacked_.view(), body))
    return broken();
  return {};
}

Result<ByteView> OpenedGroup::chunk(const ChunkId& id, std::uint32_t offset, std::uint32_t length) const {
  ATOLL_ASSIGN(const std::size_t number, number_of(id, offset, length));
  return bytes_of(directory[number]);
}

Result<std::size_t> OpenedGroup::number_of(const ChunkId& id, std::uint32_t offset, std::uint32_t length) const {
  // Several empty chunks may share an offset, so the id is looked for among equals.
  auto at = std::ranges::lower_bound(directory, offset, {}, &DirectoryEntry::offset);
  for (; at != directory.end() && at->offset == offset; ++at) {
    if (at->id == id && at->length == length) return static_cast<std::size_t>(at - directory.begin());
  }
  return fail(ErrorKind::damaged, "pack.directory_mismatch",
              "the group's directory does not name the chunk where the index does");
}

Result<OpenedGroup> open_group(codec::Sealer& sealer, const PackHeaderBytes& pack_header, Buffer frame,
                               codec::Decompressor& decompressor, BufferPool& pool) {
  ATOLL_ASSIGN(const GroupHeader header, decode_group_header(frame.view()));
  const auto damaged = [](std::string_view why) {
    return fail(ErrorKind::damaged, "pack.group_damaged",
                "a group of the pack is not what was written: " + std::string(why));
  };
  if (frame.size() != kGroupHeaderBytes + header.sealed_length) return damaged("it has another length than it says");
  const auto aad = associated_data(pack_header, frame.view());
  const ByteSpan sealed = frame.span().subspan(kGroupHeaderBytes);
  const std::size_t plain_length = sealed.size() - codec::kTagBytes;
  if (!sealer.open(codec::counter_nonce(header.number), aad, sealed, sealed.first(plain_length))) {
    return damaged("it does not open with its key");
  }
  OpenedGroup group;
  ATOLL_ASSIGN(group.directory, decode_directory(sealed.first(plain_length), header.raw_length));
  const std::size_t stored_at = kGroupHeaderBytes + kDirectoryHeadBytes + group.directory.size() * kDirectoryEntryBytes;
  const std::size_t stored_length = kGroupHeaderBytes + plain_length - stored_at;
  group.body_length = header.raw_length;
  if (header.codec == CompressionCodec::raw) {
    if (stored_length != header.raw_length) return damaged("its body has another length than it says");
    group.bytes = std::move(frame);
    group.body_at = stored_at;
    return group;
  }
  group.bytes = pool.take(header.raw_length);
  ATOLL_TRY(decompressor.decompress(header.codec, frame.view().subspan(stored_at, stored_length), group.bytes.span()));
  pool.give(std::move(frame));
  return group;
}

}  // namespace atl::chunk
