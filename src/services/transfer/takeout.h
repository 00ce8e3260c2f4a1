// Which of the JSON files that Google Takeout writes belongs to which photo.
//
// Takeout writes IMG_1.jpg.json or IMG_1.jpg.supplemental-metadata.json beside IMG_1.jpg, cuts such a name before
// ".json" at 46 characters, numbers doubles as IMG_1(2).jpg beside IMG_1.jpg(2).json, writes one file for IMG_1.jpg and
// IMG_1-edited.jpg, and one for a photo and the short film of the same name. Always true: where it is not certain,
// nothing is matched: a wrong date is worse than none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "services/transfer/foreign_entry.h"

namespace atl::transfer {

class Sidecars {
 public:
  // `path` as the source has it. `limit` where there are more words than memory is meant for.
  [[nodiscard]] Result<void> add(const std::string& path, ForeignEntry words);
  // What is known of the file at `path`; marks its sidecar as used.
  [[nodiscard]] std::optional<ForeignEntry> find(const std::string& path);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t unused() const;
  void clear();

 private:
  struct Sidecar {
    ForeignEntry words;
    bool is_used = false;
  };
  struct Folder {
    std::map<std::string, Sidecar> by_name;  // without ".json"
    std::string album;
  };
  [[nodiscard]] static Sidecar* sidecar_of(Folder& folder, const std::string& name);

  std::map<std::string, Folder> folders_;
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

// Adds what a sidecar says: metadata, and the time the picture was taken where that is earlier than the file's own.
void apply_sidecar(const ForeignEntry& words, catalog::VersionRow& version);

}  // namespace atl::transfer
