// A tool of the assistant's door, as one row: what a model is told of it, what it takes and gives, and the function
// that does it. tools/list, docs/mcp.md's table and the tests are made from these rows and nothing else.
//
// Always true:
//  - No row removes anything for good, and none is about accounts, keys, rules, vaults or the server: what is not here
//    cannot be asked for, whatever a stored text says.
//  - A function reaches the vault through rest::Call, which gives it only once somebody was asked whether the caller
//    may; the caller is narrowed to the role `agent` before that (agent.h).
//  - Arguments are as the input schema says before the function sees them.
// Thread rules: rows are constants; a function runs on one thread, many at once.
#pragma once

#include <atomic>
#include <string_view>
#include <vector>

#include "edge/mcp/answer.h"
#include "edge/mcp/session.h"
#include "edge/rest/call.h"
#include "edge/rest/schema.h"

namespace atl::mcp {

// One call of a tool.
class ToolCall {
 public:
  // Borrows all.
  ToolCall(rest::Call& call, Session& session, const json::Value& arguments, const std::atomic<bool>& stop)
      : call_(&call), session_(&session), arguments_(&arguments), stop_(&stop) {}

  [[nodiscard]] rest::Call& rest() const { return *call_; }
  [[nodiscard]] Session& session() const { return *session_; }
  [[nodiscard]] const std::atomic<bool>& stop() const { return *stop_; }
  // Of the arguments; their types were checked.
  [[nodiscard]] bool has(std::string_view name) const { return arguments_->find(name) != nullptr; }
  [[nodiscard]] const json::Value* find(std::string_view name) const { return arguments_->find(name); }
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise = {}) const {
    return arguments_->text_of(name, otherwise).value_or("");
  }
  [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t otherwise) const {
    return arguments_->number_of(name, otherwise).value_or(otherwise);
  }
  [[nodiscard]] bool flag(std::string_view name) const { return arguments_->flag_of(name).value_or(false); }
  [[nodiscard]] Answer begin_answer() const { return Answer(call_->exchange().host.machine().random); }

 private:
  rest::Call* call_;
  Session* session_;
  const json::Value* arguments_;
  const std::atomic<bool>* stop_;
};

using ToolFunction = Result<Answer> (*)(ToolCall&);

struct Tool {
  std::string_view name;
  std::string_view title;
  std::string_view words;  // for the model
  json::Value input, output;
  // For clients that ask a person first. Nothing here is destructive: what is written over stays in the history.
  bool is_read_only = true;
  bool is_idempotent = true;
  ToolFunction run = nullptr;
};
[[nodiscard]] const std::vector<Tool>& tools();
[[nodiscard]] const Tool* tool_named(std::string_view name);  // null: none
// An entry of tools/list.
[[nodiscard]] json::Value describe(const Tool& tool);

// Where rows come from: a file each.
[[nodiscard]] Tool find_tool();
[[nodiscard]] Tool get_tool();
[[nodiscard]] Tool list_tool();
[[nodiscard]] Tool history_tool();
[[nodiscard]] Tool put_tool();
[[nodiscard]] Tool note_tool();
[[nodiscard]] Tool tag_tool();
[[nodiscard]] Tool undo_tool();

// --- Shared by their functions

inline constexpr std::string_view kNotesBucket = "notes";

// Members that several schemas have.
[[nodiscard]] rest::schema::Member max_tokens_member(std::uint64_t otherwise);
[[nodiscard]] rest::schema::Member cursor_member();
// "source", "bucket", "key", "version": which version of what.
[[nodiscard]] std::vector<rest::schema::Member> source_members();
[[nodiscard]] json::Value source_json(std::string_view bucket, std::string_view key, const VersionId& version);

// What a cursor holds; `kind` tells those of one tool from those of another. "" where none is given; `usage`
// "http.bad_cursor" where it is another's.
[[nodiscard]] std::string make_cursor(std::string_view kind, std::string_view position);
[[nodiscard]] Result<std::string> position_of(const ToolCall& call, std::string_view kind);
[[nodiscard]] tl::unexpected<Error> bad_cursor();
// All of `text` as a number; none where it is not one.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view text);

// What is there under that name now, or the version that `version` names (empty: now), once `action` may be done with
// it; of a version also once earlier ones may be read. `not_found`, and what Call::require() gives.
[[nodiscard]] Result<catalog::Listed> find_object(rest::Call& call, access::Action action, const std::string& bucket,
                                                  const std::string& key, const std::string& version);

}  // namespace atl::mcp
