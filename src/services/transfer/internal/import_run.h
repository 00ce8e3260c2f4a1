// One import: takes the frames of a locked-in reader and makes objects of them.
// Always true: an entry becomes an object whole or not at all. Thread rules: one thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "foundation/codec/hash.h"
#include "services/transfer/foreign_entry.h"
#include "services/transfer/import.h"
#include "services/transfer/readers.h"
#include "vault/folder/bulk_writer.h"

namespace atl::transfer {

struct OpenFile {
  std::unique_ptr<platform::SourceDirectory> folder;
  std::unique_ptr<platform::SourceFile> file;
  platform::NodeInfo info;
};
// A file named by the user.
[[nodiscard]] Result<OpenFile> open_source_file(platform::HostTree& host, const std::string& path);

class ImportRun {
 public:
  ImportRun(vault::Vault& vault, platform::HostTree& host, std::string bucket_name, std::string prefix,
            const ImportOptions& options, const ImportCallbacks& callbacks);

  [[nodiscard]] Result<void> open();    // bucket and writer, unless it is a dry run
  [[nodiscard]] Result<void> finish();  // commits what is left
  [[nodiscard]] ImportSummary summary();

  // Runs the reader `name`; its frames go through the hooks below. What it says is wrong with its source comes back.
  [[nodiscard]] Result<void> read_with(const std::string& name, Bytes parameters, const sandbox::ReadInput& read);
  // The same for a source that, where it breaks off, is a problem and no end.
  [[nodiscard]] Result<void> read_all_of(const std::string& shown, const std::string& name, Bytes parameters,
                                         const sandbox::ReadInput& read);

  // What a format adds. `on_entry` may change the entry and says whether it is taken.
  std::function<Result<bool>(ForeignEntry&)> on_entry;
  std::function<Result<void>(ForeignEntry&)> on_record;
  std::function<Result<void>(const std::string& path, const std::string& words)> on_problem;  // else it is listed
  std::function<void(const std::string& key)> on_stored;
  std::function<Result<void>()> on_nothing;  // abandoned before it was an entry
  bool is_listing = false;                   // count only; nothing is stored
  bool is_silent = false;                    // problems and notices are counted, not told
  vault::BulkWriter::Words words = vault::BulkWriter::Words::replace;

  // An entry whose content does not come in frames: begin, give(), end.
  [[nodiscard]] Result<bool> begin(ForeignEntry entry);  // false: left out
  [[nodiscard]] Result<void> give(ByteView bytes, bool is_aside = false);
  [[nodiscard]] Result<void> end(std::vector<catalog::Hole> holes);
  void abandon();

  void problem(const std::string& path, Error error);
  void notice(const std::string& id, const std::string& text) const;
  [[nodiscard]] bool is_stopped() const { return options_->stop != nullptr && options_->stop->load(); }
  [[nodiscard]] Result<void> check_stop() const;

  [[nodiscard]] vault::Vault& vault() const { return *vault_; }
  [[nodiscard]] platform::HostTree& host() const { return *host_; }
  [[nodiscard]] const ImportOptions& options() const { return *options_; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] const std::string& bucket_name() const { return bucket_name_; }
  [[nodiscard]] vault::BulkWriter* writer() const { return writer_.get(); }
  // The key an entry gets, but for what its content adds.
  [[nodiscard]] SafeKey key_of(const ForeignEntry& entry) const;
  std::set<std::string> link_targets;  // keys that later entries are further names of
  ImportSummary counts;

 private:
  [[nodiscard]] Result<void> frame(std::uint8_t type, ByteView payload);
  [[nodiscard]] Result<void> add_hard_link(const std::string& key, const ForeignEntry& entry);
  void progress();

  vault::Vault* vault_;
  platform::HostTree* host_;
  std::string bucket_name_;
  std::string prefix_;
  const ImportOptions* options_;
  const ImportCallbacks* callbacks_;
  std::int64_t started_ns_;
  std::unique_ptr<vault::BulkWriter> writer_;
  std::optional<ForeignEntry> current_;
  std::string current_key_;
  std::uint64_t current_bytes_ = 0;
  std::optional<codec::Sha256> current_digest_;
  bool is_entry_open_ = false;  // an end, or the word that there is none, is to come
  bool is_skipping_ = false;    // data of an entry that is not taken
};

// The importers. Each reads `source` and calls the run.
[[nodiscard]] Result<void> import_archive(ImportRun& run, const std::string& source);
[[nodiscard]] Result<void> import_plain(ImportRun& run, const std::string& source);
[[nodiscard]] Result<void> import_mbox(ImportRun& run, const std::string& source);
[[nodiscard]] Result<void> import_maildir(ImportRun& run, const std::string& source);
[[nodiscard]] Result<void> import_takeout(ImportRun& run, const std::string& source);
[[nodiscard]] Result<void> import_restic(ImportRun& run, const std::string& source);

}  // namespace atl::transfer
