// An export as one tar (pax, gzip), through libarchive: our own data, so no lock is needed. One libarchive writer makes
// the tar, another one after the other packs sections of it.
#include <archive.h>
#include <archive_entry.h>

#include <optional>

#include "foundation/base/units.h"
#include "services/transfer/internal/export_target.h"
#include "services/transfer/metadata_lines.h"

namespace atl::transfer {
namespace {

using catalog::EntryKind;

constexpr const char* kEntryAttribute = "user.atoll.entry";
constexpr std::uint64_t kHeldBytesMax = 8 * kMiB;

struct FreeWriter {
  void operator()(archive* writer) const { ::archive_write_free(writer); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
};

class SectionedTar final : public TarTarget {
 public:
  SectionedTar(std::unique_ptr<platform::TargetFile> file, std::uint64_t begin, std::function<void(ByteView)> written)
      : file_(std::move(file)), written_(std::move(written)), at_(begin), writer_(::archive_write_new()) {}
  SectionedTar(const SectionedTar&) = delete;
  SectionedTar& operator=(const SectionedTar&) = delete;
  SectionedTar(SectionedTar&&) = delete;
  SectionedTar& operator=(SectionedTar&&) = delete;
  // What libarchive writes while its writers are freed is not wanted: the end of a tar that has none yet.
  ~SectionedTar() override { is_over_ = true; }

  Result<void> open() {
    if (!writer_) return no_memory();
    archive* const writer = writer_.get();
    if (::archive_write_set_format_pax(writer) != ARCHIVE_OK ||
        // Names are bytes: they are written as they are.
        ::archive_write_set_options(writer, "hdrcharset=BINARY") != ARCHIVE_OK ||
        // Nothing is held back, so that a section can end behind any entry.
        ::archive_write_set_bytes_per_block(writer, 0) != ARCHIVE_OK ||
        ::archive_write_open(writer, this, nullptr, on_tar, nullptr) != ARCHIVE_OK) {
      return failed(writer);
    }
    return {};
  }

  Result<bool> take(const ExportItem& item, const Content& content) override {
    const catalog::VersionRow& version = *item.version;
    // A tar cannot take an entry back: that its content can be read is known before its header is written.
    const bool is_small = version.size <= kHeldBytesMax;
    held_.clear();
    if (version.kind == EntryKind::file) {
      ATOLL_TRY(content([&](ByteView piece) -> Result<bool> {
        if (is_small) held_.append(piece);
        return true;
      }));
    }
    const std::unique_ptr<archive_entry, FreeEntry> entry(::archive_entry_new());
    if (!entry) return fail(ErrorKind::limit, "export.memory", "there is no memory for the archive's writer");
    archive_entry* const out = entry.get();
    ::archive_entry_set_pathname(out, item.path.empty() ? "./" : item.path.c_str());
    ::archive_entry_set_filetype(out, type_of(version.kind));
    ::archive_entry_set_perm(out, static_cast<__LA_MODE_T>(version.mode));
    ::archive_entry_set_uid(out, version.uid);
    ::archive_entry_set_gid(out, version.gid);
    ::archive_entry_set_mtime(out, version.modified.seconds, static_cast<long>(version.modified.nanoseconds));
    ::archive_entry_set_size(out, 0);
    const bool has_content = version.kind == EntryKind::file;
    if (has_content) ::archive_entry_set_size(out, static_cast<la_int64_t>(version.size));
    if (version.kind == EntryKind::symlink) ::archive_entry_set_symlink(out, version.link_target.c_str());
    if (version.kind == EntryKind::char_device || version.kind == EntryKind::block_device)
      ::archive_entry_set_rdev(out, static_cast<dev_t>(version.device_number));
    for (const auto& [name, value] : version.attributes)
      ::archive_entry_xattr_add_entry(out, name.c_str(), value.data(), value.size());
    // Everything that a tar has no place for.
    const std::string line = write_line(item.key, version, "", "");
    ::archive_entry_xattr_add_entry(out, kEntryAttribute, line.data(), line.size());
    if (!version.holes.empty()) {
      std::uint64_t at = 0;
      for (const auto& hole : version.holes) {
        if (hole.offset > at) add_data(out, at, hole.offset);
        at = hole.offset + hole.length;
      }
      if (at < version.size) add_data(out, at, version.size);
    }
    is_within_entry_ = true;
    const int answer = ::archive_write_header(writer_.get(), out);
    if (failure_) return pass(*failure_);
    if (answer < ARCHIVE_WARN) return failed(writer_.get());
    if (!has_content) {
      is_within_entry_ = false;
      return true;
    }
    if (is_small) {
      ATOLL_TRY(write_data(held_.view()));
    } else {
      auto written = content([&](ByteView piece) -> Result<bool> {
        ATOLL_TRY(write_data(piece));
        return true;
      });
      if (!written && written.error().kind != ErrorKind::interrupted) {
        Error error = std::move(written).error();
        error.id = "export.tar";  // readable a moment ago: the archive ends here
        return pass(std::move(error));
      }
      ATOLL_TRY(written);
    }
    if (::archive_write_finish_entry(writer_.get()) < ARCHIVE_WARN) return failed(writer_.get());
    is_within_entry_ = false;
    return true;
  }

  Result<std::uint64_t> end_section() override {
    if (is_within_entry_) return fail(ErrorKind::conflict, "export.tar", "the last entry is not whole");
    ATOLL_TRY(close_packer());
    ATOLL_TRY(file_->sync());
    return at_;
  }

  Result<void> finish() override {
    if (::archive_write_close(writer_.get()) != ARCHIVE_OK) return failed(writer_.get());
    ATOLL_TRY(close_packer());
    return file_->sync();
  }

 private:
  static unsigned type_of(EntryKind kind) {
    switch (kind) {
      case EntryKind::file: return AE_IFREG;
      case EntryKind::directory:
      case EntryKind::marker: return AE_IFDIR;
      case EntryKind::symlink: return AE_IFLNK;
      case EntryKind::fifo: return AE_IFIFO;
      case EntryKind::socket: return AE_IFSOCK;
      case EntryKind::char_device: return AE_IFCHR;
      case EntryKind::block_device: return AE_IFBLK;
    }
    return AE_IFREG;
  }
  Result<void> write_data(ByteView piece) {
    while (!piece.empty()) {
      const la_ssize_t count = ::archive_write_data(writer_.get(), piece.data(), piece.size());
      if (failure_) return pass(*failure_);
      if (count <= 0) return failed(writer_.get());
      piece = piece.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }
  static void add_data(archive_entry* out, std::uint64_t begin, std::uint64_t end) {
    ::archive_entry_sparse_add_entry(out, static_cast<la_int64_t>(begin), static_cast<la_int64_t>(end - begin));
  }
  // A section: one entry of libarchive's "raw" format, which is the entry's bytes and nothing else.
  Result<void> open_packer() {
    packer_.reset(::archive_write_new());
    const std::unique_ptr<archive_entry, FreeEntry> entry(::archive_entry_new());
    if (!packer_ || !entry) return no_memory();
    archive* const packer = packer_.get();
    ::archive_entry_set_filetype(entry.get(), AE_IFREG);
    if (::archive_write_set_format_raw(packer) != ARCHIVE_OK || ::archive_write_add_filter_gzip(packer) != ARCHIVE_OK ||
        ::archive_write_set_bytes_in_last_block(packer, 1) != ARCHIVE_OK ||
        ::archive_write_open(packer, this, nullptr, on_packed, nullptr) != ARCHIVE_OK ||
        ::archive_write_header(packer, entry.get()) != ARCHIVE_OK) {
      return failed(packer);
    }
    return {};
  }
  Result<void> close_packer() {
    if (!packer_) return {};
    if (::archive_write_close(packer_.get()) != ARCHIVE_OK) return failed(packer_.get());
    packer_.reset();
    return {};
  }
  Result<void> pack(ByteView bytes) {
    if (!packer_) ATOLL_TRY(open_packer());
    while (!bytes.empty()) {
      const la_ssize_t count = ::archive_write_data(packer_.get(), bytes.data(), bytes.size());
      if (count <= 0) return failed(packer_.get());
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }
  static la_ssize_t on_tar(archive* /*writer*/, void* self_pointer, const void* data, std::size_t size) {
    auto* const self = static_cast<SectionedTar*>(self_pointer);
    if (self->is_over_) return static_cast<la_ssize_t>(size);
    const auto done = self->pack({static_cast<const std::uint8_t*>(data), size});
    if (done) return static_cast<la_ssize_t>(size);
    if (!self->failure_) self->failure_ = done.error();
    return -1;
  }
  static la_ssize_t on_packed(archive* /*packer*/, void* self_pointer, const void* data, std::size_t size) {
    auto* const self = static_cast<SectionedTar*>(self_pointer);
    if (self->is_over_) return static_cast<la_ssize_t>(size);
    const ByteView bytes(static_cast<const std::uint8_t*>(data), size);
    if (const auto done = self->file_->write_at(self->at_, bytes); !done) {
      self->failure_ = done.error();
      return -1;
    }
    self->written_(bytes);
    self->at_ += size;
    return static_cast<la_ssize_t>(size);
  }
  static tl::unexpected<Error> no_memory() {
    return fail(ErrorKind::limit, "export.memory", "there is no memory for the archive's writer");
  }
  tl::unexpected<Error> failed(archive* writer) {
    if (failure_) return pass(*failure_);
    const char* words = ::archive_error_string(writer);
    return fail(ErrorKind::failed, "export.tar",
                std::string("the archive cannot be written: ") + (words == nullptr ? "no reason given" : words));
  }

  std::unique_ptr<platform::TargetFile> file_;
  std::function<void(ByteView)> written_;
  std::uint64_t at_;
  Buffer held_;
  std::optional<Error> failure_;
  bool is_within_entry_ = false;
  bool is_over_ = false;
  // Last, and in this order: they write while they are freed.
  std::unique_ptr<archive, FreeWriter> packer_;  // of the section that is open
  std::unique_ptr<archive, FreeWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<TarTarget>> make_tar_target(std::unique_ptr<platform::TargetFile> file, std::uint64_t begin,
                                                   std::function<void(ByteView)> written) {
  auto target = std::make_unique<SectionedTar>(std::move(file), begin, std::move(written));
  ATOLL_TRY(target->open());
  return target;
}

}  // namespace atl::transfer
