// index: look into everything; index embedder: who turns texts into vectors; index export: vectors for other programs.
#include <CLI/CLI.hpp>

#include "derived/vector/endpoint_address.h"
#include "edge/cli/commands.h"
#include "edge/cli/embedder_keys.h"
#include "edge/cli/finder.h"
#include "foundation/base/units.h"
#include "vault/access/access.h"

namespace atl::cli {
namespace {

struct IndexArguments {
  bool is_rebuild = false, is_wholly = false;
};

Result<int> index_all(Session& session, const IndexArguments& arguments) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    Finder finder(session, vault);
    ATOLL_TRY(finder.open());
    if (arguments.is_rebuild) {
      if (finder.is_of_server()) {
        return fail(ErrorKind::usage, "search.served", "the server keeps this index",
                    "Stop it, and run `atoll index --rebuild` then.");
      }
      ATOLL_TRY(finder.index().reset(vault, arguments.is_wholly));
    }
    if (!session.options.is_dry_run) ATOLL_TRY(finder.catch_up(Finder::Embeds::everything));
    ATOLL_ASSIGN(const auto coverage, finder.index().coverage(vault));
    if (session.output.is_json) {
      session.output.json(JsonObject("index")
                              .add("objects", coverage.objects)
                              .add("contents_waiting", coverage.contents_waiting)
                              .add("previews_waiting", coverage.previews_waiting)
                              .add("pictures_waiting", coverage.pictures_waiting)
                              .add("reached", coverage.reached.value)
                              .add("current", coverage.current.value)
                              .add("is_complete", coverage.is_complete())
                              .add("embedder", coverage.embedder)
                              .add("passages", coverage.passages)
                              .add("meaning_waiting", coverage.meaning_waiting));
    } else {
      session.output.line(format_count(coverage.objects) + " objects can be found" +
                          (coverage.contents_waiting == 0 ? ", by their names and by what they say"
                                                          : "; " + format_count(coverage.contents_waiting) +
                                                                " of them by their names only so far"));
    }
    if (!coverage.meaning_trouble.empty()) session.output.warning("search.embedder_away", coverage.meaning_trouble);
    return session.environment.stop.load() ? kExitInterrupted : kExitOk;
  });
}

// Who embeds

Result<int> show_embedder(Session& session) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    Finder finder(session, vault);
    ATOLL_TRY(finder.open());
    ATOLL_ASSIGN(const auto choice, search::chosen_embedder(vault));
    const auto state = finder.index().meaning_state();
    const auto offers = vector::offered_endpoints();
    if (session.output.is_json) {
      JsonObject line("embedder");
      std::vector<std::string> quoted;
      for (const auto& offer : offers) quoted.push_back(json_quote(offer));
      session.output.json(line.add("choice", choice.text())
                              .add("leaves_machine", search::leaves_machine(choice))
                              .add("answers", state.embedder)
                              .add("passages", state.passages)
                              .add("waiting", state.waiting)
                              .add("refused", state.refused)
                              .add("next", state.next_embedder)
                              .add("trouble", state.trouble)
                              .add_raw("offered", json_array(quoted)));
      return kExitOk;
    }
    session.output.line("chosen:  " + shown(choice.text()) +
                        (search::leaves_machine(choice) ? "   (texts leave this machine)" : ""));
    session.output.line("answers: " + (state.embedder.empty() ? std::string("nothing yet") : shown(state.embedder)) +
                        ", " + format_count(state.passages) + " passages");
    if (!state.next_embedder.empty())
      session.output.line("beside:  " + shown(state.next_embedder) + " is being filled");
    if (state.waiting > 0) session.output.line("waiting: " + format_count(state.waiting) + " texts");
    if (state.refused > 0) session.output.line("refused: " + format_count(state.refused) + " passages");
    if (!state.trouble.empty()) session.output.warning("search.embedder_away", state.trouble);
    for (const auto& offer : offers) {
      if (offer == choice.text()) continue;
      session.output.message("This machine offers another: atoll index embedder set '" + shown(offer) + "'");
    }
    return kExitOk;
  });
}

struct SetArguments {
  std::string embedder, key_file;
};

void say_cost(Session& session, const search::EmbedderChoice& choice, const search::EmbeddingCost& cost) {
  if (session.output.is_json) {
    session.output.json(JsonObject("embedding_cost")
                            .add("embedder", choice.text())
                            .add("name", cost.name)
                            .add("dimension", std::uint64_t{cost.dimension})
                            .add("passages", cost.passages)
                            .add("tokens", cost.tokens)
                            .add("seconds", cost.seconds)
                            .add("is_measured", cost.is_measured)
                            .add("bytes_sent", choice.kind == search::EmbedderKind::endpoint ? cost.bytes : 0)
                            .add("leaves_machine", cost.leaves_machine)
                            .add("is_dry_run", session.options.is_dry_run));
    return;
  }
  std::string words = format_count(cost.passages) + " passages, about " + format_count(cost.tokens) +
                      " tokens, about " + format_duration(cost.seconds) +
                      (cost.is_measured ? " (measured just now)" : "");
  session.output.line(words);
  if (choice.kind != search::EmbedderKind::endpoint) return;
  session.output.line(format_size(cost.bytes) + " of text " +
                      (cost.leaves_machine ? "leave this machine for " : "go to ") + shown(search::origin_of(choice)) +
                      (cost.leaves_machine ? "" : ", on this machine"));
}

Result<int> set_embedder(Session& session, const SetArguments& arguments) {
  ATOLL_ASSIGN(const auto choice, search::parse_embedder(arguments.embedder));
  ATOLL_ASSIGN(std::string key, read_embedder_key(session.environment, arguments.key_file));
  const std::string origin = search::origin_of(choice);
  if (origin.empty() && !arguments.key_file.empty())
    return fail(ErrorKind::usage, "embedder.no_server", "only servers want a key");
  if (!key.empty() && !origin.empty()) ATOLL_TRY(keep_embedder_key(session.environment, origin, key));
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    {
      Finder finder(session, vault);
      ATOLL_TRY(finder.open());
      ATOLL_ASSIGN(const auto cost, finder.index().embedding_cost(vault, choice, &session.environment.stop));
      say_cost(session, choice, cost);
      if (session.options.is_dry_run) return kExitOk;
      if (cost.leaves_machine) {
        ATOLL_ASSIGN(const bool is_wanted, session.confirm("Send the texts of this vault to " + shown(origin) + "?"));
        if (!is_wanted) return kExitInterrupted;
      }
    }
    ATOLL_TRY(search::choose_embedder(vault, choice));
    session.output.message(
        session.environment.served != nullptr
            ? "Chosen. The old vectors answer until the new ones are whole."
            : "Chosen. `atoll index` makes the vectors, or a server does; the old ones answer until then.");
    return kExitOk;
  };
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

Result<int> export_vectors(Session& session, const std::string& folder) {
  if (session.environment.served != nullptr && !session.environment.served->who().is_local_owner) {
    return fail(ErrorKind::denied, "command.path_of_server", "a folder of the server cannot be named from elsewhere",
                "Run this on the server's machine.");
  }
  const std::string path = session.absolute(folder);
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    Finder finder(session, vault);
    ATOLL_TRY(finder.open());
    ATOLL_TRY(finder.catch_up(Finder::Embeds::a_little));
    ATOLL_TRY(finder.index().export_meaning(vault, path));
    const auto state = finder.index().meaning_state();
    if (session.output.is_json) {
      session.output.json(JsonObject("index_export").add("folder", path).add("passages", state.passages));
    } else {
      session.output.message(format_count(state.passages) + " passages of \"" + shown(state.embedder) + "\" in " +
                             shown(path) + ", in clear.");
    }
    return kExitOk;
  });
}

}  // namespace

void add_index_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* index = app.add_subcommand("index", "Look into everything that was not looked into yet, so that it is found");
  auto index_arguments = std::make_shared<IndexArguments>();
  index->add_flag("--rebuild", index_arguments->is_rebuild, "make it anew from what was read before");
  index->add_flag("--reread", index_arguments->is_wholly, "with --rebuild: read every file again");
  index->require_subcommand(0, 1);
  index->callback([&session, &chosen, index, index_arguments] {
    if (index->get_subcommands().empty())
      chosen.body = [&session, index_arguments] { return index_all(session, *index_arguments); };
  });

  auto* embedder = index->add_subcommand("embedder", "Who turns texts into vectors, by which meaning is found");
  embedder->require_subcommand(1);
  embedder->add_subcommand("show", "Which one is chosen, how far it is, and what this machine offers")
      ->callback([&session, &chosen] { chosen.body = [&session] { return show_embedder(session); }; });
  auto* set = embedder->add_subcommand("set", "Choose one; says first what it takes (-n: only that)");
  auto set_arguments = std::make_shared<SetArguments>();
  set->add_option("embedder", set_arguments->embedder,
                  "built-in; table:/FOLDER; http://127.0.0.1:11434/api/embed?model=nomic-embed-text")
      ->required();
  set->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what it takes");
  set->add_option("--server-key-file", set_arguments->key_file,
                  "a file with the server's key; else ATOLL_EMBEDDER_KEY");
  set->callback([&session, &chosen, set_arguments] {
    chosen.body = [&session, set_arguments] { return set_embedder(session, *set_arguments); };
  });

  auto* out = index->add_subcommand("export", "Write the vectors into a folder, in clear, for numpy and sqlite3");
  auto folder = std::make_shared<std::string>();
  out->add_option("folder", *folder, "where to; made if it is missing")->required();
  out->callback(
      [&session, &chosen, folder] { chosen.body = [&session, folder] { return export_vectors(session, *folder); }; });
}

}  // namespace atl::cli
