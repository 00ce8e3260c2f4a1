// What can be changed of an object without a new version: tags, retention, legal hold.
#include "edge/s3/documents.h"
#include "edge/s3/internal/exchange.h"
#include "edge/s3/internal/object_headers.h"

namespace atl::s3 {
namespace {

using catalog::LockMode;
using catalog::VersionTermsRow;

void write_version_id(const Chosen& chosen, net::Response& response) {
  if (chosen.state.was_ever_versioned()) {
    response.headers.add("x-amz-version-id", version_text(chosen.version.id, chosen.version.has_id));
  }
}

Result<void> require_lockable(const Chosen& chosen) {
  if (chosen.state.has_object_lock()) return {};
  return fail(Code::InvalidRequest, "The bucket has no object lock");
}

}  // namespace

Result<Chosen> find_version(Exchange& exchange) {
  ATOLL_TRY(exchange.require(exchange.operation->action));
  ChoiceFailure failure;
  auto chosen = choose_version(exchange, failure);
  if (!chosen && failure.is_marker && exchange.parameter("versionId")) return fail(Code::MethodNotAllowed);
  return chosen;
}

Result<catalog::VersionTermsRow> terms_of(catalog::CatalogReader& reader, const catalog::VersionRow& version) {
  catalog::VersionTermsRow named;
  named.object = version.object;
  named.version = version.version;
  ATOLL_ASSIGN(auto row, reader.one<catalog::VersionTermsRow>(catalog::key_of(named)));
  return row.value_or(named);
}

// Reads the version anew in the state that the command is built on.
Result<void> change_version(Exchange& exchange, const Chosen& chosen,
                            const std::function<Result<void>(const vault::CommitContext&, vault::ChangeSet&,
                                                             catalog::VersionRow&, catalog::EntryRow&)>& change) {
  ATOLL_TRY(exchange.vault->commit(
      journal::CommandKind::tag_objects,
      [&](const vault::CommitContext& context, vault::ChangeSet& changes) -> Result<void> {
        ATOLL_ASSIGN(auto version, context.state.version(chosen.version.row.object, chosen.version.row.version));
        ATOLL_ASSIGN(auto entry, context.state.entry(chosen.state.bucket.id, exchange.key));
        if (!version || !entry || entry->object != version->object) return fail(Code::NoSuchVersion);
        return change(context, changes, *version, *entry);
      }));
  return {};
}

Answer object_tagging(Exchange& exchange) {
  ATOLL_ASSIGN(const Chosen chosen, find_version(exchange));
  if (exchange.operation->operation == Operation::GetObjectTagging) {
    xml::Writer writer;
    writer.begin("Tagging", kNamespace).begin("TagSet");
    for (const auto& [name, value] : chosen.version.row.tags) {
      writer.begin("Tag").element("Key", name).element("Value", value).end();
    }
    writer.end().end();
    net::Response response = xml_response(writer.finish());
    write_version_id(chosen, response);
    return response;
  }
  Tags tags;
  const bool is_put = exchange.operation->operation == Operation::PutObjectTagging;
  if (is_put) {
    ATOLL_ASSIGN(const std::string document, read_document(exchange));
    ATOLL_ASSIGN(tags, read_tagging(document, kObjectTagsMax));
  }
  ATOLL_TRY(change_version(exchange, chosen,
                           [&](const vault::CommitContext&, vault::ChangeSet& changes, catalog::VersionRow& version,
                               catalog::EntryRow& entry) -> Result<void> {
                             version.tags = tags;
                             changes.put(chosen.state.bucket.domain, entry);
                             changes.put(chosen.state.bucket.domain, version);
                             return {};
                           }));
  net::Response response = empty_response(is_put ? 200 : 204);
  write_version_id(chosen, response);
  return response;
}

Answer object_retention(Exchange& exchange) {
  ATOLL_ASSIGN(const Chosen chosen, find_version(exchange));
  ATOLL_TRY(require_lockable(chosen));
  if (exchange.operation->operation == Operation::GetObjectRetention) {
    ATOLL_ASSIGN(const VersionTermsRow lock, terms_of(*exchange.vault->reader(), chosen.version.row));
    if (lock.mode == LockMode::none) return fail(Code::NoSuchObjectLockConfiguration);
    xml::Writer writer;
    writer.begin("Retention", kNamespace).element("Mode", name_of(lock.mode));
    writer.element("RetainUntilDate", format_time(lock.until)).end();
    return xml_response(writer.finish());
  }
  ATOLL_ASSIGN(const std::string document, read_document(exchange));
  ATOLL_ASSIGN(const RetentionDocument wanted, read_retention(document));
  const bool wants_bypass = net::equal_ignoring_case(exchange.header_or("x-amz-bypass-governance-retention"), "true");
  if (wants_bypass) ATOLL_TRY(exchange.require(access::Action::bypass_retention));
  ATOLL_TRY(change_version(exchange, chosen,
                           [&](const vault::CommitContext& context, vault::ChangeSet& changes,
                               catalog::VersionRow& version, catalog::EntryRow& entry) -> Result<void> {
                             ATOLL_ASSIGN(VersionTermsRow lock, terms_of(context.state, version));
                             const bool is_longer = wanted.until >= lock.until && wanted.mode >= lock.mode;
                             if (lock.mode != LockMode::none && lock.until > context.commit_time && !is_longer) {
                               if (lock.mode == LockMode::compliance || !wants_bypass) {
                                 return fail(Code::AccessDenied, "The retention that is there can be made longer only");
                               }
                             }
                             if (wanted.mode != LockMode::none && wanted.until <= context.commit_time) {
                               return fail(Code::InvalidArgument, "The retain until date must be in the future");
                             }
                             lock.mode = wanted.mode;
                             lock.until = wanted.until;
                             changes.put(lock);
                             changes.put(chosen.state.bucket.domain, entry);
                             return {};
                           }));
  return empty_response(200);
}

Answer object_legal_hold(Exchange& exchange) {
  ATOLL_ASSIGN(const Chosen chosen, find_version(exchange));
  ATOLL_TRY(require_lockable(chosen));
  if (exchange.operation->operation == Operation::GetObjectLegalHold) {
    ATOLL_ASSIGN(const VersionTermsRow lock, terms_of(*exchange.vault->reader(), chosen.version.row));
    xml::Writer writer;
    writer.begin("LegalHold", kNamespace).element("Status", lock.is_held ? "ON" : "OFF").end();
    return xml_response(writer.finish());
  }
  ATOLL_ASSIGN(const std::string document, read_document(exchange));
  ATOLL_ASSIGN(const bool is_held, read_legal_hold(document));
  if (!is_held) ATOLL_TRY(exchange.require(access::Action::bypass_retention));
  ATOLL_TRY(change_version(exchange, chosen,
                           [&](const vault::CommitContext& context, vault::ChangeSet& changes,
                               catalog::VersionRow& version, catalog::EntryRow& entry) -> Result<void> {
                             ATOLL_ASSIGN(VersionTermsRow lock, terms_of(context.state, version));
                             lock.is_held = is_held;
                             changes.put(lock);
                             changes.put(chosen.state.bucket.domain, entry);
                             return {};
                           }));
  return empty_response(200);
}

}  // namespace atl::s3
