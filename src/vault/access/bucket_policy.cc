#include "vault/access/bucket_policy.h"

#include <algorithm>
#include <array>

#include "foundation/json/json.h"
#include "vault/access/decision.h"
#include "vault/access/network.h"

namespace atl::access {
namespace {

using Condition = BucketPolicy::Condition;
using Statement = BucketPolicy::Statement;

// Every action that a right of S3 stands for, at doors that ask by action. A door that is not S3 is only ever denied
// something here, so an action may stand in several rows.
struct PermissionRow {
  Permission permission;
  std::string_view name;
  bool is_of_bucket;
  bool reads;  // may be given to everybody
  std::array<std::optional<Action>, 6> actions;
};
using P = Permission;
using A = Action;
constexpr std::array kPermissions{
    PermissionRow{P::GetObject, "GetObject", false, true, {A::read, A::read_metadata, A::export_data, A::share_create}},
    PermissionRow{P::GetObjectVersion, "GetObjectVersion", false, true, {A::read_version}},
    PermissionRow{P::GetObjectAttributes, "GetObjectAttributes", false, true, {A::read_metadata}},
    PermissionRow{P::GetObjectTagging, "GetObjectTagging", false, true, {A::read_metadata}},
    PermissionRow{P::GetObjectRetention, "GetObjectRetention", false, true, {A::read_metadata}},
    PermissionRow{P::GetObjectLegalHold, "GetObjectLegalHold", false, true, {A::read_metadata}},
    PermissionRow{P::PutObject,
                  "PutObject",
                  false,
                  false,
                  {A::write, A::overwrite, A::overwrite_for_good, A::import_data, A::restore, A::undo}},
    PermissionRow{P::AbortMultipartUpload, "AbortMultipartUpload", false, false, {A::write}},
    PermissionRow{P::ListMultipartUploadParts, "ListMultipartUploadParts", false, true, {A::write}},
    PermissionRow{P::DeleteObject, "DeleteObject", false, false, {A::remove, A::remove_for_good}},
    PermissionRow{P::DeleteObjectVersion, "DeleteObjectVersion", false, false, {A::erase, A::shred}},
    PermissionRow{P::PutObjectTagging, "PutObjectTagging", false, false, {A::tag}},
    PermissionRow{P::DeleteObjectTagging, "DeleteObjectTagging", false, false, {A::tag}},
    PermissionRow{P::PutObjectRetention, "PutObjectRetention", false, false, {A::hold}},
    PermissionRow{P::PutObjectLegalHold, "PutObjectLegalHold", false, false, {A::hold}},
    PermissionRow{P::BypassGovernanceRetention, "BypassGovernanceRetention", false, false, {A::bypass_retention}},
    PermissionRow{P::ListBucket, "ListBucket", true, true, {A::list, A::list_buckets, A::search, A::watch}},
    PermissionRow{P::ListBucketVersions, "ListBucketVersions", true, true, {A::read_history}},
    PermissionRow{P::ListBucketMultipartUploads, "ListBucketMultipartUploads", true, true, {A::list}},
    PermissionRow{P::GetBucketLocation, "GetBucketLocation", true, true, {A::list_buckets}},
    PermissionRow{P::GetBucketVersioning, "GetBucketVersioning", true, true, {A::policy_read}},
    PermissionRow{P::GetBucketTagging, "GetBucketTagging", true, true, {A::policy_read}},
    PermissionRow{P::GetBucketCORS, "GetBucketCORS", true, true, {A::policy_read}},
    PermissionRow{P::GetLifecycleConfiguration, "GetLifecycleConfiguration", true, true, {A::policy_read}},
    PermissionRow{P::GetEncryptionConfiguration, "GetEncryptionConfiguration", true, true, {A::policy_read}},
    PermissionRow{
        P::GetBucketObjectLockConfiguration, "GetBucketObjectLockConfiguration", true, true, {A::policy_read}},
    PermissionRow{P::PutBucketVersioning, "PutBucketVersioning", true, false, {A::policy_write}},
    PermissionRow{P::PutBucketTagging, "PutBucketTagging", true, false, {A::policy_write}},
    PermissionRow{P::PutBucketCORS, "PutBucketCORS", true, false, {A::policy_write}},
    PermissionRow{P::PutLifecycleConfiguration, "PutLifecycleConfiguration", true, false, {A::policy_write}},
    PermissionRow{P::PutBucketObjectLockConfiguration,
                  "PutBucketObjectLockConfiguration",
                  true,
                  false,
                  {A::policy_write, A::hold}},
    PermissionRow{P::DeleteBucket, "DeleteBucket", true, false, {A::delete_bucket}},
};
static_assert(kPermissions.size() + 1 == static_cast<std::size_t>(Permission::count_));

const PermissionRow& row_of(Permission permission) {
  return kPermissions.at(static_cast<std::size_t>(permission) - 1);  // `none` has no row
}
std::size_t bit_of(Permission permission) { return static_cast<std::size_t>(permission); }

bool stands_for(const PermissionRow& row, Action action) {
  return std::ranges::any_of(row.actions, [&](const std::optional<Action>& one) { return one == action; });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

tl::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::usage, "bucket_policy.malformed", std::move(message));
}

// ---- reading a document

constexpr std::size_t kStatementsMax = 100;
constexpr std::size_t kWordsMax = 200;  // of one list
constexpr std::string_view kArn = "arn:aws:s3:::";

// One word, or a list of them.
Result<std::vector<std::string>> words_of(const json::Value& value, std::string_view element) {
  std::vector<std::string> words;
  if (const std::string* one = value.as_text()) {
    words.push_back(*one);
  } else if (const json::Array* list = value.as_array()) {
    if (list->size() > kWordsMax) return malformed(std::string(element) + " has too many values");
    for (const json::Value& each : *list) {
      const std::string* word = each.as_text();
      if (word == nullptr) return malformed(std::string(element) + " must be a text or a list of texts");
      words.push_back(*word);
    }
  } else if (const bool* flag = value.as_bool(); flag != nullptr && element == "Condition") {
    words.emplace_back(*flag ? "true" : "false");
  } else {
    return malformed(std::string(element) + " must be a text or a list of texts");
  }
  if (words.empty()) return malformed(std::string(element) + " is empty");
  for (const std::string& word : words) {
    if (word.find("${") != std::string::npos) return malformed("Variables such as " + word + " are not done here");
  }
  return words;
}

Result<void> read_principals(const json::Value& value, Statement& statement, const BucketPolicy::FindPrincipal& find,
                             std::vector<std::pair<std::string, PrincipalId>>& named) {
  if (const std::string* all = value.as_text()) {
    if (*all != "*") return malformed("Principal must be \"*\" or name accounts under \"AWS\"");
    statement.is_for_all = true;
    return {};
  }
  const json::Members* kinds = value.as_members();
  if (kinds == nullptr || kinds->empty()) return malformed("Principal must be \"*\" or name accounts under \"AWS\"");
  for (const auto& [kind, names] : *kinds) {
    if (kind != "AWS" && kind != "CanonicalUser") {
      return malformed("Principals of the kind " + kind + " are not known here: only AWS and CanonicalUser");
    }
    ATOLL_ASSIGN(const auto words, words_of(names, "Principal"));
    for (const std::string& word : words) {
      if (word == "*" && kind == "AWS") {
        statement.is_for_all = true;
        continue;
      }
      std::string name = "id/" + word;
      if (kind == "AWS") {
        // arn:aws:iam::ACCOUNT:user/NAME; the number of the account means nothing here.
        const std::size_t user = word.find(":user/");
        if (!word.starts_with("arn:aws:iam:") || user == std::string::npos) {
          return malformed("Invalid principal in policy: " + word + " is not \"*\" or arn:aws:iam::…:user/NAME");
        }
        name = word.substr(user + 1);
      }
      const auto found = find(name);
      if (!found) return malformed("Invalid principal in policy: there is no account for " + word);
      statement.principals.push_back(*found);
      named.emplace_back(std::move(name), *found);
    }
  }
  return {};
}

bool is_about_policies(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "getbucketpolicy", "putbucketpolicy", "deletebucketpolicy", "getbucketpolicystatus",
      "getbucketacl",    "putbucketacl",    "getobjectacl",       "putobjectacl"};
  return std::ranges::find(kNames, name) != kNames.end();
}

// After the resources: each action that is named by itself needs one that it can be about.
Result<void> read_actions(const json::Value& value, Statement& statement) {
  ATOLL_ASSIGN(const auto words, words_of(value, "Action"));
  for (const std::string& word : words) {
    const std::string wanted = lower(word);
    const bool is_all = wanted == "*" || wanted == "s3:*";
    if (!is_all && !wanted.starts_with("s3:")) return malformed("Policy has invalid action: " + word);
    const std::string_view pattern = is_all ? "*" : std::string_view(wanted).substr(3);
    if (is_about_policies(pattern)) {
      return malformed("Policy has invalid action: " + word + ": who may use policies and lists is said by grants");
    }
    bool is_known = false;
    bool is_about_something = false;
    for (const PermissionRow& row : kPermissions) {
      if (!matches_pattern(lower(row.name), pattern)) continue;
      is_known = true;
      is_about_something =
          is_about_something || (row.is_of_bucket ? statement.holds_bucket : !statement.key_patterns.empty());
      statement.permissions.set(bit_of(row.permission));
    }
    if (!is_known) return malformed("Policy has invalid action: " + word + " is none that can be decided here");
    if (!is_about_something) return malformed("Action does not apply to any resource(s) in statement: " + word);
  }
  return {};
}

Result<void> read_resources(const json::Value& value, std::string_view bucket, Statement& statement) {
  ATOLL_ASSIGN(const auto words, words_of(value, "Resource"));
  for (const std::string& word : words) {
    if (!word.starts_with(kArn)) return malformed("Policy has invalid resource: " + word);
    const std::string_view rest = std::string_view(word).substr(kArn.size());
    const std::size_t slash = rest.find('/');
    if (rest.substr(0, slash) != bucket) {
      return malformed("Policy has invalid resource: " + word + " is not in this bucket");
    }
    if (slash == std::string_view::npos) {
      statement.holds_bucket = true;
    } else {
      statement.key_patterns.emplace_back(rest.substr(slash + 1));
    }
  }
  return {};
}

struct Operator {
  std::string_view name;
  bool is_negated;
  bool is_pattern;
  bool is_text;  // else an address, or true and false
};

Result<void> read_conditions(const json::Value& value, Statement& statement) {
  static constexpr std::array<Operator, 7> kOperators = {
      Operator{"Bool", false, false, false},          Operator{"IpAddress", false, false, false},
      Operator{"NotIpAddress", true, false, false},   Operator{"StringEquals", false, false, true},
      Operator{"StringNotEquals", true, false, true}, Operator{"StringLike", false, true, true},
      Operator{"StringNotLike", true, true, true}};
  const json::Members* operators = value.as_members();
  if (operators == nullptr) return malformed("Condition must be an object");
  for (const auto& [written, tests] : *operators) {
    const bool if_exists = written.ends_with("IfExists");
    const std::string_view name = std::string_view(written).substr(0, written.size() - (if_exists ? 8 : 0));
    const auto* const found = std::ranges::find(kOperators, name, &Operator::name);
    const json::Members* keys = tests.as_members();
    if (found == kOperators.end() || keys == nullptr) {
      return malformed("Conditions with " + written +
                       " are not done here: Bool, IpAddress, NotIpAddress, StringEquals, StringNotEquals, StringLike "
                       "and StringNotLike are");
    }
    for (const auto& [key, values] : *keys) {
      Condition condition;
      condition.is_negated = found->is_negated;
      condition.is_pattern = found->is_pattern;
      condition.holds_where_missing = if_exists || found->is_negated;
      const std::string lower_key = lower(key);
      if (lower_key == "aws:securetransport" && name == "Bool") {
        condition.key = Condition::Key::secure_transport;
      } else if (lower_key == "aws:sourceip" && name.ends_with("IpAddress")) {
        condition.key = Condition::Key::source_ip;
      } else if (lower_key == "s3:prefix" && found->is_text) {
        condition.key = Condition::Key::prefix;
      } else {
        return malformed(
            "The condition " + written + " " + key +
            " is not done here: Bool aws:SecureTransport, IpAddress aws:SourceIp and String… s3:prefix are");
      }
      ATOLL_ASSIGN(condition.values, words_of(values, "Condition"));
      for (std::string& one : condition.values) {
        if (condition.key == Condition::Key::source_ip && !is_in_network(one.substr(0, one.find('/')), one)) {
          return malformed("\"" + one + "\" is no address and no network");
        }
        if (condition.key != Condition::Key::secure_transport) continue;
        one = lower(one);
        if (one != "true" && one != "false") return malformed("aws:SecureTransport must be true or false");
      }
      statement.conditions.push_back(std::move(condition));
    }
  }
  return {};
}

bool asks_for_prefix(const Statement& statement) {
  return std::ranges::any_of(statement.conditions,
                             [](const Condition& one) { return one.key == Condition::Key::prefix; });
}

Result<void> check_fits(const Statement& statement) {
  bool is_reading = true;
  bool is_listing = false;
  for (const PermissionRow& row : kPermissions) {
    if (!statement.permissions.test(bit_of(row.permission))) continue;
    is_reading = is_reading && row.reads;
    is_listing = is_listing || stands_for(row, Action::list) || stands_for(row, Action::read_history);
  }
  if (!statement.denies && statement.is_for_all && !is_reading) {
    return malformed("\"*\" may be allowed to read and list only: name the accounts that may do more");
  }
  if (asks_for_prefix(statement) && !is_listing) return malformed("The condition s3:prefix needs an action that lists");
  return {};
}

// ---- deciding

enum class Holds : std::uint8_t { no, yes, unknown };

Holds holds_if(bool value) { return value ? Holds::yes : Holds::no; }

Holds ask_condition(const Condition& condition, const Who& who, Action action, const Resource& resource) {
  const auto any = [&](const auto& test) {
    return holds_if(std::ranges::any_of(condition.values, test) != condition.is_negated);
  };
  switch (condition.key) {
    case Condition::Key::secure_transport:
      if (!resource.is_secure) return Holds::unknown;
      return any([&](const std::string& one) { return (one == "true") == *resource.is_secure; });
    case Condition::Key::source_ip:
      if (!is_address(who.address)) return Holds::unknown;
      return any([&](const std::string& network) { return is_in_network(who.address, network); });
    case Condition::Key::prefix:
      if (action != Action::list && action != Action::read_history) return holds_if(condition.holds_where_missing);
      return any([&](const std::string& one) {
        return condition.is_pattern ? matches_pattern(resource.key, one) : resource.key == one;
      });
  }
  return Holds::unknown;
}

bool is_for(const Statement& statement, const Who& who) {
  return statement.is_for_all || (!who.principal.is_none() &&
                                  std::ranges::find(statement.principals, who.principal) != statement.principals.end());
}

// Some key below `prefix` may match.
bool may_match_below(std::string_view prefix, std::string_view pattern) {
  const std::string_view fixed = pattern.substr(0, pattern.find_first_of("*?"));
  return prefix.starts_with(fixed) || fixed.starts_with(prefix);
}

bool is_about(const Statement& statement, const PermissionRow& row, const Resource& resource) {
  if (row.is_of_bucket) return statement.holds_bucket;
  const bool is_many = resource.permission == Permission::none && (resource.is_prefix || resource.key.empty());
  return std::ranges::any_of(statement.key_patterns, [&](const std::string& pattern) {
    return is_many ? may_match_below(resource.key, pattern) : matches_pattern(resource.key, pattern);
  });
}

bool is_asked(const Statement& statement, Action action, const Resource& resource) {
  if (resource.permission != Permission::none) {
    return statement.permissions.test(bit_of(resource.permission)) &&
           is_about(statement, row_of(resource.permission), resource);
  }
  // Another door: its action may be several rights of S3, so it is not allowed by one of them, but denied by any.
  return statement.denies && std::ranges::any_of(kPermissions, [&](const PermissionRow& row) {
           return stands_for(row, action) && statement.permissions.test(bit_of(row.permission)) &&
                  is_about(statement, row, resource);
         });
}

bool reads_through_a_list(Permission permission) {
  return permission == Permission::GetObject || permission == Permission::GetObjectVersion;
}

bool lets_in(AccessList list, const Who& who) {
  return list == AccessList::public_read || (list == AccessList::authenticated_read && !who.principal.is_none());
}

}  // namespace

std::string_view name_of(Permission permission) {
  return permission == Permission::none ? std::string_view() : row_of(permission).name;
}

bool is_asked_for_by(Permission permission, Action action) {
  return permission != Permission::none && stands_for(row_of(permission), action);
}

std::string_view name_of(AccessList list) {
  switch (list) {
    case AccessList::owner_only: return "private";
    case AccessList::public_read: return "public-read";
    case AccessList::authenticated_read: return "authenticated-read";
    case AccessList::bucket_owner_read: return "bucket-owner-read";
    case AccessList::bucket_owner_full_control: return "bucket-owner-full-control";
  }
  return "private";
}

std::optional<AccessList> access_list_named(std::string_view name) {
  for (const AccessList list : {AccessList::owner_only, AccessList::public_read, AccessList::authenticated_read,
                                AccessList::bucket_owner_read, AccessList::bucket_owner_full_control}) {
    if (name_of(list) == name) return list;
  }
  return std::nullopt;
}

bool object_list_allows(AccessList list, Permission permission, const Who& who) {
  return reads_through_a_list(permission) && lets_in(list, who);
}

bool bucket_list_allows(AccessList list, Permission permission, const Who& who) {
  const bool lists = permission == Permission::ListBucket || permission == Permission::ListBucketVersions ||
                     permission == Permission::ListBucketMultipartUploads;
  return lists && lets_in(list, who);
}

Result<BucketPolicy> BucketPolicy::parse(std::string_view document, std::string_view bucket,
                                         const FindPrincipal& find) {
  if (document.size() > kBytesMax) return malformed("A policy has at most 20 KiB");
  auto root = json::Value::parse(document, {kBytesMax, 16, json::Repeats::refused});
  if (!root) return malformed("The policy is not valid JSON: " + root.error().message);
  if (root->as_members() == nullptr) return malformed("A policy is a JSON object");
  for (const auto& [name, value] : *root->as_members()) {
    if (name != "Version" && name != "Id" && name != "Statement") return malformed("Unknown field " + name);
  }
  const json::Value* version = root->find("Version");
  const std::string* year = version == nullptr ? nullptr : version->as_text();
  if (version != nullptr && (year == nullptr || (*year != "2012-10-17" && *year != "2008-10-17"))) {
    return malformed("Version must be 2012-10-17");
  }
  const json::Value* list = root->find("Statement");
  if (list == nullptr) return malformed("Missing required field Statement");
  json::Array statements;
  if (list->as_array() != nullptr) statements = *list->as_array();
  if (list->is_object()) statements.push_back(*list);
  if (statements.empty() || statements.size() > kStatementsMax) return malformed("A policy has 1 to 100 statements");

  BucketPolicy policy;
  for (const json::Value& one : statements) {
    if (one.as_members() == nullptr) return malformed("A statement is a JSON object");
    for (const auto& [name, value] : *one.as_members()) {
      static constexpr std::array<std::string_view, 6> kFields = {"Sid",    "Effect",   "Principal",
                                                                  "Action", "Resource", "Condition"};
      if (std::ranges::find(kFields, name) == kFields.end()) return malformed(name + " is not done here");
    }
    Statement statement;
    const json::Value* effect = one.find("Effect");
    const std::string* word = effect == nullptr ? nullptr : effect->as_text();
    if (word == nullptr || (*word != "Allow" && *word != "Deny")) return malformed("Effect must be Allow or Deny");
    statement.denies = *word == "Deny";
    for (const char* needed : {"Principal", "Action", "Resource"}) {
      if (one.find(needed) == nullptr) return malformed("Missing required field " + std::string(needed));
    }
    ATOLL_TRY(read_principals(*one.find("Principal"), statement, find, policy.named_));
    ATOLL_TRY(read_resources(*one.find("Resource"), bucket, statement));
    ATOLL_TRY(read_actions(*one.find("Action"), statement));
    if (const json::Value* conditions = one.find("Condition")) ATOLL_TRY(read_conditions(*conditions, statement));
    ATOLL_TRY(check_fits(statement));
    policy.statements_.push_back(std::move(statement));
  }
  return policy;
}

BucketPolicy BucketPolicy::deny_all() {
  BucketPolicy policy;
  Statement& statement = policy.statements_.emplace_back();
  statement.denies = true;
  statement.is_for_all = true;
  statement.permissions.set();
  statement.holds_bucket = true;
  statement.key_patterns.emplace_back("*");
  return policy;
}

PolicySays BucketPolicy::ask(const Who& who, Action action, const Resource& resource) const {
  PolicySays says = PolicySays::nothing;
  for (const Statement& statement : statements_) {
    if (!is_for(statement, who) || !is_asked(statement, action, resource)) continue;
    const bool holds = std::ranges::all_of(statement.conditions, [&](const Condition& condition) {
      const Holds answer = ask_condition(condition, who, action, resource);
      return answer == Holds::yes || (answer == Holds::unknown && statement.denies);
    });
    if (!holds) continue;
    if (statement.denies) return PolicySays::denied;
    says = PolicySays::allowed;
  }
  return says;
}

std::vector<std::string> BucketPolicy::denied_patterns(const Who& who, std::span<const Action> actions) const {
  std::vector<std::string> patterns;
  for (const Statement& statement : statements_) {
    if (!statement.denies || !is_for(statement, who)) continue;
    for (const PermissionRow& row : kPermissions) {
      if (!statement.permissions.test(bit_of(row.permission))) continue;
      for (const Action action : actions) {
        if (!stands_for(row, action)) continue;
        if (!row.is_of_bucket) {
          patterns.insert(patterns.end(), statement.key_patterns.begin(), statement.key_patterns.end());
        } else if (statement.holds_bucket && asks_for_prefix(statement)) {
          patterns.emplace_back("?*");
        }
      }
    }
  }
  std::ranges::sort(patterns);
  const auto again = std::ranges::unique(patterns);
  patterns.erase(again.begin(), again.end());
  return patterns;
}

bool BucketPolicy::is_public() const {
  return std::ranges::any_of(statements_, [](const Statement& statement) {
    const bool is_bound = std::ranges::any_of(statement.conditions, [](const Condition& one) {
      return one.key == Condition::Key::source_ip && !one.is_negated;
    });
    return !statement.denies && statement.is_for_all && !is_bound;
  });
}

// ---- as it is stored

namespace {
constexpr std::string_view kSettingPrefix = "bucket_access.";
}  // namespace

std::string setting_name(const VaultId& vault, std::string_view bucket) {
  return std::string(kSettingPrefix) + vault.text() + "." + std::string(bucket);
}

std::optional<BucketName> bucket_of_setting(std::string_view name) {
  if (!name.starts_with(kSettingPrefix)) return std::nullopt;
  const std::string_view rest = name.substr(kSettingPrefix.size());
  const std::size_t dot = rest.find('.');
  const auto vault = VaultId::parse(rest.substr(0, dot));
  if (!vault || dot == std::string_view::npos) return std::nullopt;
  return BucketName{*vault, std::string(rest.substr(dot + 1))};
}

std::string encode(const BucketAccess& access) {
  json::Value value;
  value.set("bucket", access.bucket.text());
  value.set("list", name_of(access.list));
  value.set("policy", access.policy);
  json::Value named = json::Value::object();
  for (const auto& [word, principal] : access.named) named.set(word, principal.text());
  value.set("named", std::move(named));
  return value.text();
}

Result<BucketAccess> decode_bucket_access(std::string_view text) {
  ATOLL_ASSIGN(const json::Value value, json::Value::parse(text));
  BucketAccess access;
  ATOLL_ASSIGN(const std::string bucket, value.text_of("bucket"));
  ATOLL_ASSIGN(access.bucket, BucketId::parse(bucket));
  ATOLL_ASSIGN(const std::string list, value.text_of("list", "private"));
  const auto known = access_list_named(list);
  if (!known) return fail(ErrorKind::unsupported, "bucket_access.newer", "there is no access list \"" + list + "\"");
  access.list = *known;
  ATOLL_ASSIGN(access.policy, value.text_of("policy"));
  ATOLL_ASSIGN(const auto named, value.texts_of("named"));
  for (const auto& [word, id] : named) {
    ATOLL_ASSIGN(const PrincipalId principal, PrincipalId::parse(id));
    access.named.emplace_back(word, principal);
  }
  return access;
}

bool matches_pattern(std::string_view text, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t from = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      from = at;
    } else if (in < pattern.size() && (pattern[in] == '?' || pattern[in] == text[at])) {
      ++in;
      ++at;
    } else if (star != std::string_view::npos) {
      in = star + 1;  // the star takes one more
      at = ++from;
    } else {
      return false;
    }
  }
  while (in < pattern.size() && pattern[in] == '*') ++in;
  return in == pattern.size();
}

}  // namespace atl::access
