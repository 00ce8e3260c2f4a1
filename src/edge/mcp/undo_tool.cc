// undo: an agent takes back what its own run did, all of it, and nothing else.
#include "edge/mcp/reading.h"
#include "edge/rest/answers.h"
#include "vault/rewind/undo.h"

namespace atl::mcp {
namespace {

using access::Action;
using json::Value;
namespace schema = rest::schema;

constexpr std::size_t kItemsListed = 50;

// Everything that would be changed has to be the caller's to take back.
Result<void> require_all(const ToolCall& call, vault::UndoPlan& plan) {
  rest::Call& rest = call.rest();
  std::optional<vault::UndoItem> refused;
  ATOLL_TRY(plan.for_each([&](const vault::UndoItem& item) -> Result<bool> {
    const bool is_object = item.table == journal::TableNumber::entries;
    if (!is_object || !rest.may(Action::undo_own, item.bucket, item.key)) refused = item;
    return !refused.has_value();
  }));
  if (!refused) return {};
  return rest.require(Action::undo_own, refused->bucket, refused->key);
}

std::string_view word_of(vault::UndoStep step) {
  switch (step) {
    case vault::UndoStep::bring_back: return "brought back";
    case vault::UndoStep::put_back: return "put back to the version before";
    case vault::UndoStep::retag: return "given the tags it had";
    case vault::UndoStep::remove: return "removed, kept in the history";
    case vault::UndoStep::change_row: return "changed";
    case vault::UndoStep::leave: return "left: somebody else changed it since";
    case vault::UndoStep::impossible: return "cannot be given back";
  }
  return "left";
}

Result<Answer> run_undo(ToolCall& call) {
  rest::Call& rest = call.rest();
  const SessionFacts& facts = call.session().facts();
  const bool is_dry_run = call.flag("dry_run");
  // Of each object it is asked below: a caller may have the right in one bucket only.
  ATOLL_TRY(rest.begin_filter());
  ATOLL_ASSIGN(vault::Vault* const vault, rest.vault());
  vault::UndoRequest request;
  request.actor = facts.actor;
  request.after = facts.after;
  request.scope.bucket = facts.bucket;
  Answer answer = call.begin_answer();
  auto plan = vault::UndoPlan::of_undo(*vault, request, false);
  Value structured = Value::object();
  structured.set("run", facts.actor).set("dry_run", is_dry_run);
  if (!plan && plan.error().kind == ErrorKind::not_found) {
    ATOLL_TRY(rest.require(Action::undo_own, facts.bucket));
    answer.say("This run has changed nothing.");
    answer.set_structured(structured.set("objects", 0).set("left", 0).set("items", Value::array()));
    return answer;
  }
  if (!plan) return pass(std::move(plan).error());
  ATOLL_TRY(require_all(call, **plan));
  Value items = Value::array();
  std::string lines;
  ATOLL_TRY((*plan)->for_each([&](const vault::UndoItem& item) -> Result<bool> {
    if (items.as_array()->size() == kItemsListed) return false;
    Value one = Value::object();
    items.push(one.set("bucket", item.bucket).set("key", item.key).set("what", word_of(item.step)));
    lines += uri_of(item.bucket, item.key) + "  " + std::string(word_of(item.step)) + "\n";
    return true;
  }));
  const vault::UndoCounts& planned = (*plan)->counts();
  std::uint64_t objects = planned.steps();
  std::uint64_t left = planned.left + planned.impossible;
  if (!is_dry_run && (objects > 0 || (*plan)->goes_on())) {
    ATOLL_ASSIGN(const auto report, (*plan)->apply([&call] { return call.stop().load(); }));
    objects = report.done.steps();
    left += report.left;
    structured.set("operation", report.operation.text());
    call.session().note_written(vault->journal().last());
    // Whose objects came and went is not known one by one: what quotas hang on is counted anew.
    ignore_error_on_purpose(rest.exchange().host.access().usage().count(*vault, true));
  }
  std::string words = "Taken back" + std::string(is_dry_run ? ", once it is done: " : ": ") +
                      counted(objects, "object") + " of what " + facts.actor + " changed.";
  if (left > 0) words += " " + counted(left, "object") + " that somebody else changed since: left as it is now.";
  if (objects > kItemsListed) words += " The first " + std::to_string(kItemsListed) + " are:";
  answer.say(words + (lines.empty() ? "" : "\n" + lines));
  answer.set_structured(structured.set("objects", objects).set("left", left).set("items", std::move(items)));
  return answer;
}

}  // namespace

Tool undo_tool() {
  using namespace schema;  // NOLINT(google-build-using-namespace): a row reads like its schema
  return {"undo",
          "Take back what this run did",
          "Takes back everything that this run of yours stored and tagged, in one step; the work of others stays, and "
          "the undo can be undone by a person. `dry_run` shows it first.",
          object("Whether to do it.", {optional("dry_run", flag("True: only say what would be done."))}),
          object("What was, or would be, taken back.",
                 {required("run", text("Whose doing.")), required("dry_run", flag("True: nothing was done.")),
                  required("objects", number("How many.")), required("left", number("How many stay as they are.")),
                  required("items", list(object("One of them, the first few.",
                                                {required("bucket", text("Its bucket.")),
                                                 required("key", text("Its name.", 16'384)),
                                                 required("what", text("What is done with it."))}))),
                  optional("operation", text("The undo's own id."))}),
          false,
          true,
          run_undo};
}

}  // namespace atl::mcp
