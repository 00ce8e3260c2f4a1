// Where an export goes: a folder of files, or one tar. And small text files that appear whole or not at all.
// Always true: what take() was given is on disk, or an error says why. Thread rules: one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "foundation/platform/host_tree.h"
#include "services/transfer/export.h"

namespace atl::transfer {

// The bytes of a version as a reader sees them, in order; returns false to stop.
using Content = std::function<Result<void>(const std::function<Result<bool>(ByteView)>&)>;

struct ExportItem {
  std::string key;   // below the prefix; "./" for the top folder
  std::string path;  // below the target's folder: what is written; a folder's ends in '/'
  const catalog::VersionRow* version = nullptr;
};

class ExportTarget {
 public:
  ExportTarget() = default;
  ExportTarget(const ExportTarget&) = delete;
  ExportTarget& operator=(const ExportTarget&) = delete;
  ExportTarget(ExportTarget&&) = delete;
  ExportTarget& operator=(ExportTarget&&) = delete;
  virtual ~ExportTarget() = default;
  // `content` may be left unread where it is there already. True where something was written.
  [[nodiscard]] virtual Result<bool> take(const ExportItem& item, const Content& content) = 0;
  [[nodiscard]] virtual Result<void> finish() = 0;
  std::vector<std::string> not_applied;  // "owner of 312"
};

// `with_links` false: a bag holds files and folders only.
[[nodiscard]] Result<std::unique_ptr<ExportTarget>> make_folder_target(platform::HostTree& host,
                                                                       const std::string& folder, bool with_links);
// One tar in sections that are gzip members of their own (RFC 1952, 2.2), so that a broken-off one can be written on.
class TarTarget : public ExportTarget {
 public:
  // What was taken is on disk, and the tar can be continued behind it: the file's length. `conflict` where the last
  // entry broke off in its middle.
  [[nodiscard]] virtual Result<std::uint64_t> end_section() = 0;
};
// Writes into `file`, which it owns, from `begin` on; `written` sees every byte as it goes there.
[[nodiscard]] Result<std::unique_ptr<TarTarget>> make_tar_target(std::unique_ptr<platform::TargetFile> file,
                                                                 std::uint64_t begin,
                                                                 std::function<void(ByteView)> written);

// A text file that grows and gets its name when it is whole.
class TextFile {
 public:
  [[nodiscard]] static Result<std::unique_ptr<TextFile>> create(platform::TargetDirectory& folder, std::string name);
  // One that was broken off, from `bytes` on; what it had behind them is cut off.
  [[nodiscard]] static Result<std::unique_ptr<TextFile>> reopen(platform::TargetDirectory& folder, std::string name,
                                                                std::uint64_t bytes);
  [[nodiscard]] Result<void> write(std::string_view text);
  [[nodiscard]] Result<std::uint64_t> sync();  // what was written so far is on disk: its length
  [[nodiscard]] Result<void> finish();

 private:
  TextFile(platform::TargetDirectory& folder, std::string name) : folder_(&folder), name_(std::move(name)) {}
  [[nodiscard]] Result<void> flush();
  platform::TargetDirectory* folder_;
  std::string name_;
  std::unique_ptr<platform::TargetFile> file_;
  std::string buffer_;
  std::uint64_t at_ = 0;
};
inline constexpr std::string_view kPartEnding = ".atoll-part";

}  // namespace atl::transfer
