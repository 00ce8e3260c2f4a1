#include "edge/s3/access_lists.h"

#include <algorithm>
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

}  // namespace

Result<AccessList> parse_canned_list(std::string_view name) {
  if (const auto known = access::access_list_named(name)) return *known;
  if (name == "public-read-write" || name == "aws-exec-read" || name == "log-delivery-write") {
    return fail(Code::NotImplemented,
                "The list " + std::string(name) + " is not done here: nobody stores anything without an account");
  }
  return fail(Code::InvalidArgument, "There is no canned list \"" + std::string(name.substr(0, 40)) + "\"");
}

Result<AccessList> read_access_list(std::string_view document, const Owners& owners) {
  const auto root = xml::read(document);
  if (!root || root->name != "AccessControlPolicy") {
    return fail(Code::MalformedACLError, "An AccessControlPolicy is needed");
  }
  const xml::Element* list = root->child("AccessControlList");
  if (root->child("Owner") == nullptr || list == nullptr) {
    return fail(Code::MalformedACLError, "Owner and AccessControlList are needed");
  }
  const std::string own = canonical_id(owners.own);
  const std::string of_bucket = canonical_id(owners.bucket);
  std::optional<AccessList> found;
  const auto add = [&](AccessList one) -> Result<void> {
    if (found && *found != one) return cannot_grant("More than one group or account besides the owner");
    found = one;
    return {};
  };
  for (const xml::Element& grant : list->children) {
    const xml::Element* grantee = grant.child("Grantee");
    const std::string_view permission = grant.text_of("Permission");
    if (grant.name != "Grant" || grantee == nullptr || permission.empty()) {
      return fail(Code::MalformedACLError, "A Grant needs Grantee and Permission");
    }
    const std::string_view group = grantee->text_of("URI");
    const std::string_view id = grantee->text_of("ID");
    if (!group.empty()) {
      if (group != kAllUsers && group != kAuthenticatedUsers) return cannot_grant("Anything to " + std::string(group));
      if (permission != "READ") return cannot_grant("More than READ to a group");
      ATOLL_TRY(add(group == kAllUsers ? AccessList::public_read : AccessList::authenticated_read));
    } else if (id.empty()) {
      return cannot_grant("Anything to an address of mail");
    } else if (id == own) {
      continue;  // the owner's rights are what grants say
    } else if (id == of_bucket && permission == "READ") {
      ATOLL_TRY(add(AccessList::bucket_owner_read));
    } else if (id == of_bucket && permission == "FULL_CONTROL") {
      ATOLL_TRY(add(AccessList::bucket_owner_full_control));
    } else {
      return cannot_grant(std::string(permission.substr(0, 40)) + " to another account");
    }
  }
  return found.value_or(AccessList::owner_only);
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
