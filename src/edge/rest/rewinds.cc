// What was done lately, and taking it back: operations, undo, rewind, each with a preview.
#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"
#include "vault/history/moment.h"
#include "vault/rewind/undo.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;
using vault::UndoItem;
using vault::UndoPlan;

constexpr std::uint64_t kItemsListed = 1000;

Result<net::Response> list_operations(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto listed, vault::recent_operations(*vault, call.number("limit", 20)));
  Value list = Value::array();
  for (const auto& one : listed) {
    Value item = Value::object();
    item.set("name", one.name()).set("first_lsn", one.first.value).set("last_lsn", one.last.value);
    item.set("begun", format_rfc3339(one.begun)).set("ended", format_rfc3339(one.ended));
    item.set("kind", journal::name_of(one.kind)).set("actor", one.actor).set("commands", one.commands);
    item.set("objects", one.objects).set("can_be_undone", one.is_kept);
    if (!one.undone_by.empty()) item.set("undone_by", one.undone_by);
    list.push(std::move(item));
  }
  return ok(Value::object().set("operations", std::move(list)));
}

Value item_json(const UndoItem& item) {
  Value out = Value::object();
  out.set("action", vault::name_of(item.step));
  if (item.table == journal::TableNumber::entries) {
    out.set("bucket", item.bucket);
    set_name(out, "key", item.key);
    out.set("bytes", item.bytes);
    if (item.target) out.set("version", item.target->version.text());
  } else {
    out.set("what", item.key);
  }
  if (!item.why.empty()) out.set("reason", item.why);
  return out;
}

Value counts_json(const vault::UndoCounts& counts) {
  Value out = Value::object();
  out.set("brought_back", counts.bring_back).set("put_back", counts.put_back).set("retagged", counts.retag);
  out.set("removed", counts.remove).set("other_rows", counts.rows).set("bytes", counts.bytes);
  out.set("already", counts.already).set("left", counts.left).set("impossible", counts.impossible);
  return out.set("erased", counts.erased).set("unreadable", counts.unreadable);
}

Result<net::Response> show_or_apply(Call& call, vault::Vault& vault, UndoPlan& plan, bool is_dry_run) {
  Value items = Value::array();
  bool is_cut_off = false;
  ATOLL_TRY(plan.for_each([&](const UndoItem& item) -> Result<bool> {
    is_cut_off = items.as_array()->size() == kItemsListed;
    if (is_cut_off) return false;
    items.push(item_json(item));
    return true;
  }));
  Value out = Value::object();
  out.set("of", plan.selection().words).set("dry_run", is_dry_run).set("items", std::move(items));
  out.set("is_cut_off", is_cut_off).set("plan", counts_json(plan.counts()));
  if (is_dry_run || (plan.counts().steps() == 0 && !plan.goes_on())) return ok(out);
  ATOLL_ASSIGN(const auto report, plan.apply());
  vault::UndoCounts done = report.done;
  done.left = report.left;
  out.set("done", counts_json(done));
  if (!report.operation.is_none()) out.set("operation", report.operation.text());
  // Whose objects came and went is not known one by one: what quotas hang on is counted anew.
  ignore_error_on_purpose(call.exchange().host.access().usage().count(vault, true));
  return ok(out);
}

Result<vault::RewindScope> scope_of(const Value& body) {
  vault::RewindScope scope;
  ATOLL_ASSIGN(scope.bucket, body.text_of("bucket"));
  ATOLL_ASSIGN(const std::string key, name_from(body, "key"));
  ATOLL_ASSIGN(const std::string prefix, name_from(body, "prefix"));
  if ((!key.empty() || !prefix.empty()) && scope.bucket.empty())
    return fail(ErrorKind::usage, "undo.no_bucket", "\"key\" and \"prefix\" need \"bucket\"");
  if (!key.empty() && !prefix.empty())
    return fail(ErrorKind::usage, "undo.both", "\"key\" and \"prefix\" say two different things");
  scope.is_object = !key.empty();
  scope.key = key.empty() ? prefix : key;
  return scope;
}

Result<net::Response> undo(Call& call) {
  const Value& body = call.body();
  vault::UndoRequest request;
  ATOLL_ASSIGN(request.is_last, body.flag_of("last"));
  ATOLL_ASSIGN(request.name, body.text_of("operation"));
  ATOLL_ASSIGN(request.actor, body.text_of("actor"));
  ATOLL_ASSIGN(const std::string since, body.text_of("since"));
  ATOLL_ASSIGN(const bool force, body.flag_of("force"));
  ATOLL_ASSIGN(const bool is_dry_run, body.flag_of("dry_run"));
  ATOLL_ASSIGN(request.scope, scope_of(body));
  const int ways =
      (request.is_last ? 1 : 0) + (request.name.empty() ? 0 : 1) + (request.actor.empty() && since.empty() ? 0 : 1);
  if (ways != 1) {
    return fail(ErrorKind::usage, "undo.needs_what",
                "the body says what to take back: \"last\": true, an \"operation\", or \"actor\" and \"since\"");
  }
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  if (!since.empty()) {
    ATOLL_ASSIGN(request.after, vault::lsn_at(*vault, since));
  }
  ATOLL_ASSIGN(const auto plan, UndoPlan::of_undo(*vault, request, force));
  return show_or_apply(call, *vault, *plan, is_dry_run);
}

Result<net::Response> rewind(Call& call) {
  const Value& body = call.body();
  ATOLL_ASSIGN(const std::string to_words, body.text_of("to"));
  ATOLL_ASSIGN(const bool is_dry_run, body.flag_of("dry_run"));
  ATOLL_ASSIGN(const auto scope, scope_of(body));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto moment, vault::parse_moment(*vault, to_words));
  Lsn to = moment.lsn;
  if (moment.is_by_time) {
    ATOLL_ASSIGN(to, vault->journal().last_lsn_at(moment.time));
  }
  ATOLL_ASSIGN(const auto plan, UndoPlan::of_rewind(*vault, to, scope));
  return show_or_apply(call, *vault, *plan, is_dry_run);
}

}  // namespace

std::vector<Operation> rewind_operations() {
  return {
      {.id = "operation_list",
       .method = "GET",
       .path = "/api/v1/operations",
       .tag = "history",
       .words = "What was done lately in the vault, newest first: what undo takes.",
       .guards = {{Action::read_history, Place::vault}},
       .query = {{"limit", ParameterType::number, "How many at most.", {}, 1, kPageMax, "20"}},
       .answers = {{200, "OperationList", "The newest ones."}},
       .handler = list_operations},
      {.id = "undo",
       .method = "POST",
       .path = "/api/v1/undo",
       .tag = "history",
       .words =
           "Takes back the last operation, a named one, or everything by somebody or since a moment.\nForward only: "
           "it can be undone itself. What others changed since stays, unless `force` says otherwise. Preview with "
           "dry_run.",
       .guards = {{Action::undo, Place::vault}},
       .body = "UndoRequest",
       .answers = {{200, "UndoReport", "What was, or would be, done."}},
       .handler = undo},
      {.id = "rewind",
       .method = "POST",
       .path = "/api/v1/rewind",
       .tag = "history",
       .words =
           "Makes the vault, a bucket, what lies below a prefix, or an object as it was at a moment.\nPreview with "
           "dry_run.",
       .guards = {{Action::undo, Place::vault}},
       .body = "RewindRequest",
       .answers = {{200, "UndoReport", "What was, or would be, done."}},
       .handler = rewind},
  };
}

std::vector<NamedSchema> rewind_schemas() {
  using namespace schema;
  const std::vector<Member> scope = {optional("bucket", text("Only in this bucket.")),
                                     optional("prefix", text("Only below it.")),
                                     optional("prefix_b64", text("In base64.")),
                                     optional("key", text("Only this object.")),
                                     optional("key_b64", text("In base64.")),
                                     optional("dry_run", flag("True: only say what would be done."))};
  std::vector<Member> undo = {optional("last", flag("True: the newest operation.")),
                              optional("operation", text("Its name, or a change's number.")),
                              optional("actor", text("Everything that they did.")),
                              optional("since", text("Everything since: a time, 2h, a change's number.")),
                              optional("force", flag("True: also what others changed since."))};
  undo.insert(undo.end(), scope.begin(), scope.end());
  std::vector<Member> rewind = {required("to", text("A time, 2h (ago), a change's number, a snapshot's name."))};
  rewind.insert(rewind.end(), scope.begin(), scope.end());
  return {
      {"OperationSummary",
       object(
           "Something a user did.",
           {required("name", text("Its id, or a change's number.")), required("first_lsn", number("Its first change.")),
            required("last_lsn", number("Its last change.")), required("begun", time("When.")),
            required("ended", time("When.")), required("kind", text("put_objects, …")), required("actor", text("Who.")),
            required("commands", number("How many changes.")), required("objects", number("Names that it changed.")),
            required("can_be_undone", flag("False: it is too long ago.")), optional("undone_by", text("The undo."))})},
      {"OperationList", object("Newest first.", {required("operations", list(reference("OperationSummary")))})},
      {"UndoRequest", object("What to take back: last, operation, or actor and since.", undo)},
      {"RewindRequest", object("To when.", rewind)},
      {"UndoItem",
       object("One step.", {required("action", choice("What is done.", {"bring_back", "put_back", "retag", "remove",
                                                                        "change", "leave", "impossible"})),
                            optional("bucket", text("Of an object.")), optional("key", text("Of an object.")),
                            optional("key_b64", text("In base64.")), optional("bytes", number("Of its content.")),
                            optional("version", text("That is put back.")), optional("what", text("Of anything else.")),
                            optional("reason", text("Why it is left, or impossible."))})},
      {"UndoCounts",
       object("How much.",
              {required("brought_back", number("Objects that were gone.")),
               required("put_back", number("To older content.")), required("retagged", number("To older tags.")),
               required("removed", number("That were not there.")),
               required("other_rows", number("Buckets, rules, snapshots.")), required("bytes", number("Put back.")),
               required("already", number("As they should be.")), required("left", number("Changed since by others.")),
               required("impossible", number("Cannot be given back.")),
               required("erased", number("Removed for good by it.")),
               required("unreadable", number("Changes that are no longer known."))})},
      {"UndoReport",
       object(
           "What was, or would be, done.",
           {required("of", text("What is taken back, in words.")), required("dry_run", flag("True: nothing was done.")),
            required("items", list(reference("UndoItem"))), required("is_cut_off", flag("True: not all are listed.")),
            required("plan", reference("UndoCounts")), optional("done", reference("UndoCounts")),
            optional("operation", text("Takes this back, given to undo."))})},
  };
}

}  // namespace atl::rest
