#include "services/transfer/import.h"

#include <algorithm>
#include <array>

#include "services/transfer/internal/import_run.h"
#include "services/transfer/mail.h"
#include "services/transfer/metadata_lines.h"

namespace atl::transfer {
namespace {

using catalog::EntryKind;
using platform::NodeKind;

constexpr std::pair<Format, std::string_view> kFormats[] = {{Format::automatic, "auto"},  {Format::tar, "tar"},
                                                            {Format::zip, "zip"},         {Format::plain, "plain"},
                                                            {Format::mbox, "mbox"},       {Format::maildir, "maildir"},
                                                            {Format::takeout, "takeout"}, {Format::restic, "restic"}};

bool is_folder(platform::SourceDirectory& folder, const std::string& name) {
  const auto info = folder.info(name);
  return info && info->kind == NodeKind::directory;
}
bool is_file(platform::SourceDirectory& folder, const std::string& name) {
  const auto info = folder.info(name);
  return info && info->kind == NodeKind::file;
}

tl::unexpected<Error> unclear(const std::string& source) {
  return fail(ErrorKind::usage, "import.unclear", "it is not clear what " + source + " is",
              "Say it with --format, or store a plain folder with `atoll put`.");
}

Result<Format> format_of_folder(platform::HostTree& host, const std::string& source) {
  ATOLL_ASSIGN(const auto folder, host.open_source(source));
  if (is_file(*folder, std::string(kMetadataFile))) return Format::plain;
  if (is_file(*folder, "config") && is_folder(*folder, "snapshots") && is_folder(*folder, "keys") &&
      is_folder(*folder, "data")) {
    return Format::restic;
  }
  if (is_folder(*folder, "cur") || is_folder(*folder, "new")) return Format::maildir;
  if (is_folder(*folder, "Takeout")) return Format::takeout;
  ATOLL_ASSIGN(const auto names, folder->names());
  const auto is_takeout = [](const std::string& name) {
    return (name.starts_with("takeout-") && name.ends_with(".zip")) ||
           name.find(".supplemental-meta") != std::string::npos;
  };
  if (std::ranges::any_of(names, is_takeout)) return Format::takeout;
  if (source.ends_with("/Takeout") || source.ends_with("/Google Photos")) return Format::takeout;
  return unclear(source);
}

Result<Format> format_of_file(platform::HostTree& host, const std::string& source) {
  ATOLL_ASSIGN(const auto open, open_source_file(host, source));
  std::array<std::uint8_t, 512> bytes{};
  ATOLL_ASSIGN(const std::size_t count, open.file->read_at(0, bytes));
  const std::string_view begin = as_text(ByteView(bytes).first(count));
  if (is_from_line(begin.substr(0, begin.find('\n')))) return Format::mbox;
  const std::string name = source.substr(source.rfind('/') + 1);
  if (begin.starts_with("PK")) return name.starts_with("takeout-") ? Format::takeout : Format::zip;
  if (name.ends_with(".mbox")) return Format::mbox;
  if (name == kMetadataFile) return unclear(source);
  return Format::tar;
}

}  // namespace

Result<Format> parse_format(std::string_view word) {
  for (const auto& [format, name] : kFormats)
    if (name == word) return format;
  return fail(ErrorKind::usage, "import.bad_format", "there is no format \"" + std::string(word) + "\"",
              "auto, tar, zip, plain, mbox, maildir, takeout or restic.");
}

std::string_view name_of(Format format) {
  for (const auto& [one, name] : kFormats)
    if (one == format) return name;
  return "auto";
}

Result<OpenFile> open_source_file(platform::HostTree& host, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  OpenFile open;
  ATOLL_ASSIGN(open.folder, host.open_source(folder));
  ATOLL_ASSIGN(open.file, open.folder->open_file(path.substr(slash == std::string::npos ? 0 : slash + 1)));
  ATOLL_ASSIGN(open.info, open.file->info());
  return open;
}

ImportRun::ImportRun(vault::Vault& vault, platform::HostTree& host, std::string bucket_name, std::string prefix,
                     const ImportOptions& options, const ImportCallbacks& callbacks)
    : vault_(&vault),
      host_(&host),
      bucket_name_(std::move(bucket_name)),
      prefix_(std::move(prefix)),
      options_(&options),
      callbacks_(&callbacks),
      started_ns_(vault.machine().clock.monotonic_ns()) {
  if (!prefix_.empty() && !prefix_.ends_with('/')) prefix_ += '/';
}

Result<void> ImportRun::open() {
  ATOLL_TRY(vault::check_bucket_name(bucket_name_));
  if (options_->is_dry_run) {
    is_listing = true;
    return {};
  }
  ATOLL_TRY(vault::check_origin(options_->origin));
  ATOLL_TRY(vault::resolve_sources(*vault_->reader(), options_->origin.sources));
  ATOLL_TRY(vault_->check_room(0));
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault_).ensure_bucket(bucket_name_));
  ATOLL_ASSIGN(writer_, vault::BulkWriter::open(*vault_, bucket));
  writer_->set_origin(options_->origin);
  return {};
}

Result<void> ImportRun::finish() {
  abandon();
  if (writer_) ATOLL_TRY(writer_->flush());
  return {};
}

ImportSummary ImportRun::summary() {
  if (writer_) {
    counts.objects_new = writer_->counts().created;
    counts.objects_changed = writer_->counts().updated;
    counts.objects_unchanged = writer_->counts().unchanged;
    counts.bytes_new = writer_->counts().new_bytes;
    counts.labels_left_out = writer_->counts().labels_left_out;
  }
  counts.was_interrupted = is_stopped();
  counts.seconds = static_cast<double>(vault_->machine().clock.monotonic_ns() - started_ns_) * 1e-9;
  return counts;
}

Result<void> ImportRun::check_stop() const {
  if (is_stopped()) return fail(ErrorKind::interrupted, "import.interrupted", "interrupted");
  return {};
}

void ImportRun::problem(const std::string& path, Error error) {
  ++counts.problem_count;
  if (callbacks_->on_problem && !is_silent) callbacks_->on_problem({path, std::move(error)});
}

void ImportRun::notice(const std::string& id, const std::string& text) const {
  if (callbacks_->on_notice && !is_silent) callbacks_->on_notice(id, text);
}

void ImportRun::progress() {
  if (!callbacks_->on_progress) return;
  vault::FolderPutProgress progress;
  progress.files_done = counts.files;
  progress.bytes_done = counts.bytes + current_bytes_;
  progress.error_count = counts.problem_count;
  progress.seconds = static_cast<double>(vault_->machine().clock.monotonic_ns() - started_ns_) * 1e-9;
  progress.current_file = current_key_;
  callbacks_->on_progress(progress);
}

Result<void> ImportRun::read_with(const std::string& name, Bytes parameters, const sandbox::ReadInput& read) {
  sandbox::Work work;
  work.command = options_->worker;
  work.command.push_back(name);
  work.parameters = std::move(parameters);
  work.read = read;
  work.stop = options_->stop;
  auto answer = sandbox::run(vault_->machine(), work,
                             [this](std::uint8_t type, ByteView payload) { return frame(type, payload); });
  abandon();
  is_entry_open_ = false;
  return answer;
}

Result<void> ImportRun::read_all_of(const std::string& shown, const std::string& name, Bytes parameters,
                                    const sandbox::ReadInput& read) {
  const std::uint64_t before = counts.files + counts.folders + counts.links;
  auto answer = read_with(name, std::move(parameters), read);
  if (answer) return {};
  // Only what the source is to blame for is a problem of its own; the vault's errors end the import.
  const std::string& id = answer.error().id;
  const bool is_the_source =
      id.starts_with("import.") ||
      (id.starts_with("sandbox.") && id != "sandbox.not_started" && id != "sandbox.not_locked") ||
      id.starts_with("source.");
  if (!is_the_source || answer.error().kind == ErrorKind::interrupted) return answer;
  // Its damage is not ours.
  Error error = std::move(answer).error();
  if (error.kind == ErrorKind::damaged) error.kind = ErrorKind::failed;
  if (counts.files + counts.folders + counts.links == before) return pass(std::move(error).with_context(shown));
  problem(shown, std::move(error));
  return {};
}

SafeKey ImportRun::key_of(const ForeignEntry& entry) const {
  if (!entry.is_exact) return safe_key(entry.path, entry.version.kind == EntryKind::directory, prefix_);
  if (entry.path == "./" && !prefix_.empty()) return {prefix_, false};
  return {prefix_ + entry.path, false};
}

Result<bool> ImportRun::begin(ForeignEntry entry) {
  abandon();
  ATOLL_TRY(check_stop());
  is_skipping_ = true;
  if (on_entry) {
    ATOLL_ASSIGN(const bool is_taken, on_entry(entry));
    if (!is_taken) return false;
  }
  const SafeKey safe = key_of(entry);
  if (safe.key.empty()) {
    problem(entry.path, {ErrorKind::usage, "import.no_name", "nothing of its name can be a key", "", 0});
    return false;
  }
  if (const auto good = vault::check_key(safe.key); !good) {
    problem(entry.path, good.error());
    return false;
  }
  if (safe.was_changed) {
    ++counts.renamed;
    notice("import.renamed", entry.path + " leads out of the archive; stored as " + safe.key);
  }
  switch (entry.version.kind) {
    case EntryKind::file: ++counts.files; break;
    case EntryKind::directory:
    case EntryKind::marker: ++counts.folders; break;
    case EntryKind::symlink: ++counts.links; break;
    default: ++counts.specials; break;
  }
  current_key_ = safe.key;
  current_bytes_ = 0;
  progress();
  if (is_listing) {
    if (!entry.hard_link_to.empty() && link_targets.size() < 1'000'000) {
      ForeignEntry target;
      target.path = entry.hard_link_to;
      link_targets.insert(key_of(target).key);
    }
    if (entry.has_content) counts.bytes += entry.version.size;
    is_skipping_ = false;
    return true;
  }
  if (!entry.hard_link_to.empty() && !entry.has_content) {
    ATOLL_TRY(add_hard_link(safe.key, entry));
    return true;
  }
  if (link_targets.contains(safe.key) && entry.version.link_group.empty()) {
    // The same for the same archive, so that it is recognised when it comes again.
    const codec::Digest digest = codec::blake3(as_bytes("atoll import link group\n" + bucket_name_ + "\n" + safe.key));
    entry.version.link_group.assign(digest.begin(), digest.begin() + 16);
  }
  if (!entry.has_content) {
    ATOLL_TRY(writer_->add(safe.key, std::move(entry.version), words));
    if (on_stored) on_stored(safe.key);
    return true;
  }
  writer_->begin(entry.version.size, safe.key);
  current_digest_.reset();
  if (entry.is_named_by_content) current_digest_.emplace();
  current_ = std::move(entry);
  is_skipping_ = false;
  return true;
}

Result<void> ImportRun::add_hard_link(const std::string& key, const ForeignEntry& entry) {
  ForeignEntry target;
  target.path = entry.hard_link_to;
  const SafeKey of_target = key_of(target);
  ATOLL_ASSIGN(auto version, of_target.key.empty() ? Result<std::optional<catalog::VersionRow>>(std::nullopt)
                                                   : writer_->find(of_target.key));
  if (!version) {
    problem(entry.path, {ErrorKind::not_found, "import.no_link_target",
                         "it is another name of " + entry.hard_link_to + ", which is not there", "", 0});
    return {};
  }
  ATOLL_TRY(writer_->add(key, std::move(*version), words));
  if (on_stored) on_stored(key);
  return {};
}

Result<void> ImportRun::give(ByteView bytes, bool is_aside) {
  if (!current_) {
    if (is_listing && !is_skipping_) counts.bytes += bytes.size();
    return check_stop();
  }
  ATOLL_TRY(writer_->append(bytes));
  current_bytes_ += bytes.size();
  if (current_digest_ && !is_aside) current_digest_->update(bytes);
  progress();
  return check_stop();
}

Result<void> ImportRun::end(std::vector<catalog::Hole> holes) {
  if (!current_) return {};
  ForeignEntry entry = std::move(*current_);
  current_.reset();
  std::string key = current_key_;
  if (current_digest_) key += to_hex(current_digest_->finish()).substr(0, 8) + ".eml";
  std::uint64_t size = current_bytes_;
  for (const auto& hole : holes) size += hole.length;
  if (size > kContentBytesMax) {
    problem(entry.path, {ErrorKind::damaged, "import.bad_size", "its size is impossible", "", 0});
    return {};
  }
  entry.version.size = size;
  entry.version.holes = std::move(holes);
  counts.bytes += std::exchange(current_bytes_, 0);
  ATOLL_TRY(writer_->finish(key, std::move(entry.version), words));
  if (on_stored) on_stored(key);
  return {};
}

void ImportRun::abandon() {
  if (!current_) return;
  current_.reset();
  current_bytes_ = 0;
  if (counts.files > 0) --counts.files;
}

Result<void> ImportRun::frame(std::uint8_t type, ByteView payload) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::entry: {
      ATOLL_ASSIGN(auto entry, decode_entry(payload));
      is_entry_open_ = entry.has_content;
      ATOLL_TRY(begin(std::move(entry)));
      return {};
    }
    case FrameType::data: return give(payload);
    case FrameType::data_aside: return give(payload, true);
    case FrameType::end: {
      ATOLL_ASSIGN(auto holes, decode_holes(payload));
      is_entry_open_ = false;
      return end(std::move(holes));
    }
    case FrameType::abandoned: {
      const std::string why = to_string(payload.first(std::min<std::size_t>(payload.size(), 2000)));
      if (!std::exchange(is_entry_open_, false)) return on_nothing ? on_nothing() : Result<void>();
      if (current_) problem(current_->path, {ErrorKind::failed, "import.unreadable", why, "", 0});
      abandon();
      return {};
    }
    case FrameType::problem: {
      const std::string_view text = as_text(payload);
      const std::size_t nul = std::min(text.find('\0'), text.size());
      const std::string path(text.substr(0, nul));
      const std::string why(text.substr(std::min(nul + 1, text.size())));
      if (on_problem) return on_problem(path, why);
      problem(path, {ErrorKind::failed, "import.unreadable", why, "", 0});
      return {};
    }
    case FrameType::record: {
      ATOLL_TRY(check_stop());
      ATOLL_ASSIGN(auto entry, decode_entry(payload));
      if (on_record) return on_record(entry);
      return {};
    }
  }
  return fail(ErrorKind::failed, "sandbox.bad_frame", "the reader's process sent nonsense");
}

Result<ImportSummary> import_into(vault::Vault& vault, platform::HostTree& host, const std::string& source,
                                  const std::string& bucket, const std::string& prefix, const ImportOptions& options,
                                  const ImportCallbacks& callbacks) {
  Format format = options.format;
  if (format != Format::restic) {
    ATOLL_ASSIGN(const auto info, host.info(source));
    if (format == Format::automatic) {
      ATOLL_ASSIGN(format,
                   info.kind == NodeKind::directory ? format_of_folder(host, source) : format_of_file(host, source));
    }
  }
  ImportRun run(vault, host, bucket, prefix, options, callbacks);
  run.counts.format = format;
  ATOLL_TRY(run.open());
  Result<void> answer;
  switch (format) {
    case Format::automatic:
    case Format::tar:
    case Format::zip: answer = import_archive(run, source); break;
    case Format::plain: answer = import_plain(run, source); break;
    case Format::mbox: answer = import_mbox(run, source); break;
    case Format::maildir: answer = import_maildir(run, source); break;
    case Format::takeout: answer = import_takeout(run, source); break;
    case Format::restic: answer = import_restic(run, source); break;
  }
  if (!answer && answer.error().kind == ErrorKind::no_space) return pass(std::move(answer).error());
  // What came before the end, good or bad, stays.
  ATOLL_TRY(run.finish());
  if (!answer && answer.error().kind != ErrorKind::interrupted) return pass(std::move(answer).error());
  return run.summary();
}

}  // namespace atl::transfer
