// See spec/formats/vector-index.md.
#include "derived/vector/internal/sealed_file.h"

#include <algorithm>

#include "foundation/codec/hash.h"

namespace atl::vector::internal {
namespace {

constexpr std::uint16_t kMajor = 0;
constexpr std::uint16_t kMinor = 0;
constexpr std::size_t kWriteBytes = 1024 * 1024;
constexpr std::array<std::string_view, 4> kMagics{"atollvem", "atollvev", "atollveg", "atollved"};
constexpr std::array<std::string_view, 4> kEndings{"", ".vectors", ".graph", ".removed"};

using Header = std::array<std::uint8_t, kHeaderBytes>;

std::string_view magic_of(FileKind kind) { return kMagics.at(static_cast<std::size_t>(kind)); }

Header make_header(const FileContext& context, FileKind kind, std::uint64_t number, const Salt& salt) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put_bytes(as_bytes(magic_of(kind)));
  out.put(kMajor);
  out.put(kMinor);
  out.put(std::uint32_t{0});  // compatible features
  out.put(std::uint32_t{0});  // read-only features
  out.put(std::uint32_t{0});  // incompatible features
  out.put_bytes(context.vault.view());
  out.put_bytes(salt);
  out.put(static_cast<std::uint8_t>(context.suite));
  out.put_zeros(7);
  out.put(number);
  Header header{};
  std::ranges::copy(bytes, header.begin());
  store_le(header.data() + kHeaderBytes - 4, codec::crc32c(ByteView(header).first(kHeaderBytes - 4)));
  return header;
}

// Magic, CRC, version and features, in this order: only bytes known to be whole may say "unsupported". The expected
// suite, not the stored one, decides: an unsealed file must not pass for a sealed one.
Result<Salt> check_header(const FileContext& context, FileKind kind, std::uint64_t number, ByteView stored) {
  const std::string name = file_name(kind, number);
  if (stored.size() < kHeaderBytes || !equal(stored.first(8), as_bytes(magic_of(kind))) ||
      codec::crc32c(stored.first(kHeaderBytes - 4)) != load_le<std::uint32_t>(stored.data() + kHeaderBytes - 4)) {
    return damaged("vector.header", name + " of the vector index has a damaged header");
  }
  if (load_le<std::uint16_t>(stored.data() + 8) != kMajor || load_le<std::uint32_t>(stored.data() + 20) != 0) {
    return fail(ErrorKind::unsupported, "vector.version",
                name + " of the vector index was written by a newer program in a way this one does not know",
                "use the newer program, or let this one rebuild the vector index");
  }
  if (!equal(stored.subspan(24, 16), context.vault.view()) || stored[56] != static_cast<std::uint8_t>(context.suite) ||
      load_le<std::uint64_t>(stored.data() + 64) != number) {
    return damaged("vector.foreign", name + " of the vector index is not the file that was written");
  }
  Salt salt{};
  std::copy_n(stored.data() + 40, kSaltBytes, salt.begin());
  return salt;
}

codec::SecretKey file_key(const FileContext& context, FileKind kind, const Salt& salt) {
  return codec::derive_key(context.key, salt, "atoll vector " + std::string(magic_of(kind)));
}

void seal_checked(codec::Sealer& sealer, std::uint64_t block, ByteView header, ByteView plain, ByteSpan out,
                  Bytes& opened) {
  const auto nonce = codec::counter_nonce(block);
  sealer.seal(nonce, header, plain, out);
  opened.resize(plain.size());
  ATOLL_INVARIANT(sealer.open(nonce, header, out, opened) && equal(opened, plain),
                  "a sealed block does not open again");
}

Result<std::unique_ptr<platform::File>> create_file(const FileContext& context, FileKind kind, std::uint64_t number) {
  const std::string path = platform::join(context.folder, file_name(kind, number));
  ATOLL_TRY(context.files.remove_file(path));
  return context.files.open(path, platform::OpenMode::create_new);
}

}  // namespace

tl::unexpected<Error> damaged(std::string_view id, std::string_view what) {
  return fail(ErrorKind::damaged, std::string(id), std::string(what),
              "the vector index will be rebuilt from what it indexes");
}

std::string file_name(FileKind kind, std::uint64_t number) {
  if (kind == FileKind::manifest) return "manifest";
  Bytes big_endian;
  append_be64(big_endian, number);
  return to_hex(big_endian) + std::string(kEndings.at(static_cast<std::size_t>(kind)));
}

Bytes seal_whole(const FileContext& context, FileKind kind, std::uint64_t number, const Salt& salt, ByteView plain) {
  const Header header = make_header(context, kind, number, salt);
  Bytes file(kHeaderBytes + plain.size() + codec::kTagBytes);
  std::ranges::copy(header, file.begin());
  codec::Sealer sealer(context.suite, file_key(context, kind, salt));
  Bytes opened;
  seal_checked(sealer, 0, header, plain, ByteSpan(file).subspan(kHeaderBytes), opened);
  return file;
}

Result<Bytes> open_whole(const FileContext& context, FileKind kind, std::uint64_t number, ByteView stored) {
  ATOLL_ASSIGN(const Salt salt, check_header(context, kind, number, stored));
  const ByteView sealed = stored.subspan(kHeaderBytes);
  const auto bad = [&] { return damaged("vector.file", file_name(kind, number) + " of the vector index is damaged"); };
  if (sealed.size() < codec::kTagBytes) return bad();
  codec::Sealer sealer(context.suite, file_key(context, kind, salt));
  Bytes plain(sealed.size() - codec::kTagBytes);
  if (!sealer.open(codec::counter_nonce(0), stored.first(kHeaderBytes), sealed, plain)) return bad();
  return plain;
}

Result<FileInfo> write_whole(const FileContext& context, FileKind kind, std::uint64_t number, const Salt& salt,
                             ByteView plain) {
  ATOLL_ASSIGN(const auto file, create_file(context, kind, number));
  ATOLL_TRY(file->write_at(0, seal_whole(context, kind, number, salt, plain)));
  ATOLL_TRY(file->sync());
  return FileInfo{number, plain.size(), salt};
}

Result<Bytes> read_whole_file(const FileContext& context, FileKind kind, const FileInfo& info) {
  const std::string path = platform::join(context.folder, file_name(kind, info.number));
  ATOLL_ASSIGN(const Bytes stored,
               platform::read_whole(context.files, path, kHeaderBytes + info.plain_bytes + codec::kTagBytes));
  ATOLL_ASSIGN(Bytes plain, open_whole(context, kind, info.number, stored));
  if (plain.size() != info.plain_bytes || !equal(ByteView(stored).subspan(40, kSaltBytes), info.salt)) {
    return damaged("vector.foreign", file_name(kind, info.number) + " is not the file that the manifest means");
  }
  return plain;
}

SealedWriter::SealedWriter(const FileContext& context, FileKind kind, const FileInfo& info, std::size_t block_bytes,
                           std::unique_ptr<platform::File> file)
    : header_(make_header(context, kind, info.number, info.salt)),
      info_(info),
      block_bytes_(block_bytes),
      file_(std::move(file)),
      sealer_(context.suite, file_key(context, kind, info.salt)) {
  buffered_.assign(header_.begin(), header_.end());
}

Result<std::unique_ptr<SealedWriter>> SealedWriter::create(const FileContext& context, FileKind kind,
                                                           std::uint64_t number, const Salt& salt,
                                                           std::size_t block_bytes) {
  ATOLL_ASSIGN(auto file, create_file(context, kind, number));
  return std::unique_ptr<SealedWriter>(
      new SealedWriter(context, kind, {number, 0, salt}, block_bytes, std::move(file)));
}

Result<void> SealedWriter::append(ByteView bytes) {
  info_.plain_bytes += bytes.size();
  while (!bytes.empty()) {
    const std::size_t taken = std::min(bytes.size(), block_bytes_ - plain_.size());
    plain_.insert(plain_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    bytes = bytes.subspan(taken);
    if (plain_.size() == block_bytes_) ATOLL_TRY(seal_block());
  }
  return {};
}

Result<void> SealedWriter::end_block() {
  if (plain_.empty()) return {};
  return append(Bytes(block_bytes_ - plain_.size()));
}

Result<void> SealedWriter::seal_block() {
  const std::size_t at = buffered_.size();
  buffered_.resize(at + plain_.size() + codec::kTagBytes);
  seal_checked(sealer_, blocks_++, header_, plain_, ByteSpan(buffered_).subspan(at), opened_);
  plain_.clear();
  return buffered_.size() >= kWriteBytes ? write_buffered() : Result<void>{};
}

Result<void> SealedWriter::write_buffered() {
  ATOLL_TRY(file_->write_at(file_bytes_, buffered_));
  file_bytes_ += buffered_.size();
  buffered_.clear();
  return {};
}

Result<FileInfo> SealedWriter::finish() {
  if (!plain_.empty()) ATOLL_TRY(seal_block());
  ATOLL_TRY(write_buffered());
  ATOLL_TRY(file_->sync());
  return info_;
}

SealedFile::SealedFile(FileKind kind, const FileInfo& info, std::size_t block_bytes, codec::SealSuite suite,
                       codec::SecretKey key, std::unique_ptr<platform::File> file)
    : kind_(kind),
      info_(info),
      block_bytes_(block_bytes),
      blocks_((info.plain_bytes + block_bytes - 1) / block_bytes),
      suite_(suite),
      key_(std::move(key)),
      file_(std::move(file)),
      header_(kHeaderBytes) {}

std::uint64_t SealedFile::stored_bytes() const { return kHeaderBytes + info_.plain_bytes + blocks_ * codec::kTagBytes; }

Result<std::unique_ptr<SealedFile>> SealedFile::open(const FileContext& context, FileKind kind, const FileInfo& info,
                                                     std::size_t block_bytes) {
  const std::string name = file_name(kind, info.number);
  ATOLL_ASSIGN(auto file, context.files.open(platform::join(context.folder, name), platform::OpenMode::read));
  std::unique_ptr<SealedFile> opened(
      new SealedFile(kind, info, block_bytes, context.suite, file_key(context, kind, info.salt), std::move(file)));
  ATOLL_ASSIGN(const std::uint64_t stored_bytes, opened->file_->size());
  if (stored_bytes != opened->stored_bytes()) {
    return damaged("vector.length", name + " of the vector index has not the length it was written with");
  }
  ATOLL_TRY(platform::read_exact(*opened->file_, 0, opened->header_, name));
  ATOLL_ASSIGN(const Salt salt, check_header(context, kind, info.number, opened->header_));
  if (salt != info.salt) return damaged("vector.foreign", name + " is not the file that the manifest means");
  return opened;
}

std::uint64_t SealedFile::plain_bytes_of(std::uint64_t block) const {
  return std::min<std::uint64_t>(block_bytes_, info_.plain_bytes - block * block_bytes_);
}

Result<Bytes> SealedFile::read_block(std::uint64_t block) const {
  Bytes sealed;
  Bytes plain(block < blocks_ ? plain_bytes_of(block) : 0);
  ATOLL_TRY(read_block_into(block, plain, sealed));
  return plain;
}

Result<void> SealedFile::read_block_into(std::uint64_t block, ByteSpan plain, Bytes& sealed) const {
  const std::string name = file_name(kind_, info_.number);
  if (block >= blocks_ || plain.size() != plain_bytes_of(block)) {
    return damaged("vector.place", "a place outside of " + name + " is named");
  }
  sealed.resize(plain.size() + codec::kTagBytes);
  ATOLL_TRY(platform::read_exact(*file_, kHeaderBytes + block * (block_bytes_ + codec::kTagBytes), sealed, name));
  Opener& opener = openers_[block % openers_.size()];
  const std::lock_guard lock(opener.mutex);
  if (!opener.sealer) opener.sealer = std::make_unique<codec::Sealer>(suite_, key_);
  if (!opener.sealer->open(codec::counter_nonce(block), header_, sealed, plain)) {
    return damaged("vector.block", "block " + std::to_string(block) + " of " + name + " is damaged");
  }
  return {};
}

Result<void> SealedReader::read(ByteSpan out) {
  while (!out.empty()) {
    if (at_ == block_.size()) {
      ATOLL_ASSIGN(block_, file_->read_block(next_block_));
      ++next_block_;
      at_ = 0;
    }
    const std::size_t taken = std::min(out.size(), block_.size() - at_);
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(at_), taken, out.begin());
    at_ += taken;
    out = out.subspan(taken);
  }
  return {};
}

std::uint64_t SealedReader::remaining() const {
  const std::uint64_t read = std::min(file_->info().plain_bytes, next_block_ * file_->block_bytes());
  return file_->info().plain_bytes - read + (block_.size() - at_);
}

}  // namespace atl::vector::internal
