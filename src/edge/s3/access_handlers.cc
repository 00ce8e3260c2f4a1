// Who may use a bucket and what lies in it, beside grants: its policy, its access list, those of its objects. Policies
// and lists of buckets stand in the vault `control`, where decisions are made; lists of objects beside their versions.
#include "edge/s3/access_lists.h"
#include "edge/s3/internal/exchange.h"
#include "edge/s3/internal/object_headers.h"

namespace atl::s3 {
namespace {

using access::AccessList;
using access::BucketAccess;

// What is said of this bucket; of an earlier one of its name nothing counts.
BucketAccess said_of(const Exchange& exchange, const vault::BucketState& state) {
  const auto* rules = exchange.view->bucket_rules(exchange.vault_id, exchange.bucket);
  return rules != nullptr && rules->said.bucket == state.bucket.id ? rules->said : BucketAccess{};
}

Result<vault::BucketState> find_bucket(Exchange& exchange) {
  ATOLL_TRY(exchange.require(exchange.operation->action, exchange.bucket, ""));
  return vault::bucket_state(*exchange.vault->reader(), exchange.bucket);
}

// From the headers, else from the document.
Result<AccessList> wanted_list(Exchange& exchange, const Owners& owners) {
  ATOLL_TRY(check_headers(exchange));
  ATOLL_ASSIGN(const std::string document, read_document(exchange));
  ATOLL_ASSIGN(const auto said,
               read_list_headers(exchange.request.headers, [&]() -> Result<Owners> { return owners; }));
  if (said && !document.empty()) {
    return fail(Code::InvalidRequest, "A list in the headers and one in the body exclude each other");
  }
  if (said) return *said;
  if (document.empty()) return fail(Code::MalformedACLError, "There is a list neither in the headers nor in the body");
  return read_access_list(document, owners);
}

}  // namespace

std::string owner_of(const vault::BucketState& state) {
  return state.settings && !state.settings->owner.empty() ? state.settings->owner : "owner";
}

Result<void> set_bucket_list(const Exchange& exchange, const BucketId& bucket, AccessList list) {
  return exchange.context.access->change_bucket_access(exchange.who, exchange.vault_id, exchange.bucket, bucket,
                                                       [&](BucketAccess& said) -> Result<void> {
                                                         said.list = list;
                                                         return {};
                                                       });
}

Answer bucket_policy(Exchange& exchange) {
  ATOLL_ASSIGN(const vault::BucketState state, find_bucket(exchange));
  const BucketAccess said = said_of(exchange, state);
  switch (exchange.operation->operation) {
    case Operation::GetBucketPolicy: {
      if (said.policy.empty()) return fail(Code::NoSuchBucketPolicy);
      net::Response response;
      response.headers.add("Content-Type", "application/json");
      response.body = said.policy;
      return response;
    }
    case Operation::GetBucketPolicyStatus: {
      if (said.policy.empty()) return fail(Code::NoSuchBucketPolicy);
      const auto* rules = exchange.view->bucket_rules(exchange.vault_id, exchange.bucket);
      xml::Writer writer;
      writer.begin("PolicyStatus", kNamespace);
      writer.element("IsPublic", rules->policy.is_public() ? "true" : "false").end();
      return xml_response(writer.finish());
    }
    default: break;
  }
  std::string document;
  std::vector<std::pair<std::string, PrincipalId>> named;
  if (exchange.operation->operation == Operation::PutBucketPolicy) {
    ATOLL_ASSIGN(document, read_document(exchange));
    ATOLL_ASSIGN(const auto policy, exchange.context.access->read_policy(document, exchange.bucket));
    named = policy.named();
  }
  ATOLL_TRY(exchange.context.access->change_bucket_access(exchange.who, exchange.vault_id, exchange.bucket,
                                                          state.bucket.id, [&](BucketAccess& now) -> Result<void> {
                                                            now.policy = document;
                                                            now.named = named;
                                                            return {};
                                                          }));
  return empty_response(204);
}

Answer bucket_acl(Exchange& exchange) {
  ATOLL_ASSIGN(const vault::BucketState state, find_bucket(exchange));
  const Owners owners{owner_of(state), owner_of(state)};
  if (exchange.operation->operation == Operation::GetBucketAcl) {
    return xml_response(access_list_document(said_of(exchange, state).list, owners));
  }
  ATOLL_ASSIGN(const AccessList list, wanted_list(exchange, owners));
  ATOLL_TRY(set_bucket_list(exchange, state.bucket.id, list));
  return empty_response(200);
}

Answer object_acl(Exchange& exchange) {
  ATOLL_ASSIGN(const Chosen chosen, find_version(exchange));
  const std::string& actor = chosen.version.row.actor;
  const Owners owners{actor.empty() ? "owner" : actor, owner_of(chosen.state)};
  if (exchange.operation->operation == Operation::GetObjectAcl) {
    ATOLL_ASSIGN(const auto terms, terms_of(*exchange.vault->reader(), chosen.version.row));
    return xml_response(
        access_list_document(access::access_list_named(terms.access_list).value_or(AccessList::owner_only), owners));
  }
  ATOLL_ASSIGN(const AccessList list, wanted_list(exchange, owners));
  ATOLL_TRY(change_version(exchange, chosen,
                           [&](const vault::CommitContext& context, vault::ChangeSet& changes,
                               catalog::VersionRow& version, catalog::EntryRow& entry) -> Result<void> {
                             ATOLL_ASSIGN(auto terms, terms_of(context.state, version));
                             terms.access_list = name_of(list);
                             changes.put(terms);
                             changes.put(chosen.state.bucket.domain, entry);
                             return {};
                           }));
  return empty_response(200);
}

}  // namespace atl::s3
