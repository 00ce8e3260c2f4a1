#include "catalog/internal/sealed_files.h"

#include <algorithm>
#include <limits>
#include <string>

namespace atl::catalog {
namespace {

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::uint32_t load_be32(const std::uint8_t* from) {
  return (std::uint32_t{from[0]} << 24) | (std::uint32_t{from[1]} << 16) | (std::uint32_t{from[2]} << 8) | from[3];
}

// SQLite's own checks of a WAL header (https://www.sqlite.org/fileformat2.html#walformat).
bool is_wal_header(std::span<const std::uint8_t, kWalHeaderBytes> header) {
  const std::uint32_t magic = load_be32(header.data());
  if ((magic & ~1U) != 0x377f0682 || load_be32(header.data() + 4) != 3007000 ||
      load_be32(header.data() + 8) != kPageBytes) {
    return false;
  }
  const bool is_big_endian = (magic & 1) != 0;
  std::uint32_t s0 = 0;
  std::uint32_t s1 = 0;
  for (std::size_t at = 0; at < 24; at += 8) {
    const auto word = [&](std::size_t from) {
      return is_big_endian ? load_be32(header.data() + from) : load_le<std::uint32_t>(header.data() + from);
    };
    s0 += word(at) + s1;
    s1 += word(at + 4) + s0;
  }
  return s0 == load_be32(header.data() + 24) && s1 == load_be32(header.data() + 28);
}

constexpr std::size_t kSaltsAt = 16;       // in the WAL header
constexpr std::size_t kFrameSaltsAt = 8;   // in a frame's header
constexpr std::size_t kFrameCommitAt = 4;  // not zero in the last frame of a transaction

bool has_salts(const Frame& frame, const WalSalts& salts) {
  return std::equal(salts.begin(), salts.end(), frame.begin() + kFrameSaltsAt);
}
bool is_commit(const std::uint8_t* frame_header) { return load_be32(frame_header + kFrameCommitAt) != 0; }

}  // namespace

bool SealedFile::is_immutable() const { return vfs_->settings().is_immutable; }

int SealedFile::damaged(std::string what) {
  vfs_->note(Error{ErrorKind::damaged, "catalog.damaged", std::move(what),
                   "Run `atoll verify`: the catalog is made anew from the journal.", 0});
  return SQLITE_IOERR_DATA;
}

int SealedFile::write_below(std::uint64_t offset, ByteView data) {
  if (vfs_->is_broken()) return SQLITE_IOERR_WRITE;
  return vfs_->note_write(below_->write(offset, data));
}

int SealedFile::sync_below() {
  if (vfs_->is_broken()) return SQLITE_IOERR_FSYNC;
  return vfs_->note_write(below_->sync());
}

// The database.

MainFile::MainFile(SealedVfs& vfs, std::unique_ptr<LowerFile> below, codec::SecretKey page_key, bool is_writable)
    : SealedFile(vfs, std::move(below)),
      page_key_(std::move(page_key)),
      seal_(vfs.settings().suite, page_key_, vfs.settings().vault, vfs.random(), vfs.seals()),
      is_writable_(is_writable) {
  if (is_writable_) this->vfs().attach_writer(this);
}

MainFile::~MainFile() {
  if (is_writable_) vfs().detach_writer(this);
}

std::unique_ptr<MainFile> MainFile::open(SealedVfs& vfs, std::unique_ptr<LowerFile> below, bool is_writable,
                                         bool creates) {
  const auto refuse = [&](ErrorKind kind, std::string message) {
    vfs.note(Error{kind, "catalog.needs_rebuild", std::move(message), {}, 0});
    return nullptr;
  };
  std::uint64_t size = 0;
  if (below->size(size) != SQLITE_OK) return refuse(ErrorKind::io, "the catalog file's size cannot be read");
  if (size == 0 && creates) {
    FileHead head;
    head.vault = vfs.settings().vault;
    head.suite = vfs.settings().suite;
    vfs.random().fill(head.salt);
    LowerFile& raw = *below;
    std::unique_ptr<MainFile> file(new MainFile(vfs, std::move(below), derive_page_key(vfs.key(), head), is_writable));
    Page front{};
    const auto encoded = file->seal_.seal_head(head);
    std::copy(encoded.begin(), encoded.end(), front.begin());
    file->mark_.number = 1;
    const auto mark = file->seal_.seal_mark(file->mark_);
    std::copy(mark.begin(), mark.end(), front.begin() + static_cast<std::ptrdiff_t>(mark_offset(1)));
    if (vfs.note_write(raw.write(0, front)) != SQLITE_OK || vfs.note_write(raw.sync()) != SQLITE_OK) {
      return refuse(ErrorKind::io, "the catalog file cannot be written");
    }
    return file;
  }
  std::array<std::uint8_t, kHeadBytes> encoded{};
  // Without a first page SQLite would take the file for a new database.
  if (size < kFrontBytes + kPageBytes || below->read(0, encoded) != SQLITE_OK) {
    return refuse(ErrorKind::damaged, "the catalog file is cut short");
  }
  const auto head = decode_head(encoded);
  if (!head) return refuse(head.error().kind, head.error().message);
  if (head->vault != vfs.settings().vault)
    return refuse(ErrorKind::damaged, "the catalog file belongs to another vault");
  if (head->suite != vfs.settings().suite)
    return refuse(ErrorKind::damaged, "the catalog file is encrypted in another way than the vault");
  std::unique_ptr<MainFile> file(new MainFile(vfs, std::move(below), derive_page_key(vfs.key(), *head), is_writable));
  if (!file->seal_.is_head_sealed_with_this_key(encoded)) {
    return refuse(ErrorKind::damaged, "the catalog file was sealed with another key");
  }
  if (file->load_mark(file->mark_) != SQLITE_OK)
    return refuse(ErrorKind::damaged, "the catalog file's marks are damaged");
  return file;
}

int MainFile::read(std::uint64_t offset, ByteSpan out) {
  const std::uint64_t index = offset / kPageBytes;
  const std::size_t within = offset % kPageBytes;
  const bool is_whole_page = within == 0 && out.size() == kPageBytes;
  if (within + out.size() > kPageBytes || index >= std::numeric_limits<std::uint32_t>::max()) return SQLITE_IOERR_READ;
  const auto page_number = static_cast<std::uint32_t>(index + 1);
  Page sealed;
  const int code = below().read(kFrontBytes + index * kPageBytes, sealed);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
  Page clear;
  if (code == SQLITE_OK && seal_.open_page(page_number, sealed, clear)) {
    std::copy_n(clear.begin() + static_cast<std::ptrdiff_t>(within), out.size(), out.begin());
    return SQLITE_OK;
  }
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  // Parts of page 1 are read before the WAL is known, in which a newer page 1 may stand; what matters is read again.
  if (!is_whole_page) return SQLITE_IOERR_SHORT_READ;
  return damaged("page " + std::to_string(page_number) + " of the catalog is damaged");
}

int MainFile::write(std::uint64_t offset, ByteView data) {
  const std::uint64_t index = offset / kPageBytes;
  if (offset % kPageBytes != 0 || data.size() != kPageBytes || !is_zero(data.last(kReservedBytes)) ||
      index >= std::numeric_limits<std::uint32_t>::max()) {
    return SQLITE_IOERR_WRITE;
  }
  if (const int code = mark_copying(); code != SQLITE_OK) return code;
  Page clear;
  Page sealed;
  std::copy(data.begin(), data.end(), clear.begin());
  seal_.seal_page(static_cast<std::uint32_t>(index + 1), clear, sealed);
  return write_below(kFrontBytes + offset, sealed);
}

int MainFile::truncate(std::uint64_t size) {
  if (const int code = mark_copying(); code != SQLITE_OK) return code;
  if (vfs().is_broken()) return SQLITE_IOERR_TRUNCATE;
  return vfs().note_write(below().truncate(kFrontBytes + size));
}

int MainFile::sync() {
  const int code = sync_below();
  if (code == SQLITE_OK) is_mark_current_ = false;
  return code;
}

int MainFile::size(std::uint64_t& size) {
  const int code = below().size(size);
  size = size > kFrontBytes ? size - kFrontBytes : 0;
  return code;
}

int MainFile::control(int operation, void* argument) {
  switch (operation) {
    // Those that speak about locks and the name, not about bytes.
    case SQLITE_FCNTL_HAS_MOVED:
    case SQLITE_FCNTL_LOCKSTATE:
    case SQLITE_FCNTL_LAST_ERRNO:
    case SQLITE_FCNTL_LOCK_TIMEOUT: return below().control(operation, argument);
    default: return SQLITE_NOTFOUND;
  }
}

int MainFile::load_mark(CopyMark& mark) {
  std::optional<CopyMark> newest;
  for (std::uint64_t slot = 0; slot < 2; ++slot) {
    std::array<std::uint8_t, kMarkBytes> encoded{};
    const int code = below().read(mark_offset(slot), encoded);
    if (code == SQLITE_IOERR_SHORT_READ) continue;
    if (code != SQLITE_OK) return code;
    const auto found = seal_.open_mark(encoded);
    if (found && found->number % 2 == slot && (!newest || found->number > newest->number)) newest = found;
  }
  if (!newest) return damaged("the catalog's marks are damaged");
  mark = *newest;
  return SQLITE_OK;
}

int MainFile::write_mark(CopyMark mark) {
  mark.number = mark_.number + 1;
  if (const int code = write_below(mark_offset(mark.number), seal_.seal_mark(mark)); code != SQLITE_OK) return code;
  if (const int code = sync_below(); code != SQLITE_OK) return code;
  mark_ = mark;
  return SQLITE_OK;
}

int MainFile::mark_copying() {
  if (is_mark_current_) return SQLITE_OK;
  CopyMark mark = mark_;
  mark.state = CopyMark::State::copying;
  mark.salts = {};
  mark.wal_bytes = 0;
  if (wal_ != nullptr) {
    if (const int code = wal_->extent(mark.salts, mark.wal_bytes); code != SQLITE_OK) return code;
  }
  if (!(mark == mark_)) {
    if (const int code = write_mark(mark); code != SQLITE_OK) return code;
  }
  is_mark_current_ = true;
  return SQLITE_OK;
}

int MainFile::mark_complete() {
  is_mark_current_ = false;
  if (mark_.state == CopyMark::State::complete) return SQLITE_OK;
  CopyMark mark = mark_;
  mark.state = CopyMark::State::complete;
  return write_mark(mark);
}

int MainFile::mark_begun(const WalSalts& salts) {
  is_mark_current_ = false;
  CopyMark mark;
  mark.state = CopyMark::State::complete;
  mark.salts = salts;
  return write_mark(mark);
}

// The WAL.

WalFile::WalFile(SealedVfs& vfs, std::unique_ptr<LowerFile> below, MainFile& main)
    : SealedFile(vfs, std::move(below)),
      main_(&main),
      seal_(vfs.settings().suite, main.page_key(), vfs.settings().vault, vfs.random(), vfs.seals()) {
  main.attach(this);
}

WalFile::~WalFile() {
  flush_held();
  main_->attach(nullptr);
}

std::unique_ptr<WalFile> WalFile::open(SealedVfs& vfs, std::unique_ptr<LowerFile> below, MainFile& main, int& code) {
  std::uint64_t bytes = 0;
  CopyMark mark;
  code = below->size(bytes);
  if (code == SQLITE_OK) code = main.load_mark(mark);
  if (code != SQLITE_OK) return nullptr;
  std::unique_ptr<WalFile> wal(new WalFile(vfs, std::move(below), main));
  // SQLite does not even read the header of so short a WAL. A new database has none yet.
  const bool is_new = mark.wal_bytes == 0 && is_zero(mark.salts) && vfs.settings().creates;
  if (bytes <= kWalHeaderBytes && mark.state == CopyMark::State::copying && !is_new) {
    code = wal->damaged("the write-ahead log that the catalog needs is missing");
  }
  if (code != SQLITE_OK) return nullptr;
  return wal;
}

int WalFile::read_header(ByteSpan out) {
  const int code = below().read(0, out);
  if (code != SQLITE_OK) return code;
  CopyMark mark;
  if (const int marked = main_->load_mark(mark); marked != SQLITE_OK) return marked;
  const ByteView salts = ByteView(out).subspan(kSaltsAt, salts_.size());
  const bool is_ours = equal(salts, mark.salts);
  if (mark.state == CopyMark::State::copying &&
      (!is_ours || !is_wal_header(std::span<const std::uint8_t, kWalHeaderBytes>(out)))) {
    return damaged("the catalog's write-ahead log is damaged or not the one that belongs to it");
  }
  if (!is_ours) {
    // One that was copied whole before a new one was begun, or that comes from elsewhere: not continued from here.
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    return SQLITE_OK;
  }
  std::uint64_t bytes = 0;
  if (const int sized = below().size(bytes); sized != SQLITE_OK) return sized;
  if (bytes < mark.wal_bytes) return damaged("the catalog's write-ahead log is cut short");
  return SQLITE_OK;
}

int WalFile::load_salts() {
  std::array<std::uint8_t, kWalHeaderBytes> header{};
  const int code = below().read(0, header);
  if (code == SQLITE_OK) std::copy_n(header.begin() + kSaltsAt, salts_.size(), salts_.begin());
  return code;
}

int WalFile::may_be_torn(std::uint64_t offset, bool& may_be) {
  CopyMark mark;
  if (const int code = main_->load_mark(mark); code != SQLITE_OK) return code;
  if (const int code = load_salts(); code != SQLITE_OK) return code;
  may_be = mark.salts != salts_ || offset + kFrameBytes > mark.wal_bytes;
  return SQLITE_OK;
}

int WalFile::read_frame(std::uint64_t offset, Frame& clear, bool& is_sealed) {
  const int code = below().read(offset, sealed_);
  is_sealed = code == SQLITE_OK && seal_.open_frame(offset, sealed_, clear);
  return code;
}

int WalFile::read(std::uint64_t offset, ByteSpan out) {
  if (const int code = flush_held(); code != SQLITE_OK) return code;
  if (offset == 0 && out.size() == kWalHeaderBytes) return read_header(out);
  if (offset + out.size() <= kWalHeaderBytes)
    return below().read(offset, out);  // its checksum, from which frames go on
  if (offset < kWalHeaderBytes) return SQLITE_IOERR_READ;
  const std::size_t within = (offset - kWalHeaderBytes) % kFrameBytes;
  const std::uint64_t frame_at = offset - within;
  if (within + out.size() > kFrameBytes) return SQLITE_IOERR_READ;
  bool is_sealed = false;
  const int code = read_frame(frame_at, clear_, is_sealed);
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
  const bool is_recovery = within == 0 && out.size() == kFrameBytes;
  if (is_sealed && !is_recovery && !has_salts(clear_, salts_)) {
    // Another connection may have begun the WAL anew since the salts were read.
    if (const int loaded = load_salts(); loaded != SQLITE_OK) return loaded;
    is_sealed = has_salts(clear_, salts_) || (has_frames_without_salts_ && has_salts(clear_, {}));
  }
  if (is_sealed) {
    std::copy_n(clear_.begin() + static_cast<std::ptrdiff_t>(within), out.size(), out.begin());
    return SQLITE_OK;
  }
  std::fill(out.begin(), out.end(), std::uint8_t{0});
  bool may_be = false;
  if (is_recovery) {
    if (const int known = may_be_torn(frame_at, may_be); known != SQLITE_OK) return known;
  }
  if (may_be) return code;  // zeros are no frame: the end
  return damaged("the catalog's write-ahead log is damaged at byte " + std::to_string(frame_at));
}

int WalFile::write_frame(std::uint64_t offset, const Frame& clear) {
  seal_.seal_frame(offset, clear, sealed_);
  const int code = write_below(offset, sealed_);
  if (has_salts(clear, {})) has_frames_without_salts_ = true;
  if (code == SQLITE_OK && is_commit(clear.data())) commit_end_ = offset + kFrameBytes;
  return code;
}

int WalFile::flush_held() {
  if (!held_at_) return SQLITE_OK;
  // Only a header was written: SQLite renews the checksums of frames that it wrote in this transaction.
  const std::uint64_t at = *held_at_;
  held_at_.reset();
  bool is_sealed = false;
  const int code = read_frame(at, clear_, is_sealed);
  if (code != SQLITE_OK) return code;
  if (!is_sealed) return damaged("the catalog's write-ahead log is damaged at byte " + std::to_string(at));
  std::copy(held_.begin(), held_.end(), clear_.begin());
  return write_frame(at, clear_);
}

int WalFile::write(std::uint64_t offset, ByteView data) {
  if (offset == 0 && data.size() == kWalHeaderBytes) {
    held_at_.reset();
    commit_end_ = 0;
    has_frames_without_salts_ = false;
    std::copy_n(data.begin() + kSaltsAt, salts_.size(), salts_.begin());
    if (const int code = main_->mark_begun(salts_); code != SQLITE_OK) return code;
    return write_below(0, data);
  }
  if (offset < kWalHeaderBytes) return SQLITE_IOERR_WRITE;
  const std::size_t within = (offset - kWalHeaderBytes) % kFrameBytes;
  const std::uint64_t frame_at = offset - within;
  if (within == 0 && data.size() == kFrameHeaderBytes) {
    if (const int code = flush_held(); code != SQLITE_OK) return code;
    std::copy(data.begin(), data.end(), held_.begin());
    held_at_ = frame_at;
    if (!has_frames_without_salts_) return SQLITE_OK;
    // A frame that gets its salts and checksum now, at the commit: no page follows, and other connections read it next.
    bool is_sealed = false;
    const int code = read_frame(frame_at, clear_, is_sealed);
    if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
    return is_sealed && has_salts(clear_, {}) ? flush_held() : SQLITE_OK;
  }
  if (within != kFrameHeaderBytes || data.size() != kPageBytes || !is_zero(data.last(kReservedBytes)))
    return SQLITE_IOERR_WRITE;
  if (held_at_ == frame_at) {
    held_at_.reset();
    std::copy(held_.begin(), held_.end(), clear_.begin());
  } else {
    // A page that the same transaction wrote before.
    if (const int code = flush_held(); code != SQLITE_OK) return code;
    bool is_sealed = false;
    if (const int code = read_frame(frame_at, clear_, is_sealed); code != SQLITE_OK) return code;
    if (!is_sealed) return damaged("the catalog's write-ahead log is damaged at byte " + std::to_string(frame_at));
  }
  std::copy(data.begin(), data.end(), clear_.begin() + kFrameHeaderBytes);
  return write_frame(frame_at, clear_);
}

int WalFile::truncate(std::uint64_t size) {
  if (const int code = flush_held(); code != SQLITE_OK) return code;
  if (size == 0) {
    if (const int code = main_->mark_complete(); code != SQLITE_OK) return code;
    commit_end_ = 0;
  }
  if (vfs().is_broken()) return SQLITE_IOERR_TRUNCATE;
  return vfs().note_write(below().truncate(size));
}

int WalFile::sync() {
  if (const int code = flush_held(); code != SQLITE_OK) return code;
  return sync_below();
}

int WalFile::size(std::uint64_t& size) {
  if (const int code = flush_held(); code != SQLITE_OK) return code;
  return below().size(size);
}

int WalFile::control(int /*operation*/, void* /*argument*/) { return SQLITE_NOTFOUND; }

int WalFile::extent(WalSalts& salts, std::uint64_t& bytes) {
  if (const int code = flush_held(); code != SQLITE_OK) return code;
  if (const int code = load_salts(); code == SQLITE_IOERR_SHORT_READ) {
    salts = {};
    bytes = 0;
    return SQLITE_OK;
  } else if (code != SQLITE_OK) {
    return code;
  }
  if (commit_end_ == 0) {
    // Not known where another object wrote the WAL: its frames tell.
    for (std::uint64_t at = kWalHeaderBytes;; at += kFrameBytes) {
      bool is_sealed = false;
      const int code = read_frame(at, clear_, is_sealed);
      if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
      if (!is_sealed || !has_salts(clear_, salts_)) break;
      if (is_commit(clear_.data())) commit_end_ = at + kFrameBytes;
    }
  }
  salts = salts_;
  bytes = commit_end_;
  return SQLITE_OK;
}

}  // namespace atl::catalog
