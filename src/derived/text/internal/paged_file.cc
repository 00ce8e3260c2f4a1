#include "derived/text/internal/paged_file.h"

#include <algorithm>

namespace atl::text::internal {
namespace {

constexpr std::size_t kWriteBytes = 1024 * 1024;

tl::unexpected<Error> page_damaged(std::uint64_t file, std::uint64_t page) {
  return damaged("text.page", "page " + std::to_string(page) + " of " + segment_file_name(file) + " is damaged");
}

}  // namespace

PageCache::PageCache(std::size_t bytes_max) : frames_per_shard_(bytes_max / sizeof(Page) / 8) {}

PageRef PageCache::get(std::uint64_t file, std::uint32_t page) {
  const std::uint64_t key = key_of(file, page);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.where.find(key);
  if (found == shard.where.end()) return nullptr;
  Frame& frame = shard.frames[found->second];
  frame.touched = true;
  return frame.page;
}

void PageCache::put(std::uint64_t file, std::uint32_t page, PageRef content) {
  if (frames_per_shard_ == 0) return;
  const std::uint64_t key = key_of(file, page);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.where.contains(key)) return;
  std::size_t at = shard.frames.size();
  if (at < frames_per_shard_) {
    shard.frames.emplace_back();
  } else {
    while (shard.frames[shard.hand].touched) {
      shard.frames[shard.hand].touched = false;
      shard.hand = (shard.hand + 1) % shard.frames.size();
    }
    at = shard.hand;
    shard.hand = (shard.hand + 1) % shard.frames.size();
    shard.where.erase(shard.frames[at].key);
  }
  shard.frames[at] = {key, false, std::move(content)};
  shard.where.emplace(key, at);
}

std::size_t PageCache::bytes() const {
  std::size_t frames = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    frames += shard.frames.size();
  }
  return frames * sizeof(Page);
}

PagedFileWriter::PagedFileWriter(const FileContext& context, const FileHeader& header,
                                 std::unique_ptr<platform::File> file)
    : aad_(encode(header)), file_(std::move(file)), sealer_(context.suite, segment_key(context.key, header.salt)) {
  buffered_.assign(aad_.begin(), aad_.end());
}

Result<std::unique_ptr<PagedFileWriter>> PagedFileWriter::create(const FileContext& context, const std::string& folder,
                                                                 std::uint64_t number, const Salt& salt) {
  const std::string path = platform::join(folder, segment_file_name(number));
  ATOLL_TRY(context.files.remove_file(path));
  ATOLL_ASSIGN(auto file, context.files.open(path, platform::OpenMode::create_new));
  const FileHeader header{context.vault, salt, context.suite, number};
  return std::unique_ptr<PagedFileWriter>(new PagedFileWriter(context, header, std::move(file)));
}

Result<void> PagedFileWriter::append(Stream stream, ByteView bytes) {
  Open& open = streams_[static_cast<std::size_t>(stream)];
  open.bytes += bytes.size();
  while (!bytes.empty()) {
    const std::size_t taken = std::min(bytes.size(), kPagePlain - open.plain.size());
    open.plain.insert(open.plain.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    bytes = bytes.subspan(taken);
    if (open.plain.size() == kPagePlain) ATOLL_TRY(end_page(open, false));
  }
  return {};
}

// Every page but the file's last is stored full, so that a page's place follows from its number.
Result<void> PagedFileWriter::end_page(Open& stream, bool is_last) {
  if (pages_ == kPagesMax) return fail(ErrorKind::limit, "text.segment_full", "a segment of the word index is full");
  if (!is_last) stream.plain.resize(kPagePlain);
  last_page_bytes_ = static_cast<std::uint32_t>(stream.plain.size());
  ATOLL_TRY(seal(Lane::page, pages_, stream.plain));
  stream.pages.push_back(pages_++);
  stream.plain.clear();
  return {};
}

Result<void> PagedFileWriter::seal(Lane lane, std::uint64_t ordinal, ByteView plain) {
  const auto nonce = codec::counter_nonce(ordinal, static_cast<std::uint32_t>(lane));
  const std::size_t at = buffered_.size();
  buffered_.resize(at + plain.size() + codec::kTagBytes);
  const ByteSpan sealed = ByteSpan(buffered_).subspan(at);
  sealer_.seal(nonce, aad_, plain, sealed);
  opened_.resize(plain.size());
  ATOLL_INVARIANT(sealer_.open(nonce, aad_, sealed, opened_) && equal(opened_, plain),
                  "a sealed page does not open again");
  return buffered_.size() >= kWriteBytes ? write_buffered() : Result<void>{};
}

Result<void> PagedFileWriter::write_buffered() {
  ATOLL_TRY(file_->write_at(file_bytes_, buffered_));
  file_bytes_ += buffered_.size();
  buffered_.clear();
  return {};
}

Result<std::uint64_t> PagedFileWriter::finish(SegmentFooter& footer) {
  const auto unfinished = std::ranges::count_if(streams_, [](const Open& open) { return !open.plain.empty(); });
  std::ptrdiff_t ended = 0;
  for (std::size_t i = 0; i < kStreams; ++i) {
    Open& open = streams_[i];
    if (!open.plain.empty()) ATOLL_TRY(end_page(open, ++ended == unfinished));
    footer.streams[i] = {open.bytes, open.pages};
  }
  FileTrailer trailer;
  trailer.pages = pages_;
  trailer.last_page_bytes = last_page_bytes_;
  trailer.footer_offset = file_bytes_ + buffered_.size();
  ATOLL_TRY(seal(Lane::footer, 0, encode(footer)));
  trailer.footer_stored_bytes = file_bytes_ + buffered_.size() - trailer.footer_offset;
  trailer.file_bytes = file_bytes_ + buffered_.size() + kTrailerBytes;
  const auto tail = encode(trailer);
  buffered_.insert(buffered_.end(), tail.begin(), tail.end());
  ATOLL_TRY(write_buffered());
  ATOLL_TRY(file_->sync());
  return file_bytes_;
}

PagedFile::PagedFile(const FileContext& context, const SegmentInfo& info, std::unique_ptr<platform::File> file)
    : context_(context), info_(info), file_(std::move(file)), key_(segment_key(context.key, info.salt)) {}

Result<std::unique_ptr<PagedFile>> PagedFile::open(const FileContext& context, const std::string& folder,
                                                   const SegmentInfo& expected) {
  ATOLL_ASSIGN(auto file, context.files.open(platform::join(folder, segment_file_name(expected.number)),
                                             platform::OpenMode::read));
  std::unique_ptr<PagedFile> opened(new PagedFile(context, expected, std::move(file)));
  ATOLL_TRY(opened->read_ends());
  return opened;
}

Result<void> PagedFile::read_ends() {
  const std::string name = segment_file_name(info_.number);
  ATOLL_ASSIGN(const std::uint64_t file_bytes, file_->size());
  if (file_bytes != info_.file_bytes || file_bytes < kHeaderBytes + kTrailerBytes) {
    return damaged("text.segment_size", name + " has not the length it was written with");
  }
  aad_.resize(kHeaderBytes);
  ATOLL_TRY(platform::read_exact(*file_, 0, aad_, name));
  ATOLL_ASSIGN(const FileHeader header, parse_file_header(aad_));
  if (header.vault != context_.vault || header.suite != context_.suite || header.number != info_.number ||
      header.salt != info_.salt) {
    return damaged("text.segment_foreign", name + " is not the file that the manifest means");
  }
  Bytes tail(kTrailerBytes);
  ATOLL_TRY(platform::read_exact(*file_, file_bytes - kTrailerBytes, tail, name));
  ATOLL_ASSIGN(trailer_, parse_file_trailer(tail, file_bytes));
  Bytes sealed(trailer_.footer_stored_bytes);
  ATOLL_TRY(platform::read_exact(*file_, trailer_.footer_offset, sealed, name));
  Bytes plain(sealed.size() - codec::kTagBytes);
  if (!open_sealed(Lane::footer, 0, sealed, plain)) {
    return damaged("text.footer", "the footer of " + name + " is damaged");
  }
  ATOLL_ASSIGN(footer_, parse_segment_footer(plain, trailer_));
  if (footer_.docs != info_.docs) return damaged("text.footer", name + " is not the file that the manifest means");
  return {};
}

bool PagedFile::open_sealed(Lane lane, std::uint64_t ordinal, ByteView sealed, ByteSpan plain) const {
  Opener& opener = openers_[ordinal % openers_.size()];
  const std::lock_guard lock(opener.mutex);
  if (!opener.sealer) opener.sealer = std::make_unique<codec::Sealer>(context_.suite, key_);
  return opener.sealer->open(codec::counter_nonce(ordinal, static_cast<std::uint32_t>(lane)), aad_, sealed, plain);
}

Result<PageRef> PagedFile::load(std::uint32_t page) const {
  if (auto cached = context_.cache.get(info_.number, page)) return cached;
  const std::size_t bytes = page + 1 == trailer_.pages ? trailer_.last_page_bytes : kPagePlain;
  std::array<std::uint8_t, kPageStored> stored;  // NOLINT: filled below
  const ByteSpan sealed = ByteSpan(stored).first(bytes + codec::kTagBytes);
  ATOLL_TRY(platform::read_exact(*file_, kHeaderBytes + std::uint64_t{page} * kPageStored, sealed,
                                 segment_file_name(info_.number)));
  auto fresh = std::make_shared<Page>();
  if (!open_sealed(Lane::page, page, sealed, ByteSpan(fresh->plain).first(bytes))) {
    return page_damaged(info_.number, page);
  }
  PageRef result = std::move(fresh);
  context_.cache.put(info_.number, page, result);
  return result;
}

Result<ByteView> PagedFile::fetch(Stream stream, std::uint64_t offset, std::size_t bytes, Window& window) const {
  const StreamPlace& place = footer_.streams[static_cast<std::size_t>(stream)];
  if (offset > place.bytes || place.bytes - offset < bytes) {
    return damaged("text.place", "a place outside of " + segment_file_name(info_.number) + " is named in it");
  }
  if (bytes == 0) return ByteView{};
  const auto turn_to = [&](std::uint64_t number) -> Result<void> {
    if (window.page_number == number) return {};
    ATOLL_ASSIGN(window.page, load(place.pages[number]));
    window.page_number = number;
    return {};
  };
  std::uint64_t number = offset / kPagePlain;
  std::size_t within = offset % kPagePlain;
  if (within + bytes <= kPagePlain) {
    ATOLL_TRY(turn_to(number));
    return ByteView(window.page->plain).subspan(within, bytes);
  }
  window.copy.resize(bytes);
  for (std::size_t at = 0; at < bytes; ++number, within = 0) {
    ATOLL_TRY(turn_to(number));
    const std::size_t taken = std::min(bytes - at, kPagePlain - within);
    std::memcpy(window.copy.data() + at, window.page->plain.data() + within, taken);
    at += taken;
  }
  return ByteView(window.copy);
}

Result<Bytes> PagedFile::read(Stream stream, std::uint64_t offset, std::size_t bytes) const {
  Window window;
  ATOLL_ASSIGN(const ByteView view, fetch(stream, offset, bytes, window));
  return to_bytes(view);
}

Result<void> PagedFile::verify() const {
  for (std::uint32_t page = 0; page < trailer_.pages; ++page) {
    const std::size_t bytes = page + 1 == trailer_.pages ? trailer_.last_page_bytes : kPagePlain;
    Bytes sealed(bytes + codec::kTagBytes);
    ATOLL_TRY(platform::read_exact(*file_, kHeaderBytes + std::uint64_t{page} * kPageStored, sealed,
                                   segment_file_name(info_.number)));
    Bytes plain(bytes);
    if (!open_sealed(Lane::page, page, sealed, plain)) return page_damaged(info_.number, page);
  }
  return {};
}

}  // namespace atl::text::internal
