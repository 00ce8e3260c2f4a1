// history: the versions of an object, and what was done lately.
#include "edge/mcp/budget.h"
#include "edge/mcp/reading.h"
#include "vault/history/past.h"
#include "vault/object/objects.h"
#include "vault/rewind/selection.h"

namespace atl::mcp {
namespace {

using access::Action;
using json::Value;
namespace schema = rest::schema;

constexpr std::uint64_t kListTokens = 2'000;

Result<Answer> versions_of(ToolCall& call) {
  rest::Call& rest = call.rest();
  const std::string bucket = call.text("bucket");
  const std::string key = call.text("key");
  ATOLL_TRY(rest.require(Action::read_history, bucket, key));
  ATOLL_ASSIGN(vault::Vault* const vault, rest.vault());
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto row, vault::Objects(*vault).bucket(bucket));
  ATOLL_ASSIGN(const auto entry, reader->entry(row.id, key));
  if (!entry) {
    return fail(ErrorKind::not_found, "object.not_found", "there never was an object " + quoted(key) + " in " + bucket);
  }
  ATOLL_ASSIGN(const std::string position, position_of(call, "versions"));
  std::optional<Lsn> before;
  if (!position.empty()) {
    const auto number = number_of(position);
    if (!number) return bad_cursor();
    before = Lsn{*number};
  }
  const std::uint64_t limit = call.number("limit", 20);
  ATOLL_ASSIGN(const auto versions, vault::newest_versions(*reader, *entry, before, limit + 1));
  const std::uint64_t room = room_of(call, kListTokens);
  Answer answer = call.begin_answer();
  Value list = Value::array();
  std::string lines;
  std::string cursor;
  Lsn last;
  for (const auto& version : versions) {
    if (list.as_array()->size() == limit || tokens_of(lines) > room) {
      cursor = make_cursor("versions", std::to_string(last.value));
      break;
    }
    last = version.begin;
    // What may not be read for its age is not told either.
    if (!rest.may(Action::read_history, bucket, key, false, rest.age_seconds(version))) continue;
    Value one = Value::object();
    one.set("version", version.version.text()).set("began", format_rfc3339(version.begin_time));
    one.set("is_current", version.end.value == 0).set("size", version.size).set("by", version.actor);
    if (!version.description.empty()) one.set("description", version.description);
    list.push(std::move(one));
    lines += version.version.text() + "  " + format_rfc3339(version.begin_time) + "  " + std::to_string(version.size) +
             " bytes  by " + version.actor + (version.end.value == 0 ? "  (current)" : "") +
             (version.description.empty() ? "" : "  " + quoted(version.description)) + "\n";
  }
  Value structured = Value::object();
  std::string words = counted(list.as_array()->size(), "version") + " of " + uri_of(bucket, key) + ", newest first" +
                      (entry->is_deleted ? "; it was removed" : "") + ".";
  structured.set("versions", std::move(list));
  if (entry->is_deleted) structured.set("removed", format_rfc3339(entry->deleted_at));
  if (!cursor.empty()) {
    structured.set("next_cursor", cursor);
    words += " There are more: cursor " + cursor + ".";
  }
  answer.say(std::move(words));
  answer.quote("versions of " + uri_of(bucket, key), lines);
  answer.set_structured(std::move(structured));
  rest.exchange().note_read(Action::read_history, rest.vault_id(), bucket, key, 0);
  return answer;
}

Result<Answer> what_was_done(ToolCall& call) {
  rest::Call& rest = call.rest();
  // What was done in other buckets is not told, and operations are not told by bucket.
  if (!call.session().facts().bucket.empty())
    return fail(ErrorKind::usage, "history.needs_key", "this session is for one bucket: `history` needs a key in it");
  ATOLL_TRY(rest.require(Action::read_history));
  ATOLL_ASSIGN(vault::Vault* const vault, rest.vault());
  ATOLL_ASSIGN(const auto operations, vault::recent_operations(*vault, call.number("limit", 20)));
  const std::uint64_t room = room_of(call, kListTokens);
  Answer answer = call.begin_answer();
  Value list = Value::array();
  std::string lines;
  for (const auto& one : operations) {
    if (tokens_of(lines) > room) break;
    const bool is_own = one.actor == call.session().facts().actor;
    Value item = Value::object();
    item.set("name", one.name()).set("by", one.actor).set("is_this_run", is_own);
    item.set("kind", journal::name_of(one.kind)).set("begun", format_rfc3339(one.begun));
    item.set("ended", format_rfc3339(one.ended)).set("objects", one.objects);
    if (!one.undone_by.empty()) item.set("undone_by", one.undone_by);
    list.push(std::move(item));
    lines += format_rfc3339(one.ended) + "  " + one.actor + (is_own ? " (this run)" : "") + "  " +
             std::string(journal::name_of(one.kind)) + "  " + counted(one.objects, "object") +
             (one.undone_by.empty() ? "" : "  (undone)") + "\n";
  }
  answer.say("The last " + counted(list.as_array()->size(), "operation") + ", newest first:\n" + lines);
  Value structured = Value::object();
  structured.set("operations", std::move(list));
  answer.set_structured(std::move(structured));
  return answer;
}

Result<Answer> run_history(ToolCall& call) {
  if (call.has("bucket") != call.has("key"))
    return fail(ErrorKind::usage, "history.half", "`bucket` and `key` name an object together, or both are left out");
  return call.has("key") ? versions_of(call) : what_was_done(call);
}

}  // namespace

Tool history_tool() {
  using namespace schema;  // NOLINT(google-build-using-namespace): a row reads like its schema
  return {
      "history",
      "See what was changed, when and by whom",
      "With bucket and key: the versions of an object, newest first; `get` with `version` reads one. Without: what was "
      "done lately in all, and which of it this run did.",
      object("Of what.", {optional("bucket", text("With `key`.", 63)), optional("key", text("An object.", 16'384)),
                          optional("limit", number("How many at most.", 1, 100).set("default", 20)), cursor_member(),
                          max_tokens_member(kListTokens)}),
      object("Versions, or operations.",
             {optional("versions",
                       list(object("One.", {required("version", text("Its id.")), required("began", time("When.")),
                                            required("is_current", flag("It is what is there now.")),
                                            required("size", number("Bytes.")), required("by", text("Who.")),
                                            optional("description", text("What was said of it."))}))),
              optional("removed", time("When the object was removed.")),
              optional("operations",
                       list(object("One.", {required("name", text("Its id.")), required("by", text("Who.")),
                                            required("is_this_run", flag("This session did it.")),
                                            required("kind", text("put_objects …")), required("begun", time("When.")),
                                            required("ended", time("When.")), required("objects", number("Names.")),
                                            optional("undone_by", text("The undo."))}))),
              next_cursor_member()}),
      true,
      true,
      run_history};
}

}  // namespace atl::mcp
