// Atoll's own export, plain or a bag: what atoll-metadata.jsonl says, and the bytes beside it.
#include <algorithm>

#include "services/transfer/internal/import_run.h"
#include "services/transfer/metadata_lines.h"
#include "vault/folder/folder_node.h"

namespace atl::transfer {
namespace {

constexpr std::size_t kReadBytes = kMiB;

class PlainImport {
 public:
  PlainImport(ImportRun& run, std::string source, platform::SourceDirectory& root)
      : run_(&run),
        source_(std::move(source)),
        root_node_(std::make_shared<vault::FolderNode>()),
        cursor_(root),
        buffer_(kReadBytes) {}

  Result<void> take(ForeignEntry& entry) {
    if (!entry.has_content) {
      ATOLL_TRY(run_->begin(std::move(entry)));
      return {};
    }
    const std::string shown = source_ + "/" + entry.file;
    auto stored = store(entry);
    if (stored) return {};
    run_->abandon();
    const std::string& id = stored.error().id;
    if (!id.starts_with("source.") && !id.starts_with("target.") && !id.starts_with("import.differs")) return stored;
    run_->problem(shown, std::move(stored).error());
    return {};
  }

 private:
  Result<platform::SourceDirectory*> folder_of(const std::string& path, std::string& name) {
    std::vector<std::string> parts;
    std::string_view left = path;
    for (std::size_t slash = 0; (slash = left.find('/')) != std::string_view::npos; left.remove_prefix(slash + 1))
      parts.emplace_back(left.substr(0, slash));
    name = left;
    // Consecutive files share their folder nodes, so that the cursor recognises them.
    std::size_t same = 0;
    while (same < parts.size() && same < chain_.size() && chain_[same]->name == parts[same]) ++same;
    chain_.resize(same);
    for (std::size_t i = same; i < parts.size(); ++i)
      chain_.push_back(vault::folder_below(i == 0 ? root_node_ : chain_.back(), parts[i]));
    return cursor_.at(chain_.empty() ? root_node_ : chain_.back());
  }

  Result<void> store(ForeignEntry& entry) {
    std::string name;
    ATOLL_ASSIGN(auto* const folder, folder_of(entry.file, name));
    ATOLL_ASSIGN(const auto file, folder->open_file(name));
    ATOLL_ASSIGN(const auto info, file->info());
    const auto differs = [](const std::string& what) {
      return fail(ErrorKind::conflict, "import.differs", "its " + what + " is not what was exported: left out",
                  "`atoll put` stores it as it is now.");
    };
    if (info.size != entry.version.size) return differs("size");
    ATOLL_ASSIGN(auto holes, decode_holes(encode_holes(entry.version.holes)));
    if (!holes.empty() && holes.back().offset + holes.back().length > info.size) return differs("list of holes");
    const std::string wanted_digest = entry.parameter;
    const std::uint64_t size = info.size;
    ATOLL_ASSIGN(const bool is_taken, run_->begin(std::move(entry)));
    if (!is_taken || run_->is_listing) return {};
    codec::Sha256 digest;
    std::uint64_t at = 0;
    for (std::size_t hole = 0; at < size;) {
      ATOLL_TRY(run_->check_stop());
      // One stretch of data or one hole; a hole that was filled meanwhile is found by the digest.
      const bool is_hole = hole < holes.size() && holes[hole].offset <= at;
      std::uint64_t end = size;
      if (hole < holes.size()) end = is_hole ? holes[hole].offset + holes[hole].length : holes[hole].offset;
      const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(end - at, buffer_.size()));
      ATOLL_ASSIGN(const std::size_t count, file->read_at(at, buffer_.span().first(wanted)));
      if (count < wanted) return differs("size");
      const ByteView piece = buffer_.view().first(count);
      digest.update(piece);
      if (!is_hole) ATOLL_TRY(run_->give(piece));
      at += count;
      if (is_hole && at == end) ++hole;
    }
    if (!wanted_digest.empty() && to_hex(digest.finish()) != wanted_digest) return differs("content");
    return run_->end(std::move(holes));
  }

  ImportRun* run_;
  std::string source_;
  vault::FolderRef root_node_;
  std::vector<vault::FolderRef> chain_;
  vault::FolderCursor<platform::SourceDirectory> cursor_;
  Buffer buffer_;
};

}  // namespace

Result<void> import_plain(ImportRun& run, const std::string& source) {
  ATOLL_ASSIGN(const auto root, run.host().open_source(source));
  ATOLL_ASSIGN(const auto lines, root->open_file(std::string(kMetadataFile)));
  PlainImport plain(run, source, *root);
  run.on_record = [&](ForeignEntry& entry) { return plain.take(entry); };
  return run.read_all_of(source + "/" + std::string(kMetadataFile), "lines", {},
                         [&](std::uint64_t offset, ByteSpan out) { return lines->read_at(offset, out); });
}

}  // namespace atl::transfer
