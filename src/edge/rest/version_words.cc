// What is said of versions that are stored: labels, authors, sources; and the chains that sources span.
//
// Always true: a chain shows no more than the caller may see: what they may not is a node without a name, and what lies
// behind it is left out.
#include <algorithm>
#include <map>

#include "edge/rest/answers.h"
#include "edge/rest/groups.h"
#include "edge/rest/schema.h"
#include "vault/lineage/lineage.h"
#include "vault/object/describe.h"
#include "vault/object/labels.h"
#include "vault/object/objects.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

// The version that the path and `version` name. An earlier one takes the right to read those.
Result<vault::Objects::Found> find_named(Call& call, vault::Vault& vault) {
  const std::string version =
      call.has("version") ? call.text("version") : call.body().text_of("version", "").value_or("");
  ATOLL_ASSIGN(auto found, vault::find_addressed(vault, {call.bucket(), call.key(), false}, version));
  if (!version.empty()) ATOLL_TRY(call.require(Action::read_version, call.bucket(), {found.entry, found.version}));
  return found;
}

Value described_json(const vault::Described& done) {
  return Value::object()
      .set("version", done.version.text())
      .set("changed", done.was_changed)
      .set("lsn", done.lsn.value);
}

Result<net::Response> list_labels(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto bucket, vault::Objects(*vault).bucket(call.bucket()));
  const auto reader = vault->reader();
  ATOLL_ASSIGN(const auto entry, reader->entry(bucket.id, call.key()));
  if (!entry) return fail(ErrorKind::not_found, "object.not_found", "there never was such an object");
  ATOLL_ASSIGN(const auto labels, reader->labels_of(entry->object));
  std::vector<catalog::VersionRow> rows;
  for (const auto& [label, version] : labels) {
    ATOLL_ASSIGN(auto row, reader->version(entry->object, version));
    if (row) rows.push_back(std::move(*row));
  }
  std::ranges::stable_sort(rows, [](const auto& a, const auto& b) { return a.begin > b.begin; });
  Value list = Value::array();
  for (const auto& row : rows) {
    list.push(Value::object()
                  .set("label", row.label)
                  .set("version", row.version.text())
                  .set("stored", format_rfc3339(row.begin_time))
                  .set("size", row.size)
                  .set("is_current", row.end.value == 0));
  }
  return ok(Value::object().set("labels", std::move(list)));
}

Result<net::Response> set_label(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const std::string label, call.body().text_of("label"));
  ATOLL_ASSIGN(const bool moves, call.body().flag_of("move"));
  ATOLL_ASSIGN(const auto found, find_named(call, *vault));
  ATOLL_ASSIGN(const auto done, vault::set_label(*vault, found, label, moves));
  return ok(described_json(done));
}

Result<net::Response> remove_label(Call& call) {
  if (!call.has("label")) return fail(ErrorKind::usage, "http.bad_query", "`label` names what is to be taken away");
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_TRY(vault::remove_label(*vault, {call.bucket(), call.key(), false}, call.text("label")));
  return no_content();
}

Value node_json(const vault::LineageNode& node, std::size_t id) {
  using State = vault::LineageNode::State;
  Value out = Value::object().set("id", std::uint64_t{id}).set("depth", std::uint64_t{node.depth});
  out.set("state", node.state == State::kept      ? "kept"
                   : node.state == State::erased  ? "erased"
                   : node.state == State::missing ? "missing"
                                                  : "outside");
  set_name(out, "name", node.name());
  if (!node.bucket.empty()) {
    out.set("bucket", node.bucket);
    set_name(out, "key", node.key);
  }
  if (!node.version.is_none()) out.set("version", node.version.text());
  if (node.row) {
    out.set("stored", format_rfc3339(node.row->begin_time)).set("actor", node.row->actor);
    if (!node.row->label.empty()) out.set("label", node.row->label);
    if (!node.row->author.empty()) out.set("author", node.row->author);
    if (!node.row->description.empty()) out.set("description", node.row->description);
    if (!node.row->transformation.empty()) out.set("transformation", node.row->transformation);
  }
  if (node.erased) {
    out.set("erased_by", node.erased->actor).set("erased", format_rfc3339(node.erased->time));
    if (!node.erased->reason.empty()) out.set("erased_why", node.erased->reason);
  }
  if (node.is_cut) out.set("is_cut", true);
  return out;
}

Result<net::Response> show_provenance(Call& call) {
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto found, find_named(call, *vault));
  vault::LineageOptions options;
  options.depth = call.number("depth", options.depth);
  options.is_downstream = call.flag("downstream");
  ATOLL_ASSIGN(const auto lineage, vault::trace_lineage(*vault, found, options));
  std::map<std::size_t, std::vector<std::size_t>> next;
  for (const auto& edge : lineage.edges) {
    if (options.is_downstream) {
      next[edge.source].push_back(edge.derived);
    } else {
      next[edge.derived].push_back(edge.source);
    }
  }
  const auto sees = [&](const vault::LineageNode& node) {
    // Words that name nothing here belong to the version that says them.
    return node.bucket.empty() ? node.state == vault::LineageNode::State::outside || call.may(Action::read_metadata, {})
                               : call.may(Action::read_metadata, node.bucket, node.key);
  };
  Value nodes = Value::array();
  Value edges = Value::array();
  std::vector<bool> was_reached(lineage.nodes.size(), false);
  std::vector<std::size_t> ahead{0};
  was_reached[0] = true;
  for (std::size_t i = 0; i < ahead.size(); ++i) {
    const std::size_t id = ahead[i];
    const auto& node = lineage.nodes[id];
    if (id != 0 && !sees(node)) {
      nodes.push(Value::object()
                     .set("id", std::uint64_t{id})
                     .set("depth", std::uint64_t{node.depth})
                     .set("state", "hidden")
                     .set("name", ""));
      continue;
    }
    nodes.push(node_json(node, id));
    for (const std::size_t other : next[id]) {
      edges.push(Value::object()
                     .set("derived", std::uint64_t{options.is_downstream ? other : id})
                     .set("source", std::uint64_t{options.is_downstream ? id : other}));
      if (was_reached[other]) continue;
      was_reached[other] = true;
      ahead.push_back(other);
    }
  }
  return ok(
      Value::object().set("nodes", std::move(nodes)).set("edges", std::move(edges)).set("is_cut", lineage.is_cut));
}

// A source is looked up, and the answer tells whether it is there: for that one has to be allowed to know.
Result<void> ask_for_source(Call& call, const std::string& source) {
  const std::size_t slash = source.find('/');
  if (source.find("://") != std::string::npos || source.starts_with("words:") || slash == std::string::npos) return {};
  const std::string bucket = source.substr(0, slash);
  const std::string key = source.substr(slash + 1);
  ATOLL_TRY(call.require(Action::read_metadata, bucket, key));
  const std::size_t mark = key.rfind('@');
  if (mark != std::string::npos) ATOLL_TRY(call.require(Action::read_metadata, bucket, key.substr(0, mark)));
  return {};
}

Result<net::Response> add_provenance(Call& call) {
  const Value& body = call.body();
  vault::Origin origin;
  ATOLL_ASSIGN(origin.author, body.text_of("author"));
  ATOLL_ASSIGN(origin.description, body.text_of("description"));
  ATOLL_ASSIGN(origin.transformation, body.text_of("transformation"));
  if (body.find("sources") != nullptr) {
    ATOLL_ASSIGN(origin.sources, body.list_of("sources"));
  }
  if (!origin.says_something()) return fail(ErrorKind::usage, "provenance.nothing", "there is nothing to add");
  ATOLL_TRY(vault::check_origin(origin));
  for (const std::string& source : origin.sources) ATOLL_TRY(ask_for_source(call, source));
  ATOLL_ASSIGN(const bool replaces, body.flag_of("replace"));
  ATOLL_ASSIGN(vault::Vault* const vault, call.vault());
  ATOLL_ASSIGN(const auto found, find_named(call, *vault));
  ATOLL_ASSIGN(const auto done, vault::add_origin(*vault, found, origin, replaces));
  return ok(described_json(done));
}

}  // namespace

std::vector<Operation> version_word_operations() {
  constexpr std::string_view kLabels = "/api/v1/buckets/{bucket}/labels/{key...}";
  constexpr std::string_view kProvenance = "/api/v1/buckets/{bucket}/provenance/{key...}";
  const Parameter version{"version", ParameterType::text,
                          "An earlier version: its id, enough of its id, or its label."};
  const std::vector<Guard> reads{{Action::read_metadata, Place::object},
                                 {Action::read_version, Place::inside, "version"}};
  const std::vector<Guard> tags{{Action::tag, Place::object}, {Action::read_version, Place::inside}};
  return {
      {.id = "label_list",
       .method = "GET",
       .path = kLabels,
       .tag = "labels",
       .words = "Names of an object's versions, the newest version first.",
       .guards = {{Action::read_metadata, Place::object}, {Action::read_history, Place::object}},
       .answers = {{200, "LabelList", "All of them."}},
       .handler = list_labels},
      {.id = "label_set",
       .method = "PUT",
       .path = kLabels,
       .tag = "labels",
       .words = "Names a version.",
       .guards = tags,
       .body = "NewLabel",
       .answers = {{200, "Described", "Which version it names."}},
       .handler = set_label},
      {.id = "label_delete",
       .method = "DELETE",
       .path = kLabels,
       .tag = "labels",
       .words = "Takes a name away; the version stays.",
       .guards = {{Action::tag, Place::object}},
       .query = {{"label", ParameterType::text, "The name."}},
       .answers = {{204, "", "It names nothing any more."}},
       .handler = remove_label},
      {.id = "provenance_show",
       .method = "GET",
       .path = kProvenance,
       .tag = "labels",
       .words = "What a version was made from, by whom and how, and what that was made from in turn.",
       .guards = reads,
       .query = {version,
                 {"downstream", ParameterType::flag, "What was made of it, instead."},
                 {"depth", ParameterType::number, "So many steps.", {}, 1, 10'000, "100"}},
       .answers = {{200, "Provenance", "The chain. What the caller may not see has no name, and ends it."}},
       .handler = show_provenance},
      {.id = "provenance_add",
       .method = "POST",
       .path = kProvenance,
       .tag = "labels",
       .words = "Says of a stored version what it was made from, and by whom.",
       .guards = {{Action::tag, Place::object},
                  {Action::read_version, Place::inside},
                  {Action::read_metadata, Place::inside}},
       .body = "NewOrigin",
       .answers = {{200, "Described", "Of which version it is said."}},
       .handler = add_provenance},
  };
}

std::vector<NamedSchema> version_word_schemas() {
  using namespace schema;
  return {
      {"Label",
       object("A name of a version.", {required("label", text("The name.")), required("version", text("Its id.")),
                                       required("stored", time("When.")), required("size", number("Bytes.")),
                                       required("is_current", flag("It is the newest one."))})},
      {"LabelList", object("Names.", {required("labels", list(reference("Label")))})},
      {"NewLabel", object("A name that is to be.",
                          {required("label", text("Without '/' and '@'.", 200)),
                           optional("version", text("Of this version; else of the current one.", 200)),
                           optional("move", flag("Also where another version has it, or this one has another."))})},
      {"Described", object("Of what it is said.", {required("version", text("Its id.")),
                                                   required("changed", flag("False: it was said already.")),
                                                   required("lsn", number("The change; 0: none."))})},
      {"ProvenanceNode",
       object("A version, or what lies outside.",
              {required("id", number("In this answer.")), required("depth", number("Steps from where it began.")),
               required("state", choice("Whether it is there.", {"kept", "erased", "missing", "outside", "hidden"})),
               required("name", text("bucket/key@label, or words.")), optional("name_b64", text("In base64.")),
               optional("bucket", text("Its bucket.")), optional("key", text("Its key.")),
               optional("key_b64", text("In base64.")), optional("version", text("Its id.")),
               optional("stored", time("When.")), optional("actor", text("By whom.")),
               optional("label", text("Its name.")), optional("author", text("Who answers for it.")),
               optional("description", text("What it is.")), optional("transformation", text("How it was made.")),
               optional("erased_by", text("Who removed it for good.")), optional("erased", time("When.")),
               optional("erased_why", text("Why.")), optional("is_cut", flag("It goes on beyond what is shown."))})},
      {"ProvenanceEdge", object("Made of.", {required("derived", number("The id of a node.")),
                                             required("source", number("The id of another one."))})},
      {"Provenance", object("A chain.", {required("nodes", list(reference("ProvenanceNode"))),
                                         required("edges", list(reference("ProvenanceEdge"))),
                                         required("is_cut", flag("It goes on beyond what is shown."))})},
      {"NewOrigin",
       object("What is to be said.",
              {optional("version", text("Of this version; else of the current one.", 200)),
               optional("sources", list(text("BUCKET/key, BUCKET/key@LABEL, a URL, or words.", 65'536))),
               optional("author", text("Who answers for it.")), optional("description", text("What it is.")),
               optional("transformation", text("What was done to the sources.")),
               optional("replace", flag("Also where it says something else already."))})},
  };
}

}  // namespace atl::rest
