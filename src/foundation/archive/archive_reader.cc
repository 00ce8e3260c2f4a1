#include "foundation/archive/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

namespace atl::archive {
namespace {

constexpr std::size_t kInputBytes = 256 * 1024;
constexpr std::size_t kPathBytesMax = 64 * 1024;

struct FreeReader {
  void operator()(struct ::archive* reader) const { ::archive_read_free(reader); }
};

}  // namespace

struct Reader::State {
  Read source;
  std::uint64_t size = 0;
  std::uint64_t position = 0;
  Buffer input{kInputBytes};
  std::optional<Error> failure;  // of `source`
  std::unique_ptr<struct ::archive, FreeReader> reader;

  [[nodiscard]] tl::unexpected<Error> failed() const {
    if (failure) return pass(*failure);
    const char* words = ::archive_error_string(reader.get());
    return fail(ErrorKind::damaged, "archive.malformed",
                words == nullptr ? "no reason given" : std::string(words).substr(0, 500));
  }

  static la_ssize_t on_read(struct ::archive* /*reader*/, void* pointer, const void** out) {
    auto* const self = static_cast<State*>(pointer);
    const auto count = self->source(self->position, self->input.span());
    if (!count) {
      self->failure = count.error();
      return ARCHIVE_FATAL;
    }
    self->position += *count;
    *out = self->input.data();
    return static_cast<la_ssize_t>(*count);
  }
  static la_int64_t on_skip(struct ::archive* /*reader*/, void* pointer, la_int64_t count) {
    auto* const self = static_cast<State*>(pointer);
    if (count <= 0) return 0;
    const std::uint64_t left = self->size - std::min(self->position, self->size);
    const std::uint64_t skipped = std::min(static_cast<std::uint64_t>(count), left);
    self->position += skipped;
    return static_cast<la_int64_t>(skipped);
  }
  static la_int64_t on_seek(struct ::archive* /*reader*/, void* pointer, la_int64_t offset, int whence) {
    auto* const self = static_cast<State*>(pointer);
    std::int64_t base = 0;
    if (whence == SEEK_CUR) base = static_cast<std::int64_t>(self->position);
    if (whence == SEEK_END) base = static_cast<std::int64_t>(self->size);
    std::int64_t target = 0;
    if (__builtin_add_overflow(base, offset, &target) || target < 0) return ARCHIVE_FATAL;
    self->position = static_cast<std::uint64_t>(target);
    return target;
  }
};

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(Read read, std::uint64_t size, bool is_bare) {
  auto state = std::make_unique<State>();
  state->source = std::move(read);
  state->size = size;
  state->reader.reset(::archive_read_new());
  struct ::archive* const reader = state->reader.get();
  if (reader == nullptr) return fail(ErrorKind::limit, "archive.memory", "there is no memory for the reader");
  ::archive_read_support_filter_gzip(reader);
  ::archive_read_support_filter_bzip2(reader);
  ::archive_read_support_filter_xz(reader);
  ::archive_read_support_filter_lzma(reader);
  ::archive_read_support_filter_zstd(reader);
  ::archive_read_support_filter_lz4(reader);
  ::archive_read_support_filter_compress(reader);
  ::archive_read_support_filter_rpm(reader);
  ::archive_read_support_format_tar(reader);
  ::archive_read_support_format_gnutar(reader);
  ::archive_read_support_format_zip_seekable(reader);
  ::archive_read_support_format_7zip(reader);
  ::archive_read_support_format_rar(reader);
  ::archive_read_support_format_rar5(reader);
  ::archive_read_support_format_cab(reader);
  ::archive_read_support_format_iso9660(reader);
  ::archive_read_support_format_cpio(reader);
  ::archive_read_support_format_ar(reader);
  ::archive_read_support_format_lha(reader);
  if (is_bare) ::archive_read_support_format_raw(reader);
  ::archive_read_set_read_callback(reader, State::on_read);
  ::archive_read_set_skip_callback(reader, State::on_skip);
  ::archive_read_set_seek_callback(reader, State::on_seek);
  ::archive_read_set_callback_data(reader, state.get());
  if (::archive_read_open1(reader) != ARCHIVE_OK) return state->failed();
  return Reader(std::move(state));
}

Result<std::optional<Entry>> Reader::next() {
  archive_entry* header = nullptr;
  int answer = ARCHIVE_RETRY;
  while (answer == ARCHIVE_RETRY) answer = ::archive_read_next_header(state_->reader.get(), &header);
  if (answer == ARCHIVE_EOF) return std::nullopt;
  if (answer < ARCHIVE_WARN) return state_->failed();
  Entry entry;
  const char* path = ::archive_entry_pathname_utf8(header);
  if (path == nullptr) path = ::archive_entry_pathname(header);
  if (path != nullptr) entry.path = std::string_view(path).substr(0, kPathBytesMax);
  const auto type = ::archive_entry_filetype(header);
  entry.is_folder = type == AE_IFDIR;
  entry.is_file = type == AE_IFREG || type == 0;
  const la_int64_t size = ::archive_entry_size_is_set(header) != 0 ? ::archive_entry_size(header) : -1;
  entry.is_size_known = size >= 0;
  entry.size = size < 0 ? 0 : static_cast<std::uint64_t>(size);
  if (::archive_entry_mtime_is_set(header) != 0) {
    const long nanoseconds = ::archive_entry_mtime_nsec(header);
    entry.modified =
        FileTime{::archive_entry_mtime(header),
                 nanoseconds >= 0 && nanoseconds <= 999'999'999 ? static_cast<std::uint32_t>(nanoseconds) : 0};
  }
  entry.is_encrypted = ::archive_entry_is_encrypted(header) != 0;
  return entry;
}

Result<std::size_t> Reader::read(ByteSpan out) {
  la_ssize_t count = ARCHIVE_RETRY;
  while (count == ARCHIVE_RETRY) count = ::archive_read_data(state_->reader.get(), out.data(), out.size());
  if (count < 0) return state_->failed();
  return static_cast<std::size_t>(count);
}

}  // namespace atl::archive
