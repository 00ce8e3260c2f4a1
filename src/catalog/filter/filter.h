// Filters over objects: the language of `atoll find`, search and the interfaces. Described whole in spec/filter.md.
//
//   name:*.jpg size>2MB modified:2024 and not tag:private
//
// Always true: a filter is a pure function of the subject and of the moment it was parsed at; matching allocates
// nothing; parse(filter.text(), now) gives a filter with the same text that matches the same subjects. Thread rules: a
// Filter is immutable and cheap to copy; any number of threads may match with it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/base/time.h"

namespace atl::filter {

inline constexpr std::size_t kTextBytesMax = 64 * 1024;
inline constexpr std::size_t kDepthMax = 64;
inline constexpr std::size_t kTermsMax = 1024;
inline constexpr std::size_t kWordBytesMax = 1024;
inline constexpr std::size_t kFieldNameBytesMax = 256;

// What is asked about one object. Views must live as long as the call; what is empty (or null) the object does not
// have.
struct Subject {
  std::string_view name;  // last part of the key
  std::string_view key;
  std::string_view type;  // "file", "directory", "symlink", "fifo", "socket", "char_device", "block_device", "marker"
  std::optional<std::uint64_t> size;
  std::optional<FileTime> modified;
  std::optional<Timestamp> stored;
  std::optional<std::uint64_t> age_s;   // since it was stored
  std::optional<std::uint64_t> idle_s;  // since it was read last
  std::optional<double> accesses;       // decayed count of reads
  std::string_view content_type;
  std::string_view by;  // who stored it, as it stands in the journal (foundation/base/actor.h)
  const std::map<std::string, std::string>* tags = nullptr;
  const std::map<std::string, std::string>* metadata = nullptr;
};

namespace internal {
struct Tree;
}

class Filter {
 public:
  Filter();  // matches everything, as the empty text does
  explicit Filter(std::shared_ptr<const internal::Tree> tree) : tree_(std::move(tree)) {}

  [[nodiscard]] bool matches(const Subject& subject) const;
  // Canonical; see spec/filter.md.
  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] bool matches_everything() const;
  // It speaks of `idle` or `accesses`: who matches has to know how often things are read.
  [[nodiscard]] bool asks_for_accesses() const;
  // The key of every subject that matches begins with it, so that only that range of keys has to be looked at.
  [[nodiscard]] std::string key_prefix() const;
  // Where it says no more than of which types a subject is not ("not type:directory", or nothing at all): those types.
  // Such a filter needs no look at a subject whose type is known otherwise.
  [[nodiscard]] std::optional<std::vector<std::string>> only_types_left_out() const;

 private:
  std::shared_ptr<const internal::Tree> tree_;
};

// `now` is what relative times count from. Errors: usage "filter.*" with the column, limit "filter.too_*"; see
// spec/filter.md.
[[nodiscard]] Result<Filter> parse(std::string_view text, Timestamp now);

}  // namespace atl::filter
