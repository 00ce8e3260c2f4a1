#include "edge/s3/access_lists.h"

#include <algorithm>
#include <array>
#include <optional>

#include "edge/s3/errors.h"
#include "edge/s3/internal/exchange.h"

namespace atl::s3 {
namespace {

using access::AccessList;
using access::canonical_id;

constexpr std::string_view kInstance = "http://www.w3.org/2001/XMLSchema-instance";
constexpr std::string_view kAllUsers = "http://acs.amazonaws.com/groups/global/AllUsers";
constexpr std::string_view kAuthenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

tl::unexpected<Error> cannot_grant(std::string_view what) {
  return fail(Code::NotImplemented,
              std::string(what) + " cannot be granted by a list: grants of accounts and bucket policies can");
}

void write_person(xml::Writer& writer, std::string_view name, std::string_view permission) {
  writer.begin("Grant").begin("Grantee").attribute("xmlns:xsi", kInstance).attribute("xsi:type", "CanonicalUser");
  writer.element("ID", canonical_id(name)).element("DisplayName", name).end();
  writer.element("Permission", permission).end();
}

void write_group(xml::Writer& writer, std::string_view group) {
  writer.begin("Grant").begin("Grantee").attribute("xmlns:xsi", kInstance).attribute("xsi:type", "Group");
  writer.element("URI", group).end().element("Permission", "READ").end();
}

// One grant as a list writes it: to a group by its address, or to an account by its id.
struct Grant {
  std::string_view group;
  std::string_view id;
  std::string_view permission;
};

// The canned list that grants so, and nothing else.
class ListOfGrants {
 public:
  explicit ListOfGrants(const Owners& owners) : own_(canonical_id(owners.own)), bucket_(canonical_id(owners.bucket)) {}
  Result<void> add(const Grant& grant) {
    const auto& [group, id, permission] = grant;
    if (!group.empty()) {
      if (group != kAllUsers && group != kAuthenticatedUsers) return cannot_grant("Anything to " + std::string(group));
      if (permission != "READ") return cannot_grant("More than READ to a group");
      return set(group == kAllUsers ? AccessList::public_read : AccessList::authenticated_read);
    }
    if (id.empty()) return cannot_grant("Anything to an address of mail");
    if (id == own_) return {};  // the owner's rights are what grants say
    if (id == bucket_ && permission == "READ") return set(AccessList::bucket_owner_read);
    if (id == bucket_ && permission == "FULL_CONTROL") return set(AccessList::bucket_owner_full_control);
    return cannot_grant(std::string(permission.substr(0, 40)) + " to another account");
  }
  [[nodiscard]] AccessList list() const { return found_.value_or(AccessList::owner_only); }

 private:
  Result<void> set(AccessList one) {
    if (found_ && *found_ != one) return cannot_grant("More than one group or account besides the owner");
    found_ = one;
    return {};
  }
  std::string own_;
  std::string bucket_;
  std::optional<AccessList> found_;
};

// The value of x-amz-acl.
Result<AccessList> parse_canned_list(std::string_view name) {
  if (const auto known = access::access_list_named(name)) return *known;
  if (name == "public-read-write" || name == "aws-exec-read" || name == "log-delivery-write") {
    return fail(Code::NotImplemented,
                "The list " + std::string(name) + " is not done here: nobody stores anything without an account");
  }
  return fail(Code::InvalidArgument, "There is no canned list \"" + std::string(name.substr(0, 40)) + "\"");
}

// id="…", uri="…" or emailAddress="…", more of them behind commas.
Result<void> add_grantees(std::string_view value, std::string_view permission, ListOfGrants& list) {
  while (!value.empty()) {
    const std::size_t equals = value.find('=');
    const std::string_view kind = net::trim_blanks(value.substr(0, equals));
    std::string_view rest = equals == std::string_view::npos ? "" : net::trim_blanks(value.substr(equals + 1));
    const bool is_quoted = rest.starts_with('"');
    if (is_quoted) rest.remove_prefix(1);
    const std::size_t end = rest.find(is_quoted ? '"' : ',');
    if (is_quoted && end == std::string_view::npos)
      return fail(Code::InvalidArgument, "A quotation mark of a grant is not closed");
    const std::string_view grantee = net::trim_blanks(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end == std::string_view::npos ? end : end + (is_quoted ? 1 : 0)));
    rest = net::trim_blanks(rest);
    if (grantee.empty() || (!rest.empty() && !rest.starts_with(',')))
      return fail(Code::InvalidArgument, "A grant in a header reads id=\"…\" or uri=\"…\", with commas between");
    Grant grant{{}, {}, permission};
    if (net::equal_ignoring_case(kind, "uri")) {
      grant.group = grantee;
    } else if (net::equal_ignoring_case(kind, "id")) {
      grant.id = grantee;
    } else if (!net::equal_ignoring_case(kind, "emailAddress")) {
      return fail(Code::InvalidArgument, "A grant goes to an id, a uri or an emailAddress");
    }
    ATOLL_TRY(list.add(grant));
    value = net::trim_blanks(rest.substr(std::min<std::size_t>(1, rest.size())));
  }
  return {};
}

}  // namespace

Result<AccessList> read_access_list(std::string_view document, const Owners& owners) {
  const auto root = xml::read(document);
  if (!root || root->name != "AccessControlPolicy") {
    return fail(Code::MalformedACLError, "An AccessControlPolicy is needed");
  }
  const xml::Element* list = root->child("AccessControlList");
  if (root->child("Owner") == nullptr || list == nullptr) {
    return fail(Code::MalformedACLError, "Owner and AccessControlList are needed");
  }
  ListOfGrants found(owners);
  for (const xml::Element& grant : list->children) {
    const xml::Element* grantee = grant.child("Grantee");
    const std::string_view permission = grant.text_of("Permission");
    if (grant.name != "Grant" || grantee == nullptr || permission.empty()) {
      return fail(Code::MalformedACLError, "A Grant needs Grantee and Permission");
    }
    ATOLL_TRY(found.add({grantee->text_of("URI"), grantee->text_of("ID"), permission}));
  }
  return found.list();
}

Result<std::optional<AccessList>> read_list_headers(const net::Headers& headers, const FindOwners& owners) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kGrants{{
      {"x-amz-grant-read", "READ"},
      {"x-amz-grant-write", "WRITE"},
      {"x-amz-grant-read-acp", "READ_ACP"},
      {"x-amz-grant-write-acp", "WRITE_ACP"},
      {"x-amz-grant-full-control", "FULL_CONTROL"},
  }};
  const auto canned = headers.get("x-amz-acl");
  std::optional<ListOfGrants> granted;
  for (const auto& [name, permission] : kGrants) {
    const auto value = headers.joined(name);
    if (!value || value->empty()) continue;
    if (canned) return fail(Code::InvalidRequest, "x-amz-acl and grants in headers exclude each other");
    if (!granted) {
      ATOLL_ASSIGN(const Owners found, owners());
      granted.emplace(found);
    }
    ATOLL_TRY(add_grantees(*value, permission, *granted));
  }
  if (granted) return granted->list();
  if (!canned || canned->empty()) return std::optional<AccessList>();
  ATOLL_ASSIGN(const AccessList list, parse_canned_list(*canned));
  return std::optional(list);
}

std::string access_list_document(AccessList list, const Owners& owners) {
  xml::Writer writer;
  writer.begin("AccessControlPolicy", kNamespace);
  write_owner(writer, "Owner", owners.own);
  writer.begin("AccessControlList");
  write_person(writer, owners.own, "FULL_CONTROL");
  const bool is_others = owners.bucket != owners.own;
  switch (list) {
    case AccessList::owner_only: break;
    case AccessList::public_read: write_group(writer, kAllUsers); break;
    case AccessList::authenticated_read: write_group(writer, kAuthenticatedUsers); break;
    case AccessList::bucket_owner_read:
      if (is_others) write_person(writer, owners.bucket, "READ");
      break;
    case AccessList::bucket_owner_full_control:
      if (is_others) write_person(writer, owners.bucket, "FULL_CONTROL");
      break;
  }
  writer.end().end();
  return writer.finish();
}

}  // namespace atl::s3
