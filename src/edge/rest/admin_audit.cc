// The record of what was asked and read: looked at, checked, summed up; and alarms.
#include "edge/rest/admin_facts.h"
#include "edge/rest/groups.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

Result<access::AuditQuery> query_of(const Call& call) {
  access::AuditQuery query;
  query.actor = call.text("actor");
  query.action = call.text("action");
  query.bucket = call.text("bucket");
  query.address = call.text("address");
  query.only_denied = call.flag("denied");
  ATOLL_ASSIGN(const auto since, since_of(call));
  if (since) query.since = *since;
  if (call.has("until")) {
    const auto until = parse_rfc3339(call.text("until"));
    if (!until) return fail(ErrorKind::usage, "http.bad_query", "`until` takes a time: 2026-11-13T09:00:00Z");
    query.until.unix_us = until->seconds * 1'000'000 + until->nanoseconds / 1000;
  }
  return query;
}

Value record_json(const catalog::AuditRecord& record) {
  Value out = Value::object();
  out.set("time", format_rfc3339(record.time)).set("actor", record.actor).set("address", record.address);
  out.set("request_id", record.request_id).set("action", record.action);
  if (!record.vault.is_none()) out.set("vault", record.vault.text());
  if (!record.bucket.empty()) out.set("bucket", record.bucket);
  if (!record.key.empty()) set_name(out, "key", record.key);
  out.set("is_allowed", record.is_allowed).set("reason", record.reason);
  return out.set("count", record.count).set("bytes", record.bytes);
}

// Position: microseconds of the last record, and how many records of that moment were given already.
Result<net::Response> list_records(Call& call) {
  ATOLL_ASSIGN(auto query, query_of(call));
  ATOLL_ASSIGN(const std::string position, position_of(call));
  std::uint64_t seen = 0;
  std::uint64_t skip = 0;
  if (!position.empty()) {
    const std::size_t colon = position.find(':');
    query.since.unix_us = std::strtoll(position.c_str(), nullptr, 10);
    if (colon != std::string::npos) skip = std::strtoull(position.c_str() + colon + 1, nullptr, 10);
  }
  ATOLL_TRY(accounts_of(call).audit().flush());
  const std::uint64_t limit = call.number("limit", kPageMax);
  Value list = Value::array();
  Value out = Value::object();
  Timestamp at{INT64_MIN};
  bool is_first = !position.empty();
  ATOLL_TRY(accounts_of(call).audit().for_each(query, [&](const catalog::AuditRecord& record) -> Result<bool> {
    if (is_first && record.time == query.since && skip > 0) {
      --skip;
      ++seen;
      at = record.time;
      return true;
    }
    is_first = false;
    if (list.as_array()->size() == limit) {
      out.set("next_cursor", make_cursor(call, std::to_string(at.unix_us) + ":" + std::to_string(seen)));
      return false;
    }
    seen = record.time == at ? seen + 1 : 1;
    at = record.time;
    list.push(record_json(record));
    return true;
  }));
  return ok(out.set("records", std::move(list)));
}

Result<net::Response> verify_records(Call& call) {
  ATOLL_TRY(accounts_of(call).audit().flush());
  ATOLL_ASSIGN(const auto report, accounts_of(call).audit().verify());
  Value out = Value::object();
  out.set("is_clean", !report.first_broken.has_value()).set("batches", report.batches).set("records", report.records);
  if (report.first_broken) out.set("first_broken", *report.first_broken).set("what", report.what);
  return ok(out);
}

Value counts_json(const std::map<std::string, std::uint64_t>& counts) {
  Value out = Value::array();
  for (const auto& [name, count] : counts) out.push(Value::object().set("name", name).set("count", count));
  return out;
}

Result<net::Response> report_records(Call& call) {
  ATOLL_ASSIGN(const auto query, query_of(call));
  ATOLL_TRY(accounts_of(call).audit().flush());
  ATOLL_ASSIGN(const auto report, accounts_of(call).audit().report(query));
  Value out = Value::object();
  out.set("records", report.records).set("denied", report.denied).set("failed_sign_ins", report.failed_sign_ins);
  out.set("by_actor", counts_json(report.by_actor)).set("by_action", counts_json(report.by_action));
  out.set("denied_by_actor", counts_json(report.denied_by_actor));
  out.set("failed_by_address", counts_json(report.failed_by_address));
  set_time(out, "first", report.first);
  set_time(out, "last", report.last);
  return ok(out);
}

std::vector<Parameter> filters() {
  return {{"actor", ParameterType::text, "By this account."},
          {"action", ParameterType::text, "Only this: an action, sign_in."},
          {"bucket", ParameterType::text, "In this bucket."},
          {"address", ParameterType::text, "From this address."},
          {"since", ParameterType::text, "From this time on: 2026-11-13, or 3d (ago)."},
          {"until", ParameterType::text, "Up to this time."},
          {"denied", ParameterType::flag, "Only what was refused."}};
}

}  // namespace

std::vector<Operation> audit_operations() {
  const std::vector<Guard> reads{{Action::audit_read, Place::home}};
  auto list = filters();
  list.push_back(limit_parameter());
  list.push_back(cursor_parameter());
  return {
      {.id = "audit_list",
       .method = "GET",
       .path = "/api/v1/audit",
       .tag = "audit",
       .words = "Who read what, signed in, or was refused, in order of time.\nWho changed what stands in the logs of "
                "the vaults.",
       .guards = reads,
       .query = list,
       .answers = {{200, "AuditList", "A page."}},
       .handler = list_records},
      {.id = "audit_verify",
       .method = "POST",
       .path = "/api/v1/audit/verify",
       .tag = "audit",
       .words = "Checks that no record was changed, removed or inserted.",
       .guards = reads,
       .answers = {{200, "AuditVerified", "What was found."}},
       .handler = verify_records},
      {.id = "audit_report",
       .method = "GET",
       .path = "/api/v1/audit/report",
       .tag = "audit",
       .words = "The records summed up.",
       .guards = reads,
       .query = filters(),
       .answers = {{200, "AuditReport", "Counts."}},
       .handler = report_records},
  };
}

std::vector<NamedSchema> audit_schemas() {
  using namespace schema;
  return {
      {"AuditRecord",
       object(
           "Something that was read, asked or refused.",
           {required("time", time("When.")), required("actor", text("By whom; empty: nobody signed in.")),
            required("address", text("From where.")), required("request_id", text("In which request.")),
            required("action", text("What.")), optional("vault", text("Its id.")), optional("bucket", text("Where.")),
            optional("key", text("What.")), optional("key_b64", text("In base64.")),
            required("is_allowed", flag("False: refused.")), required("reason", text("What decided.")),
            required("count", number("Of equal records.")), required("bytes", number("That were read."))})},
      {"AuditList", list_schema("A page of records.", "records", "AuditRecord")},
      {"AuditVerified",
       object("Whether the chain is whole.",
              {required("is_clean", flag("True: it is.")), required("batches", number("Looked at.")),
               required("records", number("In them.")), optional("first_broken", number("Number of the batch.")),
               optional("what", text("Is wrong with it."))})},
      {"AuditCount",
       object("How often.", {required("name", text("Of what.")), required("count", number("So often."))})},
      {"AuditReport", object("The records summed up.",
                             {required("records", number("In all.")), required("denied", number("Refused.")),
                              required("failed_sign_ins", number("Failed attempts.")),
                              required("by_actor", list(reference("AuditCount"))),
                              required("by_action", list(reference("AuditCount"))),
                              required("denied_by_actor", list(reference("AuditCount"))),
                              required("failed_by_address", list(reference("AuditCount"))),
                              optional("first", time("Of the first.")), optional("last", time("Of the last."))})},
  };
}

}  // namespace atl::rest
