#include "services/backup/transport.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace atl::backup {
namespace {

constexpr std::size_t kPieceBytes = 1024 * 1024;
constexpr std::int64_t kSliceNs = 100'000'000;

}  // namespace

Result<void> Pacer::check_stop() const {
  if (stop_ == nullptr || !stop_->load()) return {};
  return fail(ErrorKind::interrupted, "copy.interrupted", "interrupted; what was copied so far stays and counts",
              "The same command goes on from here.");
}

Result<void> Pacer::wrote(std::uint64_t bytes) {
  const std::uint64_t sum = bytes_.fetch_add(bytes) + bytes;
  if (on_progress) on_progress(sum);
  if (limit_ > 0) {
    const double due_ns = static_cast<double>(sum) * 1e9 / static_cast<double>(limit_);
    std::int64_t left_ns = static_cast<std::int64_t>(due_ns) - (clock_.monotonic_ns() - started_ns_);
    // Counted in slices, not by the clock again: a clock that stands still must not hold it for ever.
    for (; left_ns > 0; left_ns -= kSliceNs) {
      ATOLL_TRY(check_stop());
      std::unique_lock lock(mutex_);
      never_.wait_for(lock, std::chrono::nanoseconds(std::min(left_ns, kSliceNs)), [] { return false; });
    }
  }
  return check_stop();
}

Result<Carried> carry_whole(const blob::ReadRange& read, std::uint64_t size, const blob::FileTag& tag,
                            blob::BlobStore& to, const std::string& name, std::uint64_t keep_bytes,
                            IfDamaged if_damaged, Pacer& pacer, blob::ReadBack read_back) {
  if (keep_bytes > 0) if_damaged = IfDamaged::refuse;
  Carried carried;
  auto parity = blob::ParityMap::open(read, size, tag);
  const bool has_parity = parity && parity->file_length() == size;
  bool uses_parity = has_parity;
  const auto refused = [&] {
    return fail(ErrorKind::damaged, "copy.source_damaged", "'" + name + "' is damaged beyond its parity");
  };
  if (!has_parity && if_damaged == IfDamaged::refuse) return refused();
  for (;;) {
    auto begun = keep_bytes > 0 && keep_bytes <= size ? blob::CheckedWriter::resume(to, name, keep_bytes)
                                                      : blob::CheckedWriter::begin(to, name);
    if (!begun) return pass(std::move(begun).error());
    blob::CheckedWriter& writer = **begun;
    std::optional<Error> target_failed;
    const auto append = [&](ByteView bytes) -> Result<void> {
      auto done = writer.append(bytes);
      if (done) done = pacer.wrote(writer.position() > keep_bytes ? bytes.size() : 0);
      if (!done) target_failed = done.error();
      return done;
    };
    const auto write = [&]() -> Result<void> {
      if (uses_parity) return parity->rewrite(read, append);
      Buffer piece(kPieceBytes);
      for (std::uint64_t at = 0; at < size;) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, size - at));
        ATOLL_ASSIGN(const std::size_t got, read(at, piece.span().first(wanted)));
        if (got < wanted) return fail(ErrorKind::damaged, "copy.source_short", "'" + name + "' ends too early");
        ATOLL_TRY(append(piece.view().first(got)));
        at += got;
      }
      return {};
    };
    auto written = write();
    if (!written && !target_failed && uses_parity && written.error().kind == ErrorKind::damaged) {
      if (if_damaged == IfDamaged::refuse) return refused();
      uses_parity = false;  // better as it is than not at all
      continue;
    }
    if (written) written = writer.commit(read_back);
    if (!written) return pass(written.error());
    carried.is_damaged = !uses_parity;
    return carried;
  }
}

Result<bool> carry_small(ByteView bytes, blob::BlobStore& to, const std::string& name, Pacer& pacer) {
  ATOLL_ASSIGN(const auto there, to.stat(name));
  if (there && there->is_finished && there->size == bytes.size()) {
    Bytes old(bytes.size());
    const auto got = to.fetch(name, 0, old);
    if (got && *got == bytes.size() && equal(old, bytes)) return false;
  }
  ATOLL_ASSIGN(const auto writer, blob::CheckedWriter::begin(to, name));
  ATOLL_TRY(writer->append(bytes));
  ATOLL_TRY(writer->commit());
  ATOLL_TRY(pacer.wrote(bytes.size()));
  return true;
}

}  // namespace atl::backup
