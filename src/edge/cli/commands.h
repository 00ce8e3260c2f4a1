// The verbs of the program, grouped by what they work on. Each add_… declares its subcommands on the parser; the chosen
// one's body runs after parsing and gives the exit code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "edge/cli/session.h"
#include "edge/remote/file_server.h"

namespace CLI {
class App;
}

namespace atl::cli {

// What parsing chose: at most one body.
// `files`: those of this machine that the words name, for a server that runs the command in its place.
using NamedFile = remote::NamedPath;
struct Chosen {
  std::function<Result<int>()> body;
  std::vector<NamedFile> files;
};

void add_object_commands(CLI::App& app, Session& session, Chosen& chosen);    // get ls cat rm mv cp tag
void add_find_commands(CLI::App& app, Session& session, Chosen& chosen);      // find preview
void add_index_commands(CLI::App& app, Session& session, Chosen& chosen);     // index
void add_nearest_command(CLI::App& app, Session& session, Chosen& chosen);    // nearest
void add_folder_commands(CLI::App& app, Session& session, Chosen& chosen);    // put restore
void add_home_commands(CLI::App& app, Session& session, Chosen& chosen);      // init stat verify doctor vault
void add_key_commands(CLI::App& app, Session& session, Chosen& chosen);       // key
void add_schedule_commands(CLI::App& app, Session& session, Chosen& chosen);  // schedule
void add_drill_command(CLI::App& app, Session& session, Chosen& chosen);      // drill
void add_history_commands(CLI::App& app, Session& session, Chosen& chosen);   // log diff rollback snapshot
void add_shred_commands(CLI::App& app, Session& session, Chosen& chosen);     // shred
void add_journal_commands(CLI::App& app, Session& session, Chosen& chosen);   // journal
void add_undo_commands(CLI::App& app, Session& session, Chosen& chosen);      // undo rewind operations
void add_copy_commands(CLI::App& app, Session& session, Chosen& chosen);      // copy restore-home
void add_transfer_commands(CLI::App& app, Session& session, Chosen& chosen);  // export import
void add_account_commands(CLI::App& app, Session& session, Chosen& chosen);   // user group role
void add_right_commands(CLI::App& app, Session& session, Chosen& chosen);     // grant token s3key share quota
void add_audit_commands(CLI::App& app, Session& session, Chosen& chosen);     // audit
void add_alarm_commands(CLI::App& app, Session& session, Chosen& chosen);     // alarm
void add_job_commands(CLI::App& app, Session& session, Chosen& chosen);       // job
void add_top_command(CLI::App& app, Session& session, Chosen& chosen);        // top
void add_inspect_commands(CLI::App& app, Session& session, Chosen& chosen);   // formats inspect

void add_mcp_command(CLI::App& app, Session& session, Chosen& chosen);  // mcp
void add_serve_command(CLI::App& app, Session& session, Chosen& chosen);
void add_lock_commands(CLI::App& app, Session& session, Chosen& chosen);        // unlock lock
void add_provenance_commands(CLI::App& app, Session& session, Chosen& chosen);  // label provenance
void add_keeping_commands(CLI::App& app, Session& session, Chosen& chosen);     // policy gc bucket
void add_gate_commands(CLI::App& app, Session& session, Chosen& chosen);        // bucket gate, quarantine
void add_tier_commands(CLI::App& app, Session& session, Chosen& chosen);        // tier
void add_duplicate_commands(CLI::App& app, Session& session, Chosen& chosen);   // duplicates questions

// What is said of a version, for the verbs that make one.
struct OriginArguments {
  std::string label, author, description, transformation, change;
  std::vector<std::string> sources;
};
enum class HasLabel : std::uint8_t { no, yes };
void add_origin_options(CLI::App& command, OriginArguments& arguments, HasLabel has_label);
[[nodiscard]] Result<vault::Origin> origin_of(const OriginArguments& arguments);

// `rm --forever`, declared with `rm`.
struct ForeverArguments {
  std::vector<vault::Selection> selections;
  std::string versions = "all";  // "all", "old" or a version's id
  std::string reason;
};
[[nodiscard]] Result<int> remove_forever(Session& session, const ForeverArguments& arguments);

// "k=v" into a map; `usage` where there is no '='.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_labels(const std::vector<std::string>& texts);
// A CSV table (RFC 4180) whose first column is the path and whose header names the fields.
[[nodiscard]] Result<std::map<std::string, std::map<std::string, std::string>>> read_metadata_table(
    Session& session, const std::string& path);

}  // namespace atl::cli
