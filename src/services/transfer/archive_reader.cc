// tar and zip through libarchive, locked in.
#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "services/transfer/metadata_lines.h"
#include "services/transfer/readers.h"

namespace atl::transfer {
namespace {

using catalog::EntryKind;

constexpr std::size_t kInputBytes = 256 * kKiB;
constexpr std::size_t kDataBytesPerFrame = kMiB;
constexpr std::size_t kAttributeBytesMax = 2 * kMiB;  // of one entry, names and values
constexpr std::size_t kDocumentBytesMax = kMiB;
constexpr std::string_view kEntryAttribute = "user.atoll.entry";

struct FreeReader {
  void operator()(archive* reader) const { ::archive_read_free(reader); }
};

class ArchiveReader {
 public:
  explicit ArchiveReader(sandbox::Channel& channel) : channel_(&channel), input_(kInputBytes) {}

  Result<void> read() {
    ByteReader in(channel_->parameters(), "parameters");
    ATOLL_ASSIGN(const auto flags, in.get<std::uint8_t>());
    ATOLL_ASSIGN(parameters_.size, in.get<std::uint64_t>());
    parameters_.wants_content = (flags & 1U) != 0;
    parameters_.is_seekable = (flags & 2U) != 0;
    parameters_.parses_takeout = (flags & 4U) != 0;
    reader_.reset(::archive_read_new());
    if (!reader_) return fail(ErrorKind::limit, "sandbox.memory", "there is no memory for the reader");
    archive* const reader = reader_.get();
    ::archive_read_support_filter_gzip(reader);
    ::archive_read_support_filter_bzip2(reader);
    ::archive_read_support_filter_xz(reader);
    ::archive_read_support_filter_lzma(reader);
    ::archive_read_support_filter_zstd(reader);
    ::archive_read_support_format_tar(reader);
    ::archive_read_support_format_gnutar(reader);
    if (parameters_.is_seekable) {
      ::archive_read_support_format_zip_seekable(reader);
      ::archive_read_set_seek_callback(reader, on_seek);
    } else {
      ::archive_read_support_format_zip_streamable(reader);
    }
    ::archive_read_set_read_callback(reader, on_read);
    ::archive_read_set_skip_callback(reader, on_skip);
    ::archive_read_set_callback_data(reader, this);
    if (::archive_read_open1(reader) != ARCHIVE_OK) {
      if (failure_) return pass(*failure_);
      return fail(ErrorKind::damaged, "import.no_archive", "it is neither a tar nor a zip that can be read: " + said(),
                  "Say what it is with --format.");
    }
    return entries();
  }

 private:
  static la_ssize_t on_read(archive* /*reader*/, void* self_pointer, const void** out) {
    auto* const self = static_cast<ArchiveReader*>(self_pointer);
    const auto count = self->channel_->read(self->position_, self->input_.span());
    if (!count) {
      self->failure_ = count.error();
      return ARCHIVE_FATAL;
    }
    self->position_ += *count;
    *out = self->input_.data();
    return static_cast<la_ssize_t>(*count);
  }
  static la_int64_t on_skip(archive* /*reader*/, void* self_pointer, la_int64_t count) {
    auto* const self = static_cast<ArchiveReader*>(self_pointer);
    if (!self->parameters_.is_seekable || count <= 0) return 0;
    const std::uint64_t left = self->parameters_.size - std::min(self->position_, self->parameters_.size);
    const std::uint64_t skipped = std::min(static_cast<std::uint64_t>(count), left);
    self->position_ += skipped;
    return static_cast<la_int64_t>(skipped);
  }
  static la_int64_t on_seek(archive* /*reader*/, void* self_pointer, la_int64_t offset, int whence) {
    auto* const self = static_cast<ArchiveReader*>(self_pointer);
    std::int64_t base = 0;
    if (whence == SEEK_CUR) base = static_cast<std::int64_t>(self->position_);
    if (whence == SEEK_END) base = static_cast<std::int64_t>(self->parameters_.size);
    std::int64_t target = 0;
    if (__builtin_add_overflow(base, offset, &target) || target < 0) return ARCHIVE_FATAL;
    self->position_ = static_cast<std::uint64_t>(target);
    return target;
  }

  [[nodiscard]] std::string said() const {
    const char* words = ::archive_error_string(reader_.get());
    return words == nullptr ? "no reason given" : std::string(words).substr(0, 500);
  }

  Result<void> entries() {
    std::uint64_t count = 0;
    for (;;) {
      archive_entry* entry = nullptr;
      const int answer = ::archive_read_next_header(reader_.get(), &entry);
      if (answer == ARCHIVE_EOF) break;
      if (failure_) return pass(*failure_);
      if (answer == ARCHIVE_RETRY) continue;
      if (answer < ARCHIVE_WARN) return broken_off(count);
      ++count;
      ATOLL_TRY(one(entry));
    }
    // An empty input is read as an archive of no kind with no entries.
    if (count == 0 && ::archive_format(reader_.get()) == 0 && parameters_.size > 0)
      return fail(ErrorKind::damaged, "import.no_archive", "it is neither a tar nor a zip that can be read",
                  "Say what it is with --format.");
    return {};
  }

  tl::unexpected<Error> broken_off(std::uint64_t count) {
    return fail(ErrorKind::damaged, "import.archive_broken",
                "the archive cannot be read beyond its entry " + std::to_string(count) + ": " + said());
  }

  Result<void> problem(const std::string& path, const std::string& words) {
    std::string text = path.substr(0, 20'000);
    text.push_back('\0');
    text += words;
    return channel_->send(static_cast<std::uint8_t>(FrameType::problem), as_bytes(text));
  }

  static std::string text_of(const char* raw, const char* utf8) {
    if (raw != nullptr) return raw;
    return utf8 == nullptr ? std::string() : std::string(utf8);
  }

  Result<void> one(archive_entry* entry) {
    ForeignEntry found;
    catalog::VersionRow& version = found.version;
    found.path = text_of(::archive_entry_pathname(entry), ::archive_entry_pathname_utf8(entry));
    found.hard_link_to = text_of(::archive_entry_hardlink(entry), ::archive_entry_hardlink_utf8(entry));
    if (found.path.empty()) return problem("(no name)", "an entry without a name that can be read");
    switch (::archive_entry_filetype(entry)) {
      case AE_IFDIR: version.kind = EntryKind::directory; break;
      case AE_IFLNK: version.kind = EntryKind::symlink; break;
      case AE_IFIFO: version.kind = EntryKind::fifo; break;
      case AE_IFSOCK: version.kind = EntryKind::socket; break;
      case AE_IFCHR: version.kind = EntryKind::char_device; break;
      case AE_IFBLK: version.kind = EntryKind::block_device; break;
      default: version.kind = EntryKind::file; break;
    }
    if (::archive_entry_is_encrypted(entry) != 0)
      return problem(found.path, "it is encrypted inside the archive; unpack it first");
    const la_int64_t size = ::archive_entry_size_is_set(entry) != 0 ? ::archive_entry_size(entry) : 0;
    if (size < 0 || static_cast<std::uint64_t>(size) > kContentBytesMax)
      return problem(found.path, "its size is impossible");
    version.size = static_cast<std::uint64_t>(size);
    version.mode = ::archive_entry_perm(entry) & 07777U;
    version.uid = static_cast<std::uint32_t>(std::clamp<la_int64_t>(::archive_entry_uid(entry), 0, UINT32_MAX - 1));
    version.gid = static_cast<std::uint32_t>(std::clamp<la_int64_t>(::archive_entry_gid(entry), 0, UINT32_MAX - 1));
    // A zip rarely knows owners; then nobody's are claimed.
    const bool is_zip = (::archive_format(reader_.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
    version.has_source = !is_zip || version.uid != 0 || version.gid != 0;
    if (::archive_entry_mtime_is_set(entry) != 0) {
      const long nanoseconds = ::archive_entry_mtime_nsec(entry);
      version.modified = {::archive_entry_mtime(entry),
                          nanoseconds >= 0 && nanoseconds <= 999'999'999 ? static_cast<std::uint32_t>(nanoseconds) : 0};
    }
    if (version.kind == EntryKind::symlink) {
      version.link_target = text_of(::archive_entry_symlink(entry), ::archive_entry_symlink_utf8(entry));
      version.size = version.link_target.size();
    }
    if (version.kind == EntryKind::char_device || version.kind == EntryKind::block_device)
      version.device_number = static_cast<std::uint64_t>(::archive_entry_rdev(entry));
    bool was_restored = false;
    ATOLL_TRY(attributes(entry, found, was_restored));
    if (found.hard_link_to.empty()) found.has_content = found.version.kind == EntryKind::file;
    if (parameters_.parses_takeout && found.has_content && found.path.ends_with(".json")) return document(entry, found);
    ATOLL_TRY(channel_->send(static_cast<std::uint8_t>(FrameType::entry), encode(found)));
    if (!found.has_content) return {};
    return content(found);
  }

  Result<void> attributes(archive_entry* entry, ForeignEntry& found, bool& was_restored) {
    ::archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    std::size_t total = 0;
    std::optional<ForeignEntry> own;
    while (::archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
      if (name == nullptr) continue;
      total += size + std::strlen(name);
      const ByteView bytes(static_cast<const std::uint8_t*>(value), size);
      if (name == kEntryAttribute && size <= kLineBytesMax) {
        auto parsed = parse_line(as_text(bytes));
        if (!parsed) return problem(found.path, "what Atoll wrote about it is damaged: " + parsed.error().message);
        own = std::move(*parsed);
        continue;
      }
      if (total > kAttributeBytesMax) continue;
      found.version.attributes.emplace_back(name, to_bytes(bytes));
    }
    std::ranges::sort(found.version.attributes);
    if (own) {
      // The archive's own facts stand in its headers; the line has those and all others.
      const std::string hard_link = std::move(found.hard_link_to);
      found = std::move(*own);
      found.hard_link_to = hard_link;
      found.version.holes.clear();  // told by the data
      was_restored = true;
    }
    return {};
  }

  Result<void> abandoned(const std::string& words) {
    return channel_->send(static_cast<std::uint8_t>(FrameType::abandoned), as_bytes(words));
  }

  Result<void> content(const ForeignEntry& found) {
    std::vector<catalog::Hole> holes;
    std::uint64_t at = 0;
    while (parameters_.wants_content) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int answer = ::archive_read_data_block(reader_.get(), &data, &size, &offset);
      if (answer == ARCHIVE_EOF) break;
      if (failure_) return pass(*failure_);
      if (answer == ARCHIVE_RETRY) continue;
      if (answer < ARCHIVE_WARN) {
        ATOLL_TRY(abandoned("its content is damaged: " + said()));
        if (answer == ARCHIVE_FATAL) return broken_off(0);
        return {};
      }
      if (offset < 0 || static_cast<std::uint64_t>(offset) < at || holes.size() >= kHolesMax)
        return abandoned("its parts overlap or are too many");
      if (static_cast<std::uint64_t>(offset) > at && size > 0) {
        holes.push_back({at, static_cast<std::uint64_t>(offset) - at});
        at = static_cast<std::uint64_t>(offset);
      }
      ByteView left(static_cast<const std::uint8_t*>(data), size);
      at += size;
      while (!left.empty()) {
        const ByteView piece = left.first(std::min(left.size(), kDataBytesPerFrame));
        ATOLL_TRY(channel_->send(static_cast<std::uint8_t>(FrameType::data), piece));
        left = left.subspan(piece.size());
      }
    }
    // A zip that was written as a stream says its sizes behind the data only: then the data is right.
    if (parameters_.wants_content && found.version.size > at && found.version.size <= kContentBytesMax)
      holes.push_back({at, found.version.size - at});
    return channel_->send(static_cast<std::uint8_t>(FrameType::end), encode_holes(holes));
  }

  // Takeout's words about a photo: parsed here, where it cannot do harm.
  Result<void> document(archive_entry* /*entry*/, const ForeignEntry& found) {
    if (found.version.size > kDocumentBytesMax) return problem(found.path, "it is too large for what Takeout writes");
    std::string text(kDocumentBytesMax + 1, '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
      const la_ssize_t count = ::archive_read_data(reader_.get(), text.data() + filled, text.size() - filled);
      if (failure_) return pass(*failure_);
      if (count == ARCHIVE_RETRY) continue;
      if (count < 0) return problem(found.path, "its content is damaged: " + said());
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
    }
    if (filled > kDocumentBytesMax) return problem(found.path, "it is too large for what Takeout writes");
    text.resize(filled);
    auto parsed = parse_takeout(text);
    if (!parsed) return problem(found.path, parsed.error().message);
    parsed->path = found.path;
    return channel_->send(static_cast<std::uint8_t>(FrameType::record), encode(*parsed));
  }

  sandbox::Channel* channel_;
  ArchiveParameters parameters_;
  std::unique_ptr<archive, FreeReader> reader_;
  Buffer input_;
  std::uint64_t position_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Bytes encode(const ArchiveParameters& parameters) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(static_cast<std::uint8_t>((parameters.wants_content ? 1 : 0) | (parameters.is_seekable ? 2 : 0) |
                                    (parameters.parses_takeout ? 4 : 0)));
  out.put(parameters.size);
  return bytes;
}

Result<void> read_archive(sandbox::Channel& channel) { return ArchiveReader(channel).read(); }

}  // namespace atl::transfer
