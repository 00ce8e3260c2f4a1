// put, note, tag: what an agent stores. Each leaves the state before in the history.
#include <algorithm>
#include <set>

#include "edge/mcp/tool.h"
#include "edge/rest/answers.h"
#include "edge/rest/object_facts.h"
#include "edge/rest/put_content.h"
#include "vault/object/objects.h"

namespace atl::mcp {
namespace {

using access::Action;
using json::Value;
namespace schema = rest::schema;

constexpr std::uint64_t kTextMax = 1'000'000;
constexpr std::uint64_t kBase64Max = 3'000'000;
constexpr std::uint64_t kNoteTextMax = 20'000;
constexpr std::uint64_t kTitleMax = 200;
constexpr std::uint64_t kAgentKeyMax = 1'024;
constexpr std::size_t kSlugBytesMax = 40;
constexpr std::size_t kNoteMarkBytes = 3;

// Names that an agent makes can be restored to any disk as they are: no way up, no root, nothing unseen.
Result<void> check_new_key(const std::string& key) {
  const auto bad = [&](const std::string& why) {
    return fail(ErrorKind::usage, "mcp.bad_key", quoted(key.substr(0, 200)) + " is no name to store under: " + why,
                "Write it as folder/name.md.");
  };
  ATOLL_TRY(vault::check_key(key));
  if (!is_utf8(key)) return bad("it is no UTF-8");
  if (std::ranges::any_of(key, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    return bad("it has control characters");
  if (key.find('\\') != std::string::npos) return bad("it has a backslash");
  std::string_view rest = key;
  for (;;) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view piece = rest.substr(0, end);
    if (piece.empty()) return bad("a piece of it is empty: it neither begins nor ends with '/', nor has \"//\"");
    if (piece == "." || piece == "..") return bad("a piece of it is \".\" or \"..\"");
    if (end == rest.size()) return {};
    rest.remove_prefix(end + 1);
  }
}

std::map<std::string, std::string> map_of(const ToolCall& call, std::string_view name) {
  std::map<std::string, std::string> out;
  if (const Value* const given = call.find(name); given != nullptr) {
    for (const auto& [tag, value] : *given->as_members()) out[tag] = *value.as_text();
  }
  return out;
}

catalog::VersionRow facts_for(const ToolCall& call) {
  catalog::VersionRow facts;
  const Timestamp now = call.rest().exchange().now();
  facts.modified = {now.unix_us / 1'000'000, static_cast<std::uint32_t>(now.unix_us % 1'000'000 * 1000)};
  facts.mode = 0644;
  return facts;
}

// `words` begins the answer.
Result<Answer> store(ToolCall& call, rest::PutOrder order, std::string_view content) {
  ATOLL_TRY(rest::check_words(order.facts));
  order.length_hint = content.size();
  const std::string bucket = order.bucket;
  const std::string key = order.key;
  std::string_view left = content;
  ATOLL_ASSIGN(const auto done,
               rest::put_content(call.rest(), std::move(order), [&left](ByteSpan out) -> Result<std::size_t> {
                 const std::size_t count = std::min(out.size(), left.size());
                 std::ranges::copy(as_bytes(left.substr(0, count)), out.begin());
                 left.remove_prefix(count);
                 return count;
               }));
  const auto& version = done.listed.version;
  call.session().note_written(version.begin);
  Answer answer = call.begin_answer();
  answer.say("Stored " + uri_of(bucket, key) + " as version " + version.version.text() +
             (done.existed ? "; the version before it stays in the history." : ". It is new."));
  Value structured = source_json(bucket, key, version.version);
  answer.set_structured(structured.set("replaced", done.existed).set("size", version.size));
  return answer;
}

std::vector<schema::Member> stored_members() {
  auto members = source_members();
  members.push_back(schema::required("replaced", schema::flag("There was something under this name; it is kept.")));
  members.push_back(schema::required("size", schema::number("Bytes.")));
  return members;
}

schema::Member tags_member() {
  return schema::optional("tags", schema::map_of_texts("Tags, each with a value: {\"topic\": \"boiler\"}."));
}

// --- put

Result<Answer> run_put(ToolCall& call) {
  rest::PutOrder order;
  order.bucket = call.text("bucket");
  order.key = call.text("key");
  ATOLL_TRY(check_new_key(order.key));
  if (call.has("text") == call.has("base64"))
    return fail(ErrorKind::usage, "put.what", "the content is `text` or `base64`: one of them");
  std::string content = call.text("text");
  if (call.has("base64")) {
    const auto bytes = from_base64(call.text("base64"));
    if (!bytes) return fail(ErrorKind::usage, "json.bad_base64", "`base64` is no base64");
    content = to_string(*bytes);
  }
  order.facts = facts_for(call);
  order.facts.content_type = call.text("content_type");
  order.facts.description = call.text("description");
  order.facts.tags = map_of(call, "tags");
  if (call.has("only_if")) {
    order.check = [wanted = call.text("only_if"),
                   place = quoted(order.key)](const catalog::VersionRow* there) -> Result<void> {
      const bool is_so = wanted == "new" ? there == nullptr : there != nullptr && there->version.text() == wanted;
      if (is_so) return {};
      return fail(ErrorKind::conflict, "http.precondition_failed",
                  there == nullptr ? "there is no object " + place + " any more"
                                   : "the object " + place + " is at version " + there->version.text(),
                  "Read it with `get` before writing over it.");
    };
  }
  return store(call, std::move(order), content);
}

// --- note

// Letters and digits of its beginning: "mend-the-boiler".
std::string slug_of(std::string_view text) {
  std::string slug = cleaned_name(text.substr(0, 4 * kSlugBytesMax), "note");
  std::ranges::replace(slug, '.', '-');
  if (slug.size() > kSlugBytesMax) {
    slug.resize(kSlugBytesMax);
    if (const std::size_t dash = slug.rfind('-'); dash != std::string::npos && dash > kSlugBytesMax / 2)
      slug.resize(dash);
  }
  while (slug.ends_with('-')) slug.pop_back();
  return slug;
}

Result<Answer> run_note(ToolCall& call) {
  const std::string title = call.text("title");
  const std::string text = call.text("text");
  if (title.find_first_of("\r\n") != std::string::npos)
    return fail(ErrorKind::usage, "note.title", "`title` is one line");
  rest::PutOrder order;
  // A session for one bucket takes its notes there.
  const std::string& only = call.session().facts().bucket;
  order.bucket = call.text("bucket", only.empty() ? kNotesBucket : std::string_view(only));
  order.facts = facts_for(call);
  order.facts.content_type = "text/markdown; charset=utf-8";
  order.facts.tags = map_of(call, "tags");
  Bytes mark(kNoteMarkBytes);
  call.rest().exchange().host.machine().random.fill(mark);
  const std::string time = format_rfc3339(order.facts.modified);  // 2026-11-22T01:30:45.…Z
  const std::string folder = order.bucket == kNotesBucket ? "" : "notes/";
  order.key = folder + time.substr(0, 10) + "/" + slug_of(title.empty() ? text : title) + "-" + to_hex(mark) + ".md";
  const std::string content = (title.empty() ? "" : "# " + title + "\n\n") + text + (text.ends_with('\n') ? "" : "\n");
  auto answer = store(call, std::move(order), content);
  if (!answer && answer.error().id == "bucket.not_found") {
    return fail(ErrorKind::not_found, "bucket.not_found", answer.error().message,
                "Name another `bucket`, or have somebody make this one: `atoll bucket create notes`.");
  }
  return answer;
}

// --- tag

Result<Answer> run_tag(ToolCall& call) {
  const std::string bucket = call.text("bucket");
  const std::string key = call.text("key");
  vault::Objects::Labels labels;
  labels.set = map_of(call, "set");
  if (const Value* const names = call.find("remove"); names != nullptr) {
    for (const Value& one : *names->as_array()) labels.remove.push_back(*one.as_text());
  }
  if (labels.set.empty() && labels.remove.empty())
    return fail(ErrorKind::usage, "tag.what", "`set` or `remove` says which tags");
  ATOLL_ASSIGN(auto found, find_object(call.rest(), Action::tag, bucket, key, ""));
  for (const std::string& name : labels.remove) found.version.tags.erase(name);
  for (const auto& [name, value] : labels.set) found.version.tags[name] = value;
  ATOLL_TRY(rest::check_words(found.version));
  ATOLL_ASSIGN(vault::Vault* const vault, call.rest().vault());
  ATOLL_TRY(vault::Objects(*vault).tag({bucket, key, false}, labels, {}));
  ATOLL_ASSIGN(const auto now, vault::Objects(*vault).find(bucket, key));
  call.session().note_written(vault->journal().last());
  Answer answer = call.begin_answer();
  answer.say("Tagged " + uri_of(bucket, key) + ": it has " + std::to_string(now.version.tags.size()) + " tags now.");
  Value structured = source_json(bucket, key, now.version.version);
  answer.set_structured(structured.set("tags", now.version.tags));
  return answer;
}

}  // namespace

Tool put_tool() {
  using namespace schema;  // NOLINT(google-build-using-namespace): a row reads like its schema
  return {"put",
          "Store text or bytes",
          "Stores a text, or bytes in base64, under a name. Where the name is taken the version before stays in the "
          "history; `only_if` keeps from writing over what somebody else changed. Nothing can be removed.",
          object("What, and where.",
                 {required("bucket", text("A bucket that is there.", 63)),
                  required("key", text("The name: folder/name.md.", kAgentKeyMax)),
                  optional("text", text("The content, as text.", kTextMax)),
                  optional("base64", text("The content, as bytes in base64.", kBase64Max)),
                  optional("content_type", text("text/markdown, application/json …", 200)), tags_member(),
                  optional("description", text("What changed and why.", 1000)),
                  optional("only_if",
                           text("\"new\": only if there is nothing; a version's id: only if that is there.", 64))}),
          object("What was stored.", stored_members()),
          false,
          true,
          run_put};
}

Tool note_tool() {
  using namespace schema;  // NOLINT(google-build-using-namespace): a row reads like its schema
  return {"note",
          "Keep a note",
          "Keeps a short text with tags, under a name made for it in the bucket `notes` (of a session for one bucket: "
          "there). `find` finds it at once. For what is worth knowing the next time: facts, decisions, summaries with "
          "their sources.",
          object("The note.", {required("text", text("Markdown.", kNoteTextMax).set("minLength", 1)),
                               optional("title", text("One line.", kTitleMax)), tags_member(),
                               optional("bucket", text("Another bucket.", 63))}),
          object("Where it stands.", stored_members()),
          false,
          false,
          run_note};
}

Tool tag_tool() {
  using namespace schema;  // NOLINT(google-build-using-namespace): a row reads like its schema
  auto members = source_members();
  members.push_back(required("tags", map_of_texts("All that it has now.")));
  return {"tag",
          "Tag an object",
          "Sets and removes tags of a stored object; its content stays as it is.",
          object("Which tags of what.",
                 {required("bucket", text("Its bucket.", 63)), required("key", text("Its name.", 16'384)),
                  optional("set", map_of_texts("{\"topic\": \"boiler\"}")),
                  optional("remove", list(text("", 1024), "Names of tags."))}),
          object("The tags.", members),
          false,
          true,
          run_tag};
}

}  // namespace atl::mcp
