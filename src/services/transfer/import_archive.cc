// tar and zip, from a file. Read twice: once for what lies ahead and which files have several names, once to store.
#include "services/transfer/internal/import_run.h"

namespace atl::transfer {
namespace {

sandbox::ReadInput bytes_of(OpenFile& open) {
  return [&open](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> { return open.file->read_at(offset, out); };
}

}  // namespace

Result<void> import_archive(ImportRun& run, const std::string& source) {
  ATOLL_ASSIGN(auto open, open_source_file(run.host(), source));
  ArchiveParameters parameters;
  parameters.is_seekable = true;
  parameters.size = open.info.size;
  parameters.wants_content = false;
  const bool is_dry_run = run.is_listing;
  run.is_listing = true;
  run.is_silent = !is_dry_run;  // told as it is stored
  const ImportSummary nothing = run.counts;
  ATOLL_TRY(run.read_all_of(source, "archive", encode(parameters), bytes_of(open)));
  if (is_dry_run) return {};
  run.is_silent = false;
  const std::uint64_t wanted = run.counts.bytes;
  ATOLL_ASSIGN(const auto space, run.vault().machine().files.space(run.vault().folder()));
  if (wanted > space.available_bytes) {
    run.notice(
        "import.room",
        "there may not be room for all of it: it goes on until the disk is full, and what was stored by then stays");
  }
  run.counts = nothing;
  run.is_listing = false;
  parameters.wants_content = true;
  ATOLL_TRY(run.read_all_of(source, "archive", encode(parameters), bytes_of(open)));
  ATOLL_ASSIGN(const auto now, open.file->info());
  if (now.size != open.info.size || now.modified != open.info.modified) {
    run.problem(source, {ErrorKind::conflict, "source.changed", "it changed while it was read",
                         "Import it again when nothing writes to it.", 0});
  }
  return {};
}

}  // namespace atl::transfer
