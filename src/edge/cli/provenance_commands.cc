// label, provenance: names of versions, and where they come from.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "edge/cli/commands.h"
#include "vault/lineage/lineage.h"
#include "vault/object/describe.h"

namespace atl::cli {
namespace {

using catalog::VersionRow;
using vault::Lineage;
using vault::LineageNode;

constexpr std::size_t kTextDepthMax = 200;  // of the indented tree; JSON and DOT have no such bound

struct VersionArguments {
  std::string address, version, label;
  bool moves = false;
  bool replaces = false;
  OriginArguments origin;
  std::string format = "text";
  std::size_t depth = 100;
  bool is_downstream = false;
};

void say_described(Session& session, const vault::Described& done, const std::string& what) {
  if (session.output.is_json) {
    session.output.json(JsonObject("summary")
                            .add("version", done.version.text())
                            .add("changed", done.was_changed)
                            .add("lsn", done.lsn.value));
  } else {
    session.output.message(done.was_changed ? what : "Nothing to change: it says that already.");
  }
}

Result<int> set_label(Session& session, const VersionArguments& arguments) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto found, vault::find_addressed(vault, address, arguments.version));
    ATOLL_ASSIGN(const auto done, vault::set_label(vault, found, arguments.label, arguments.moves));
    say_described(session, done,
                  address.bucket + "/" + shown(found.entry.key) + "@" + shown(arguments.label) + " is version " +
                      done.version.text() + " of " + format_rfc3339(found.version.begin_time));
    return kExitOk;
  });
}

Result<int> remove_label(Session& session, const VersionArguments& arguments) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto done, vault::remove_label(vault, address, arguments.label));
    say_described(session, done, "The label is gone; the version it named stays: " + done.version.text());
    return kExitOk;
  });
}

Result<int> list_labels(Session& session, const VersionArguments& arguments) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto bucket, vault::Objects(vault).bucket(address.bucket));
    const auto reader = vault.reader();
    ATOLL_ASSIGN(const auto entry, reader->entry(bucket.id, address.key));
    if (!entry) {
      return fail(ErrorKind::not_found, "object.not_found", "there never was an object " + arguments.address,
                  "`atoll ls " + address.bucket + "` lists what is there.");
    }
    ATOLL_ASSIGN(const auto labels, reader->labels_of(entry->object));
    std::vector<VersionRow> rows;
    for (const auto& [label, version] : labels) {
      ATOLL_ASSIGN(auto row, reader->version(entry->object, version));
      if (row) rows.push_back(std::move(*row));
    }
    std::ranges::stable_sort(rows, [](const auto& a, const auto& b) { return a.begin > b.begin; });
    for (const VersionRow& row : rows) {
      const bool is_current = row.end.value == 0;
      if (session.output.is_json) {
        session.output.json(JsonObject("label")
                                .add("label", row.label)
                                .add("version", row.version.text())
                                .add("began", format_rfc3339(row.begin_time))
                                .add("size", row.size)
                                .add("is_current", is_current));
      } else {
        session.output.line(shown(row.label) + "  " + format_rfc3339(row.begin_time) + "  " + row.version.text() +
                            (is_current ? "  " + session.output.green("current") : ""));
      }
    }
    if (rows.empty()) session.output.message("No labels. atoll label set " + arguments.address + " LABEL");
    return kExitOk;
  });
}

// The graph as an indented list: what stands below a line it was made from (or, downstream, what was made from it).
class LineageText {
 public:
  LineageText(Session& session, const Lineage& lineage, bool is_downstream) : session_(&session), lineage_(&lineage) {
    for (const auto& edge : lineage.edges) {
      if (is_downstream) {
        below_[edge.source].push_back(edge.derived);
      } else {
        below_[edge.derived].push_back(edge.source);
      }
    }
  }
  void print() { print(0, 0); }

 private:
  void print(std::size_t index, std::size_t depth) {
    const LineageNode& node = lineage_->nodes[index];
    const std::string indent(2 * depth, ' ');
    std::string text = indent + shown(node.name());
    const bool was_shown = !shown_.insert(index).second;
    if (was_shown && !below_[index].empty()) text += "  (see above)";
    if (node.state == LineageNode::State::missing) text += "  " + session_->output.red("no longer kept");
    if (node.erased) {
      text += "  " + session_->output.red("removed for good by " + shown(node.erased->actor) + " at " +
                                          format_rfc3339(node.erased->time));
      if (!node.erased->reason.empty()) text += " (" + shown(node.erased->reason) + ")";
    }
    session_->output.line(text);
    if (was_shown) return;
    if (node.row) print_words(*node.row, indent + "    ");
    if (node.is_cut) session_->output.line(indent + "  … and further: --depth");
    if (depth == kTextDepthMax) return;
    for (const std::size_t one : below_[index]) print(one, depth + 1);
  }
  void print_words(const VersionRow& row, const std::string& indent) {
    std::string made = row.transformation.empty() ? "stored" : "made by \"" + shown(row.transformation) + "\"";
    made += " at " + format_rfc3339(row.begin_time);
    if (!row.actor.empty()) made += " by " + shown(row.actor);
    if (!row.author.empty()) made += ", author " + shown(row.author);
    session_->output.line(indent + made);
    if (!row.description.empty()) session_->output.line(indent + shown(row.description));
  }

  Session* session_;
  const Lineage* lineage_;
  std::map<std::size_t, std::vector<std::size_t>> below_;
  std::set<std::size_t> shown_;
};

Result<int> show_provenance(Session& session, const VersionArguments& arguments) {
  if (arguments.format != "text" && arguments.format != "json" && arguments.format != "dot") {
    return fail(ErrorKind::usage, "provenance.format", "there is no format \"" + arguments.format + "\"",
                "text, json (PROV-JSON) or dot.");
  }
  ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto found, vault::find_addressed(vault, address, arguments.version));
    vault::LineageOptions options;
    options.depth = arguments.depth;
    options.is_downstream = arguments.is_downstream;
    ATOLL_ASSIGN(const Lineage lineage, vault::trace_lineage(vault, found, options));
    Output& output = session.output;
    if (output.is_json) {
      std::string document = vault::prov_json(lineage);
      std::erase(document, '\n');  // line ends stand between fields only
      output.json(JsonObject("provenance")
                      .add("bucket", found.bucket.name)
                      .add_path("key", found.entry.key)
                      .add("version", found.version.version.text())
                      .add("downstream", arguments.is_downstream)
                      .add("entities", static_cast<std::uint64_t>(lineage.nodes.size()))
                      .add("broken", lineage.broken)
                      .add("is_cut", lineage.is_cut)
                      .add_raw("document", document));
    } else if (arguments.format == "json") {
      output.data(vault::prov_json(lineage));
    } else if (arguments.format == "dot") {
      output.data(vault::prov_dot(lineage));
    } else {
      LineageText(session, lineage, arguments.is_downstream).print();
    }
    if (lineage.broken > 0) {
      output.warning("provenance.broken", std::to_string(lineage.broken) +
                                              (lineage.broken == 1 ? " version is" : " versions are") +
                                              " no longer there; their names and what was made of them remain");
    }
    if (lineage.is_cut && !output.is_json)
      output.message("It goes further than is shown: --depth " + std::to_string(arguments.depth) +
                     " or its size ended it.");
    return kExitOk;
  });
}

Result<int> add_provenance(Session& session, const VersionArguments& arguments) {
  ATOLL_ASSIGN(const auto address, vault::parse_address(arguments.address));
  ATOLL_ASSIGN(const vault::Origin origin, origin_of(arguments.origin));
  if (!origin.says_something()) {
    return fail(ErrorKind::usage, "provenance.nothing", "nothing to add",
                "Give --source, --transformation, --author or --description.");
  }
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto found, vault::find_addressed(vault, address, arguments.version));
    ATOLL_ASSIGN(const auto done, vault::add_origin(vault, found, origin, arguments.replaces));
    say_described(session, done, "Noted. `atoll provenance show " + shown(arguments.address) + "` shows it.");
    return kExitOk;
  });
}

using Work = Result<int> (*)(Session&, const VersionArguments&);

std::shared_ptr<VersionArguments> on_chosen(CLI::App* command, Session& session, Chosen& chosen, Work work) {
  auto arguments = std::make_shared<VersionArguments>();
  command->add_option("address", arguments->address, "BUCKET/key, or BUCKET/key@LABEL")->required();
  command->callback([&session, &chosen, arguments, work] {
    chosen.body = [&session, arguments, work] { return work(session, *arguments); };
  });
  return arguments;
}

void add_version(CLI::App* command, VersionArguments& arguments) {
  command->add_option("--version", arguments.version, "this version: its id as `log` shows it, or a label of it");
}

}  // namespace

void add_origin_options(CLI::App& command, OriginArguments& arguments, HasLabel has_label) {
  if (has_label == HasLabel::yes) {
    command.add_option("--label", arguments.label, "a name for the new version, unique among those of its object");
    command.add_option("--change", arguments.change,
                       "how much is new, for labels by rule: patch, minor, major, schema_change, "
                       "significant_quality_improvement, new_preprocessing_method");
  }
  command.add_option("--author", arguments.author, "who is answerable for the content");
  command.add_option("--description", arguments.description, "what it is, what changed and why");
  command
      .add_option("--source", arguments.sources,
                  "what it was made from: BUCKET/key, BUCKET/key@LABEL, a URL, or words (repeatable)")
      ->allow_extra_args(false);
  command.add_option("--transformation", arguments.transformation, "what was done to the sources");
}

Result<vault::Origin> origin_of(const OriginArguments& arguments) {
  vault::Origin origin;
  origin.label = arguments.label;
  origin.author = arguments.author;
  origin.description = arguments.description;
  origin.sources = arguments.sources;
  origin.transformation = arguments.transformation;
  ATOLL_ASSIGN(origin.change, vault::parse_change(arguments.change));
  ATOLL_TRY(vault::check_origin(origin));
  return origin;
}

void add_provenance_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* label = app.add_subcommand("label", "Names of versions; by rule: atoll policy set --labels");
  label->require_subcommand(1);
  auto* set = label->add_subcommand("set", "Gives a version a name: BUCKET/key LABEL");
  auto arguments = on_chosen(set, session, chosen, set_label);
  set->add_option("label", arguments->label, "its name")->required();
  add_version(set, *arguments);
  set->add_flag("--move", arguments->moves, "also where another version has it, or this one has another");
  auto* remove = label->add_subcommand("remove", "Takes a name away: BUCKET/key LABEL");
  arguments = on_chosen(remove, session, chosen, remove_label);
  remove->add_option("label", arguments->label, "the name")->required();
  auto* list = label->add_subcommand("list", "Every label of an object's versions, newest version first");
  on_chosen(list, session, chosen, list_labels);

  auto* provenance = app.add_subcommand("provenance", "Where versions come from, and what was made of them");
  provenance->require_subcommand(1);
  auto* show = provenance->add_subcommand("show", "The chain of sources of a version, in the terms of W3C PROV");
  arguments = on_chosen(show, session, chosen, show_provenance);
  add_version(show, *arguments);
  show->add_option("--depth", arguments->depth, "so many steps (100)");
  show->add_flag("--downstream", arguments->is_downstream, "what was made of it");
  show->add_option("--format", arguments->format, "text, json (PROV-JSON) or dot (Graphviz)");
  auto* add = provenance->add_subcommand("add", "Says where a version that is stored already comes from");
  arguments = on_chosen(add, session, chosen, add_provenance);
  add_version(add, *arguments);
  add_origin_options(*add, arguments->origin, HasLabel::no);
  add->add_flag("--replace", arguments->replaces, "in place of what it says now");
}

}  // namespace atl::cli
