// What something has to meet, and in words why it does not: a filter that gives its reasons.
//
//   meta.quality_score>=0.9 and meta.instrument:* and readable
//
//   quality_score is 0.4, wanted >=0.9      instrument: no value      could not be read: the file ends too early
//
// Always true:
//  - The language is that of filters (spec/filter.md) but for bare words: there is one, `readable`. What an answer
//    would change by itself as time passes or as things are read (age, idle, accesses, relative times) is refused.
//  - unmet() is empty where the requirement is met, and only there. Beside that each reason is true by itself.
//  - parse(requirement.text()) gives the same requirement.
// Thread rules: immutable and cheap to copy; any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/filter/filter.h"

namespace atl::filter {

// What a file says about itself: "title", "page_count", "Exif.Photo.FNumber". A name may come several times.
struct Said {
  std::string_view name;
  std::string_view value;
};

enum class Reading : std::uint8_t {
  done,     // and what it says is in `said`
  broken,   // it could not be read, or not to its end
  not_yet,  // nobody has read it so far
};

// Views must live as long as the call.
struct Candidate {
  Subject subject;
  std::span<const Said> said;  // asked by `meta.` for what the metadata by hand does not name
  Reading reading = Reading::done;
  std::string_view trouble;  // of what is broken: why, in a sentence
};

struct Unmet {
  std::string condition;             // in the filter language: "meta.quality_score>=0.9"
  std::string field;                 // "meta.quality_score", "readable"; empty where several took part
  std::optional<std::string> value;  // that it has there; none: it has none
  std::string words;                 // "quality_score is 0.4, wanted >=0.9"
  friend bool operator==(const Unmet&, const Unmet&) = default;
};

class Requirement {
 public:
  // Errors: those of filters, and usage "requirement.empty", "requirement.bare_word" and
  // "requirement.changes_by_itself" with the column.
  [[nodiscard]] static Result<Requirement> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const;  // canonical
  [[nodiscard]] bool is_met(const Candidate& candidate) const { return unmet(candidate).empty(); }
  // Why not, in the order in which the conditions stand. Nothing is met that depends on a content which nobody has read
  // yet.
  [[nodiscard]] std::vector<Unmet> unmet(const Candidate& candidate) const;
  // What a content says about itself may decide, for one with that metadata by hand.
  [[nodiscard]] bool needs_said(const Subject& subject) const;

 private:
  explicit Requirement(std::shared_ptr<const internal::Tree> tree) : tree_(std::move(tree)) {}
  std::shared_ptr<const internal::Tree> tree_;
};

}  // namespace atl::filter
