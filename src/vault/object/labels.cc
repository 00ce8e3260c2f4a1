#include "vault/object/labels.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "foundation/codec/hash.h"
#include "vault/history/past.h"
#include "vault/keeping/policy.h"
#include "vault/object/objects.h"

namespace atl::vault {
namespace {

using catalog::Source;
using catalog::VersionRow;

constexpr std::size_t kHashLabelDigits = 12;
constexpr double kSignificant = 1.1;  // a tenth better
constexpr std::string_view kWordsMark = "words:";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

Result<void> check_words(std::string_view words, const char* what) {
  if (words.size() > kWordsBytesMax)
    return fail(ErrorKind::limit, "origin.too_long", std::string(what) + " has at most 64 KiB");
  if (words.find('\0') != std::string_view::npos)
    return fail(ErrorKind::usage, "origin.bad_text", std::string(what) + " cannot hold a NUL");
  return {};
}

std::string value_of(const std::map<std::string, std::string>& words, const char* name) {
  const auto found = words.find(name);
  return found == words.end() ? std::string() : found->second;
}

// Something said before and said otherwise now: a first word is no change.
bool was_changed(const std::string& before, const std::string& after) {
  return !before.empty() && !after.empty() && before != after;
}

// "0.93", or "accuracy=0.93, recall=0.8": numbers under names, the bare one under "".
std::map<std::string, double> numbers_in(const std::string& text) {
  std::map<std::string, double> numbers;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find_first_of(",;");
    std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    std::string name;
    if (const std::size_t sign = part.find_first_of("=:"); sign != std::string_view::npos) {
      name = part.substr(0, sign);
      std::erase(name, ' ');
      part = part.substr(sign + 1);
    }
    while (part.starts_with(' ')) part.remove_prefix(1);
    double number = 0;
    const auto [stop, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error == std::errc() && stop != part.data()) numbers[name] = number;
  }
  return numbers;
}

bool is_much_better(const std::string& before, const std::string& after) {
  const auto old = numbers_in(before);
  const auto fresh = numbers_in(after);
  bool is_any = false;
  for (const auto& [name, number] : old) {
    const auto found = fresh.find(name);
    if (found == fresh.end() || number <= 0) continue;
    if (found->second < number * kSignificant) return false;
    is_any = true;
  }
  return is_any;
}

std::string content_label(const VersionRow& version) {
  VersionRow content;  // what a reader gets, without words and facts
  content.kind = version.kind;
  content.size = version.size;
  content.content = version.content;
  content.holes = version.holes;
  content.link_target = version.link_target;
  const codec::Digest digest = codec::blake3(catalog::encode(content));
  return to_hex(digest).substr(0, kHashLabelDigits);
}

// A label that a rule proposed, made unique by the change's number where somebody has it.
Result<std::string> with_number(const CommitContext& context, const ObjectId& object, std::string label) {
  ATOLL_ASSIGN(auto taken, context.state.labelled(object, label));
  if (!taken) return label;
  label += "-" + std::to_string(context.lsn.value);
  for (std::uint64_t more = 2;; ++more) {
    const std::string next = more == 2 ? label : label + "." + std::to_string(more);
    ATOLL_ASSIGN(taken, context.state.labelled(object, next));
    if (!taken) return next;
  }
}

Result<std::optional<SemanticLabel>> highest_of(catalog::CatalogReader& state, const ObjectId& object) {
  std::optional<SemanticLabel> highest;
  ATOLL_ASSIGN(const auto labels, state.labels_of(object));
  for (const auto& [label, version] : labels) {
    const auto one = parse_semantic(label);
    if (one && (!highest || *highest < *one)) highest = one;
  }
  return highest;
}

}  // namespace

Result<LabelScheme> label_scheme(catalog::CatalogReader& reader, const catalog::BucketRow& bucket) {
  ATOLL_ASSIGN(const EffectivePolicy policy, policy_of(reader, bucket));
  if (policy.rules.labels == "semantic") return LabelScheme::semantic;
  if (policy.rules.labels == "timestamp") return LabelScheme::timestamp;
  if (policy.rules.labels == "hash") return LabelScheme::hash;
  return LabelScheme::none;
}

Result<void> check_label(std::string_view label) {
  const auto bad = [&](const char* why) {
    return fail(ErrorKind::usage, "label.malformed", "\"" + std::string(label.substr(0, 80)) + "\" is no label: " + why,
                "For example 1.2.0, or submitted-to-journal.");
  };
  if (label.empty()) return bad("it is empty");
  if (label.size() > kLabelBytesMax) return bad("it has more than 200 bytes");
  if (!is_utf8(label)) return bad("it is no UTF-8");
  if (std::ranges::any_of(label, is_control)) return bad("it holds control characters");
  if (label.find_first_of("/@") != std::string_view::npos) return bad("'/' and '@' separate it from a key");
  if (label.front() == ' ' || label.back() == ' ') return bad("it begins or ends with a blank");
  return {};
}

Result<ChangeSize> parse_change(std::string_view word) {
  if (word.empty()) return ChangeSize::automatic;
  if (word == "patch") return ChangeSize::patch;
  if (word == "minor") return ChangeSize::minor;
  if (word == "major" || word == "schema_change" || word == "significant_quality_improvement" ||
      word == "new_preprocessing_method")
    return ChangeSize::major;
  return fail(ErrorKind::usage, "label.bad_change", "\"" + std::string(word.substr(0, 80)) + "\" is no kind of change",
              "There are patch, minor, major, schema_change, significant_quality_improvement and "
              "new_preprocessing_method.");
}

SemanticLabel SemanticLabel::raised(ChangeSize by) const {
  if (by == ChangeSize::major) return {major + 1, 0, 0};
  if (by == ChangeSize::patch) return {major, minor, patch + 1};
  return {major, minor + 1, 0};
}

std::string SemanticLabel::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::optional<SemanticLabel> parse_semantic(std::string_view label) {
  if (label.starts_with('v')) label.remove_prefix(1);
  std::array<std::uint64_t, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) {
      if (!label.starts_with('.')) return std::nullopt;
      label.remove_prefix(1);
    }
    const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), numbers[i]);
    const auto digits = static_cast<std::size_t>(end - label.data());
    // No leading zeros, and far from where counting on would wrap.
    if (error != std::errc() || digits == 0 || digits > 15 || (digits > 1 && label.front() == '0')) return std::nullopt;
    label.remove_prefix(digits);
  }
  if (!label.empty()) return std::nullopt;
  return SemanticLabel{numbers[0], numbers[1], numbers[2]};
}

ChangeSize size_of_change(const VersionRow& before, const VersionRow& after) {
  for (const char* name : {"schema", "processing_pipeline"}) {
    if (was_changed(value_of(before.metadata, name), value_of(after.metadata, name))) return ChangeSize::major;
  }
  if (was_changed(before.transformation, after.transformation)) return ChangeSize::major;
  if (is_much_better(value_of(before.metadata, "quality_metrics"), value_of(after.metadata, "quality_metrics")))
    return ChangeSize::major;
  const bool is_same_content = before.kind == after.kind && before.size == after.size &&
                               before.content == after.content && before.holes == after.holes &&
                               before.link_target == after.link_target;
  return is_same_content ? ChangeSize::patch : ChangeSize::minor;
}

Result<std::string> next_label(const CommitContext& context, LabelScheme scheme, const VersionRow* before,
                               const VersionRow& fresh, ChangeSize change) {
  switch (scheme) {
    case LabelScheme::none: return std::string();
    case LabelScheme::timestamp: return with_number(context, fresh.object, format_rfc3339(context.commit_time));
    case LabelScheme::hash: return with_number(context, fresh.object, content_label(fresh));
    case LabelScheme::semantic: break;
  }
  if (change == ChangeSize::automatic) change = before != nullptr ? size_of_change(*before, fresh) : ChangeSize::minor;
  std::optional<SemanticLabel> from;
  if (before != nullptr) from = parse_semantic(before->label);
  if (!from) {
    ATOLL_ASSIGN(from, highest_of(context.state, fresh.object));
  }
  SemanticLabel next = from ? from->raised(change) : SemanticLabel{1, 0, 0};
  ATOLL_ASSIGN(auto taken, context.state.labelled(fresh.object, next.text()));
  if (taken) {
    // An older version was made the newest again, or somebody labelled by hand: on from the highest there is.
    ATOLL_ASSIGN(const auto highest, highest_of(context.state, fresh.object));
    next = (highest ? *highest : next).raised(change);
    ATOLL_ASSIGN(taken, context.state.labelled(fresh.object, next.text()));
  }
  if (!taken) return next.text();
  return with_number(context, fresh.object, next.text());
}

Result<void> check_label_free(catalog::CatalogReader& state, const ObjectId& object, const VersionId& version,
                              std::string_view label, std::string_view name) {
  ATOLL_ASSIGN(const auto holder, state.labelled(object, label));
  if (!holder || *holder == version) return {};
  ATOLL_ASSIGN(const auto row, state.version(object, *holder));
  return fail(ErrorKind::conflict, "label.taken",
              "the label \"" + std::string(label) + "\" of " + std::string(name) + " names version " + holder->text() +
                  (row ? " of " + format_rfc3339(row->begin_time) : std::string()) + " already",
              "`atoll label set --move` gives it to another version.");
}

Result<void> check_origin(const Origin& origin) {
  if (!origin.label.empty()) ATOLL_TRY(check_label(origin.label));
  ATOLL_TRY(check_words(origin.author, "an author"));
  ATOLL_TRY(check_words(origin.description, "a description"));
  ATOLL_TRY(check_words(origin.transformation, "a transformation"));
  for (const std::string& source : origin.sources) {
    if (source.empty()) return fail(ErrorKind::usage, "source.empty", "a source cannot be empty");
    ATOLL_TRY(check_words(source, "a source"));
  }
  if (origin.sources.size() > kSourcesMax)
    return fail(ErrorKind::limit, "source.too_many", "a version has at most 1,000 sources",
                "Take a snapshot or a manifest of them as the one source.");
  return {};
}

Result<KeyAndVersion> split_version(catalog::CatalogReader& reader, const BucketId& bucket, std::string_view typed) {
  KeyAndVersion whole{std::string(typed), {}};
  const std::size_t at = typed.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == typed.size()) return whole;
  ATOLL_ASSIGN(const auto exact, reader.entry(bucket, typed));
  if (exact) return whole;
  ATOLL_ASSIGN(const auto before, reader.entry(bucket, typed.substr(0, at)));
  if (!before) return whole;
  return KeyAndVersion{std::string(typed.substr(0, at)), std::string(typed.substr(at + 1))};
}

Result<std::vector<Source>> resolve_sources(catalog::CatalogReader& state, const std::vector<std::string>& named) {
  std::vector<Source> sources;
  for (const std::string& text : named) {
    Source source;
    source.words = text;
    if (text.starts_with(kWordsMark)) {
      source.words = text.substr(kWordsMark.size());
      while (source.words.starts_with(' ')) source.words.erase(0, 1);
    } else if (const auto address = parse_address(text);
               address && !address->key.empty() && text.find("://") == std::string::npos) {
      ATOLL_ASSIGN(const auto bucket, state.bucket_named(address->bucket));
      if (bucket) {
        ATOLL_ASSIGN(const auto split, split_version(state, bucket->id, address->key));
        if (!split.version.empty()) {
          ATOLL_ASSIGN(const auto listed, find_version(state, *bucket, split.key, split.version));
          source.object = listed.version.object;
          source.version = listed.version.version;
        } else {
          ATOLL_ASSIGN(const auto listed, state.current(bucket->id, split.key));
          if (!listed) {
            return fail(ErrorKind::not_found, "source.not_found", "the source " + text + " is not there",
                        "`atoll ls " + bucket->name + "` lists what is. For something outside the vault write \"" +
                            std::string(kWordsMark) + " " + text + "\".");
          }
          source.object = listed->version.object;
          source.version = listed->version.version;
        }
      }
    }
    if (std::ranges::find(sources, source) == sources.end()) sources.push_back(std::move(source));
  }
  return sources;
}

void describe(VersionRow& version, const Origin& origin, const std::vector<Source>& sources) {
  if (!origin.label.empty()) version.label = origin.label;
  if (!origin.author.empty()) version.author = origin.author;
  if (!origin.description.empty()) version.description = origin.description;
  if (!origin.transformation.empty()) version.transformation = origin.transformation;
  if (!sources.empty()) version.sources = sources;
}

bool has_same_words(const VersionRow& a, const VersionRow& b) {
  return a.label == b.label && a.author == b.author && a.description == b.description && a.sources == b.sources &&
         a.transformation == b.transformation;
}

}  // namespace atl::vault
