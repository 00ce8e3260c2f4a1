#include "edge/s3/documents.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "edge/s3/errors.h"
#include "edge/s3/uri_encoding.h"
#include "foundation/xml/xml.h"

namespace atl::s3 {
namespace {

using xml::Element;

constexpr std::size_t kKeysMax = 1000;
constexpr std::size_t kPartsMax = 10'000;
constexpr std::size_t kRulesMax = 1000;
constexpr std::size_t kCorsRulesMax = 100;

Result<Element> read_root(std::string_view document, std::string_view name) {
  xml::ReadLimits limits;
  limits.bytes_max = kDocumentBytesMax;
  limits.elements_max = 80'000;  // 10,000 parts of an upload have up to seven each
  auto root = xml::read(document, limits);
  if (!root) return fail(Code::MalformedXML, root.error().message);
  if (root->name != name) {
    return fail(Code::MalformedXML,
                "The document must be a " + std::string(name) + ", not a " + root->name.substr(0, 64));
  }
  return root;
}

template <class Number>
Result<Number> number_in(std::string_view text, std::string_view what) {
  while (text.starts_with(' ') || text.starts_with('\n')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\n')) text.remove_suffix(1);
  Number value{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return fail(Code::MalformedXML, std::string(what) + " must be a number");
  }
  return value;
}

Result<std::uint32_t> days_in(const Element& element, std::string_view name) {
  ATOLL_ASSIGN(const auto days, number_in<std::uint32_t>(element.text_of(name), name));
  if (days == 0 || days > 36'500) {
    return fail(Code::InvalidArgument, std::string(name) + " must be from 1 to 36500");
  }
  return days;
}

std::string without_quotes(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return std::string(text);
}

Result<void> check_tag(std::string_view name, std::string_view value) {
  if (name.empty() || name.size() > 512 || value.size() > 1024 || name.starts_with("aws:") || !is_utf8(name) ||
      !is_utf8(value)) {
    return fail(Code::InvalidTag,
                "A tag's name has 1 to 128 letters and does not begin with aws:, its value up to 256");
  }
  return {};
}

Result<Tags> tags_in(const Element& list, std::size_t tags_max) {
  Tags tags;
  for (const Element& tag : list.children) {
    if (tag.name != "Tag") return fail(Code::MalformedXML, "A list of tags holds Tag elements only");
    const Element* key = tag.child("Key");
    const Element* value = tag.child("Value");
    if (key == nullptr || value == nullptr) return fail(Code::MalformedXML, "A tag needs Key and Value");
    ATOLL_TRY(check_tag(key->text, value->text));
    if (!tags.emplace(key->text, value->text).second)
      return fail(Code::InvalidTag, "The tag " + key->text + " stands twice");
  }
  if (tags.size() > tags_max) {
    return fail(Code::InvalidTag, "There are more than " + std::to_string(tags_max) + " tags");
  }
  return tags;
}

Result<std::int64_t> time_in(std::string_view text, std::string_view what) {
  const auto time = parse_rfc3339(text);
  if (!time) return fail(Code::InvalidArgument, std::string(what) + " must be a time like 2030-01-01T00:00:00Z");
  return time->seconds;
}

Result<void> read_filter(const Element& rule, LifecycleRule& out) {
  if (const Element* prefix = rule.child("Prefix")) out.prefix = prefix->text;
  const Element* filter = rule.child("Filter");
  if (filter == nullptr) return {};
  const Element* inner = filter->child("And");
  for (const Element& one : (inner == nullptr ? filter : inner)->children) {
    if (one.name == "Prefix") {
      out.prefix = one.text;
    } else if (one.name == "Tag") {
      ATOLL_TRY(check_tag(one.text_of("Key"), one.text_of("Value")));
      out.tags.emplace(one.text_of("Key"), one.text_of("Value"));
    } else if (one.name == "ObjectSizeGreaterThan") {
      ATOLL_ASSIGN(out.size_min, number_in<std::uint64_t>(one.text, one.name));
    } else if (one.name == "ObjectSizeLessThan") {
      ATOLL_ASSIGN(out.size_max, number_in<std::uint64_t>(one.text, one.name));
    } else {
      return fail(Code::MalformedXML, "A filter does not hold " + one.name.substr(0, 64));
    }
  }
  return {};
}

Result<LifecycleRule> rule_in(const Element& element) {
  LifecycleRule rule;
  rule.id = element.text_of("ID");
  if (rule.id.size() > 255) return fail(Code::InvalidArgument, "A rule's ID has at most 255 letters");
  const std::string_view status = element.text_of("Status");
  if (status != "Enabled" && status != "Disabled") {
    return fail(Code::MalformedXML, "A rule's Status must be Enabled or Disabled");
  }
  rule.is_enabled = status == "Enabled";
  ATOLL_TRY(read_filter(element, rule));
  bool does_something = false;
  for (const Element& one : element.children) {
    if (one.name == "Expiration") {
      does_something = true;
      if (one.child("Days") != nullptr) {
        ATOLL_ASSIGN(rule.expire_days, days_in(one, "Days"));
      }
      if (const Element* date = one.child("Date")) {
        ATOLL_ASSIGN(rule.expire_at_s, time_in(date->text, "Date"));
        if (*rule.expire_at_s % 86'400 != 0) return fail(Code::InvalidArgument, "Date must be at midnight UTC");
      }
      rule.expires_delete_markers = one.text_of("ExpiredObjectDeleteMarker") == "true";
      if (static_cast<int>(rule.expire_days.has_value()) + static_cast<int>(rule.expire_at_s.has_value()) +
              static_cast<int>(rule.expires_delete_markers) !=
          1) {
        return fail(Code::MalformedXML, "Expiration needs one of Days, Date and ExpiredObjectDeleteMarker");
      }
    } else if (one.name == "NoncurrentVersionExpiration") {
      does_something = true;
      ATOLL_ASSIGN(rule.noncurrent_days, days_in(one, "NoncurrentDays"));
      if (one.child("NewerNoncurrentVersions") != nullptr) {
        ATOLL_ASSIGN(rule.noncurrent_kept, days_in(one, "NewerNoncurrentVersions"));
      }
    } else if (one.name == "AbortIncompleteMultipartUpload") {
      does_something = true;
      ATOLL_ASSIGN(rule.abort_days, days_in(one, "DaysAfterInitiation"));
    } else if (one.name == "Transition" || one.name == "NoncurrentVersionTransition") {
      does_something = true;
      LifecycleRule::Transition transition;
      transition.storage_class = one.text_of("StorageClass");
      if (!is_storage_class(transition.storage_class)) {
        return fail(Code::MalformedXML, "A transition needs a StorageClass that S3 knows");
      }
      const std::string_view days = one.name == "Transition" ? "Days" : "NoncurrentDays";
      if (one.child(days) != nullptr) {
        ATOLL_ASSIGN(transition.days, number_in<std::uint32_t>(one.text_of(days), days));
      } else if (const Element* date = one.child("Date"); date != nullptr && one.name == "Transition") {
        ATOLL_ASSIGN(transition.at_s, time_in(date->text, "Date"));
        if (*transition.at_s % 86'400 != 0) return fail(Code::InvalidArgument, "Date must be at midnight UTC");
      } else {
        return fail(Code::MalformedXML, "A transition needs " + std::string(days));
      }
      if (one.child("NewerNoncurrentVersions") != nullptr) {
        ATOLL_ASSIGN(transition.kept, days_in(one, "NewerNoncurrentVersions"));
      }
      (one.name == "Transition" ? rule.transitions : rule.noncurrent_transitions).push_back(std::move(transition));
    } else if (one.name != "ID" && one.name != "Status" && one.name != "Prefix" && one.name != "Filter") {
      return fail(Code::MalformedXML, "A rule does not hold " + one.name.substr(0, 64));
    }
  }
  if (!does_something) return fail(Code::InvalidRequest, "A rule must say what is to be done");
  return rule;
}

// `pattern` with at most one *.
bool fits(std::string_view pattern, std::string_view text, bool ignores_case) {
  const auto lower = [&](char c) { return ignores_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  const auto same = [&](std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); };
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return same(pattern, text);
  const std::string_view head = pattern.substr(0, star);
  const std::string_view tail = pattern.substr(star + 1);
  return text.size() >= head.size() + tail.size() && same(text.substr(0, head.size()), head) &&
         same(text.substr(text.size() - tail.size()), tail);
}

}  // namespace

Result<DeleteDocument> read_delete(std::string_view document) {
  ATOLL_ASSIGN(const Element root, read_root(document, "Delete"));
  DeleteDocument out;
  out.is_quiet = root.text_of("Quiet") == "true";
  for (const Element& one : root.children) {
    if (one.name == "Quiet") continue;
    if (one.name != "Object") return fail(Code::MalformedXML, "Delete holds Object and Quiet elements only");
    if (one.child("Key") == nullptr || one.text_of("Key").empty())
      return fail(Code::MalformedXML, "An Object needs a Key");
    if (out.objects.size() >= kKeysMax) return fail(Code::MalformedXML, "At most 1000 objects can be named at once");
    out.objects.push_back(
        {std::string(one.text_of("Key")), std::string(one.text_of("VersionId")), without_quotes(one.text_of("ETag"))});
  }
  if (out.objects.empty()) return fail(Code::MalformedXML, "No object is named");
  return out;
}

std::optional<std::size_t> rank_of_class(std::string_view storage_class) {
  static constexpr std::array<std::string_view, 10> kClasses{
      "EXPRESS_ONEZONE",     "STANDARD",   "REDUCED_REDUNDANCY", "OUTPOSTS", "STANDARD_IA",
      "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR",         "GLACIER",  "DEEP_ARCHIVE"};
  const auto* const found = std::ranges::find(kClasses, storage_class);
  if (found == kClasses.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kClasses.begin());
}

Result<CompleteDocument> read_complete(std::string_view document) {
  ATOLL_ASSIGN(const Element root, read_root(document, "CompleteMultipartUpload"));
  CompleteDocument out;
  for (const Element& one : root.children) {
    if (one.name != "Part") return fail(Code::MalformedXML, "CompleteMultipartUpload holds Part elements only");
    if (out.parts.size() >= kPartsMax) return fail(Code::InvalidArgument, "An upload has at most 10000 parts");
    CompleteDocument::Part part;
    ATOLL_ASSIGN(part.number, number_in<std::uint32_t>(one.text_of("PartNumber"), "PartNumber"));
    part.etag = without_quotes(one.text_of("ETag"));
    if (part.number < 1 || part.number > kPartsMax) {
      return fail(Code::InvalidArgument, "A part's number must be from 1 to 10000");
    }
    if (part.etag.empty()) return fail(Code::MalformedXML, "A Part needs an ETag");
    for (const Element& checksum : one.children) {
      if (!checksum.name.starts_with("Checksum")) continue;
      const auto algorithm = algorithm_named(std::string_view(checksum.name).substr(8));
      if (algorithm) part.checksums[*algorithm] = checksum.text;
    }
    out.parts.push_back(std::move(part));
  }
  if (out.parts.empty()) return fail(Code::MalformedXML, "No part is named");
  return out;
}

Result<Tags> read_tagging(std::string_view document, std::size_t tags_max) {
  ATOLL_ASSIGN(const Element root, read_root(document, "Tagging"));
  const Element* list = root.child("TagSet");
  if (list == nullptr) return fail(Code::MalformedXML, "Tagging needs a TagSet");
  return tags_in(*list, tags_max);
}

Result<Tags> read_tagging_header(std::string_view header) {
  ATOLL_ASSIGN(const Parameters pairs, parse_parameters(header));
  Tags tags;
  for (const auto& [name, value] : pairs) {
    ATOLL_TRY(check_tag(name, value));
    if (!tags.emplace(name, value).second) return fail(Code::InvalidTag, "The tag " + name + " stands twice");
  }
  if (tags.size() > kObjectTagsMax) return fail(Code::InvalidTag, "An object has at most 10 tags");
  return tags;
}

Result<catalog::Versioning> read_versioning(std::string_view document) {
  ATOLL_ASSIGN(const Element root, read_root(document, "VersioningConfiguration"));
  if (root.text_of("MfaDelete") == "Enabled") return fail(Code::NotImplemented, "There is no MFA delete here");
  const std::string_view status = root.text_of("Status");
  if (status == "Enabled") return catalog::Versioning::enabled;
  if (status == "Suspended") return catalog::Versioning::suspended;
  return fail(Code::MalformedXML, "Status must be Enabled or Suspended");
}

Result<std::vector<LifecycleRule>> read_lifecycle(std::string_view document) {
  ATOLL_ASSIGN(const Element root, read_root(document, "LifecycleConfiguration"));
  std::vector<LifecycleRule> rules;
  for (const Element& one : root.children) {
    if (one.name != "Rule") return fail(Code::MalformedXML, "LifecycleConfiguration holds Rule elements only");
    if (rules.size() >= kRulesMax) return fail(Code::InvalidRequest, "There are more than 1000 rules");
    ATOLL_ASSIGN(LifecycleRule rule, rule_in(one));
    const bool is_known =
        !rule.id.empty() && std::ranges::any_of(rules, [&](const auto& r) { return r.id == rule.id; });
    if (is_known) return fail(Code::InvalidArgument, "The rule ID " + rule.id + " stands twice");
    rules.push_back(std::move(rule));
  }
  if (rules.empty()) return fail(Code::MalformedXML, "There is no Rule");
  return rules;
}

Result<std::vector<CorsRule>> read_cors(std::string_view document) {
  static constexpr std::array<std::string_view, 5> kMethods{"GET", "PUT", "HEAD", "POST", "DELETE"};
  ATOLL_ASSIGN(const Element root, read_root(document, "CORSConfiguration"));
  std::vector<CorsRule> rules;
  for (const Element& one : root.children) {
    if (one.name != "CORSRule") return fail(Code::MalformedXML, "CORSConfiguration holds CORSRule elements only");
    if (rules.size() >= kCorsRulesMax) return fail(Code::InvalidRequest, "There are more than 100 CORS rules");
    CorsRule rule;
    for (const Element& field : one.children) {
      if (std::ranges::count(field.text, '*') > 1) {
        return fail(Code::InvalidRequest, field.name + " may hold one * only");
      }
      if (std::ranges::any_of(field.text, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
        return fail(Code::InvalidRequest, field.name + " holds a control character");
      }
      if (field.name == "ID") {
        rule.id = field.text;
      } else if (field.name == "AllowedOrigin") {
        rule.origins.push_back(field.text);
      } else if (field.name == "AllowedMethod") {
        if (std::ranges::find(kMethods, field.text) == kMethods.end()) {
          return fail(Code::InvalidRequest, "AllowedMethod must be GET, PUT, HEAD, POST or DELETE");
        }
        rule.methods.push_back(field.text);
      } else if (field.name == "AllowedHeader") {
        rule.headers.push_back(field.text);
      } else if (field.name == "ExposeHeader") {
        rule.exposed.push_back(field.text);
      } else if (field.name == "MaxAgeSeconds") {
        ATOLL_ASSIGN(rule.max_age_s, number_in<std::uint32_t>(field.text, field.name));
      } else {
        return fail(Code::MalformedXML, "A CORSRule does not hold " + field.name.substr(0, 64));
      }
    }
    if (rule.origins.empty() || rule.methods.empty()) {
      return fail(Code::MalformedXML, "A CORSRule needs AllowedOrigin and AllowedMethod");
    }
    rules.push_back(std::move(rule));
  }
  if (rules.empty()) return fail(Code::MalformedXML, "There is no CORSRule");
  return rules;
}

const CorsRule* find_cors_rule(const std::vector<CorsRule>& rules, std::string_view origin, std::string_view method,
                               const std::vector<std::string_view>& headers) {
  for (const CorsRule& rule : rules) {
    const auto allows_origin = [&](const std::string& one) { return fits(one, origin, false); };
    if (!std::ranges::any_of(rule.origins, allows_origin)) continue;
    if (std::ranges::find(rule.methods, method) == rule.methods.end()) continue;
    const bool allows_headers = std::ranges::all_of(headers, [&](std::string_view header) {
      return std::ranges::any_of(rule.headers, [&](const std::string& one) { return fits(one, header, true); });
    });
    if (allows_headers) return &rule;
  }
  return nullptr;
}

Result<std::string> read_create_bucket(std::string_view document) {
  if (document.empty()) return std::string();
  ATOLL_ASSIGN(const Element root, read_root(document, "CreateBucketConfiguration"));
  return std::string(root.text_of("LocationConstraint"));
}

std::optional<catalog::LockMode> lock_mode_named(std::string_view name) {
  if (name == "GOVERNANCE") return catalog::LockMode::governance;
  if (name == "COMPLIANCE") return catalog::LockMode::compliance;
  return std::nullopt;
}

std::string_view name_of(catalog::LockMode mode) {
  switch (mode) {
    case catalog::LockMode::governance: return "GOVERNANCE";
    case catalog::LockMode::compliance: return "COMPLIANCE";
    case catalog::LockMode::none: break;
  }
  return "";
}

Result<RetentionDocument> read_retention(std::string_view document) {
  ATOLL_ASSIGN(const Element root, read_root(document, "Retention"));
  RetentionDocument out;
  if (root.child("Mode") == nullptr && root.child("RetainUntilDate") == nullptr) return out;
  const auto mode = lock_mode_named(root.text_of("Mode"));
  if (!mode) return fail(Code::MalformedXML, "Mode must be GOVERNANCE or COMPLIANCE");
  ATOLL_ASSIGN(const std::int64_t until_s, time_in(root.text_of("RetainUntilDate"), "RetainUntilDate"));
  out.mode = *mode;
  out.until = {until_s * 1'000'000};
  return out;
}

Result<bool> read_legal_hold(std::string_view document) {
  ATOLL_ASSIGN(const Element root, read_root(document, "LegalHold"));
  const std::string_view status = root.text_of("Status");
  if (status != "ON" && status != "OFF") return fail(Code::MalformedXML, "Status must be ON or OFF");
  return status == "ON";
}

Result<ObjectLockDocument> read_object_lock(std::string_view document) {
  ATOLL_ASSIGN(const Element root, read_root(document, "ObjectLockConfiguration"));
  ObjectLockDocument out;
  out.is_enabled = root.text_of("ObjectLockEnabled") == "Enabled";
  if (!out.is_enabled) return fail(Code::MalformedXML, "ObjectLockEnabled must be Enabled");
  const Element* rule = root.child("Rule");
  if (rule == nullptr) return out;
  const Element* retention = rule->child("DefaultRetention");
  if (retention == nullptr) return fail(Code::MalformedXML, "A Rule needs DefaultRetention");
  const auto mode = lock_mode_named(retention->text_of("Mode"));
  if (!mode) return fail(Code::MalformedXML, "Mode must be GOVERNANCE or COMPLIANCE");
  out.mode = *mode;
  const bool has_days = retention->child("Days") != nullptr;
  if (has_days == (retention->child("Years") != nullptr)) {
    return fail(Code::MalformedXML, "DefaultRetention needs either Days or Years");
  }
  if (has_days) {
    ATOLL_ASSIGN(out.days, days_in(*retention, "Days"));
  } else {
    ATOLL_ASSIGN(out.years, days_in(*retention, "Years"));
    if (out.years > 100) return fail(Code::InvalidArgument, "Years must be from 1 to 100");
  }
  return out;
}

}  // namespace atl::s3
