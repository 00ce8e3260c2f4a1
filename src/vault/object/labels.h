// Names of versions, and what is said of where a version comes from: rules, checks, and what stage_put() does with
// them.
//
// Always true:
//  - A label names at most one version of an object. The committing thread decides, so that two puts of one group
//    cannot take the same one.
//  - A rule of the bucket's policy names every new version that was given no label, but folders' own entries.
//  - Labels by rule depend on nothing but the state before the command, its time and its LSN.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "vault/commit.h"

namespace atl::vault {

inline constexpr std::size_t kLabelBytesMax = 200;
inline constexpr std::size_t kWordsBytesMax = 64 * 1024;  // of a description, transformation, author or source
inline constexpr std::size_t kSourcesMax = 1'000;

enum class LabelScheme : std::uint8_t { none, semantic, timestamp, hash };
// The rule in force for new versions in this bucket.
[[nodiscard]] Result<LabelScheme> label_scheme(catalog::CatalogReader& reader, const catalog::BucketRow& bucket);
// UTF-8 without control characters, '/' and '@' (which separate it from a key), no blank at either end; `usage`.
[[nodiscard]] Result<void> check_label(std::string_view label);

// How much a new version changes, for semantic labels (https://semver.org, without pre-releases and build words).
enum class ChangeSize : std::uint8_t { automatic, patch, minor, major };
// "patch", "minor", "major", or the reason of a major one: "schema_change", "significant_quality_improvement",
// "new_preprocessing_method".
[[nodiscard]] Result<ChangeSize> parse_change(std::string_view word);

struct SemanticLabel {
  std::uint64_t major = 0, minor = 0, patch = 0;
  [[nodiscard]] SemanticLabel raised(ChangeSize by) const;
  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const SemanticLabel&, const SemanticLabel&) = default;
};
// "1.2.0", "v1.2.0"; none for anything else.
[[nodiscard]] std::optional<SemanticLabel> parse_semantic(std::string_view label);
// What a change amounts to where nobody said it:
//   major  metadata `schema` or `processing_pipeline` is another one than before, the transformation is, or the number
//          in `quality_metrics` (or each of its numbers) became better by a tenth and more
//   minor  other content
//   patch  only words, times or modes
[[nodiscard]] ChangeSize size_of_change(const catalog::VersionRow& before, const catalog::VersionRow& after);

// The label that the rule gives to `fresh`, which follows `before` (none: it is the object's first). Free at this
// moment. Semantic labels go on from the one of `before`, or where that has none from the object's highest.
// Cost: a few descents; where the next number is taken a look at all of the object's labels.
[[nodiscard]] Result<std::string> next_label(const CommitContext& context, LabelScheme scheme,
                                             const catalog::VersionRow* before, const catalog::VersionRow& fresh,
                                             ChangeSize change);

// `conflict` "label.taken", which names the version that has it, where it is another one than `version`.
[[nodiscard]] Result<void> check_label_free(catalog::CatalogReader& state, const ObjectId& object,
                                            const VersionId& version, std::string_view label, std::string_view name);

// What is said of a version as a person gave it: sources not looked up yet.
struct Origin {
  std::string label;
  std::string author;
  std::string description;
  std::vector<std::string> sources;
  std::string transformation;
  ChangeSize change = ChangeSize::automatic;
  [[nodiscard]] bool says_something() const {
    return !label.empty() || !author.empty() || !description.empty() || !sources.empty() || !transformation.empty();
  }
};
[[nodiscard]] Result<void> check_origin(const Origin& origin);
// Sources in the state of the moment. "bucket/key", "bucket/key@LABEL" and "bucket/key@VERSION" where there is such a
// bucket: that version; `not_found` where it has none. With "://" in it, or "words:" before it, or no such bucket:
// words.
[[nodiscard]] Result<std::vector<catalog::Source>> resolve_sources(catalog::CatalogReader& state,
                                                                   const std::vector<std::string>& named);
// What is said replaces what `version` says; what is not said stays.
void describe(catalog::VersionRow& version, const Origin& origin, const std::vector<catalog::Source>& sources);

[[nodiscard]] bool has_same_words(const catalog::VersionRow& a, const catalog::VersionRow& b);

// A key as it was typed, and the version behind its last '@'. A key that an object has, or had, is taken whole.
struct KeyAndVersion {
  std::string key;
  std::string version;  // label, id, or an id's beginning; empty: none was named
};
[[nodiscard]] Result<KeyAndVersion> split_version(catalog::CatalogReader& reader, const BucketId& bucket,
                                                  std::string_view typed);

}  // namespace atl::vault
