// journal: what happened, command by command.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "vault/checkpoint.h"

namespace atl::cli {
namespace {

std::string_view table_word(journal::TableNumber table) {
  switch (table) {
    case journal::TableNumber::domains: return "domains";
    case journal::TableNumber::buckets: return "buckets";
    case journal::TableNumber::entries: return "entries";
    case journal::TableNumber::versions: return "versions";
    case journal::TableNumber::uploads: return "uploads";
    case journal::TableNumber::policies: return "policies";
    case journal::TableNumber::packs: return "packs";
    case journal::TableNumber::jobs: return "jobs";
    case journal::TableNumber::checkpoints: return "checkpoints";
    case journal::TableNumber::principals: return "principals";
    case journal::TableNumber::memberships: return "memberships";
    case journal::TableNumber::roles: return "roles";
    case journal::TableNumber::grants: return "grants";
    case journal::TableNumber::tokens: return "tokens";
    case journal::TableNumber::s3_keys: return "s3_keys";
    case journal::TableNumber::sessions: return "sessions";
    case journal::TableNumber::shares: return "shares";
    case journal::TableNumber::quotas: return "quotas";
    case journal::TableNumber::audit_batches: return "audit_batches";
    case journal::TableNumber::home_settings: return "home_settings";
    default: return "other";
  }
}

// What a row is about, for people.
std::string subject_of(const journal::RowChange& change) {
  if (change.table == journal::TableNumber::entries && change.key.size() > 16)
    return to_string(ByteView(change.key).subspan(16));
  if (change.table == journal::TableNumber::jobs) {
    std::string text = to_string(change.key);
    for (char& c : text) {
      if (c == '\0') c = ' ';
    }
    return text;
  }
  if (change.table == journal::TableNumber::buckets && change.row) {
    if (const auto row = catalog::decode_bucket(change.key, *change.row); row) return row->name;
  }
  return to_hex(change.key);
}

struct ShowArguments {
  std::uint64_t from = 0, to = 0, limit = 0;
};

Result<int> show(Session& session, const ShowArguments& arguments) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    const Lsn last = vault.journal().last();
    if (last.value == 0) return kExitOk;
    Lsn from{arguments.from};
    if (from.value == 0) {
      ATOLL_ASSIGN(const auto stats, vault.journal().stats());
      from = stats.first_kept;
      if (arguments.limit > 0 && last.value >= arguments.limit)
        from = std::max(from, Lsn{last.value - arguments.limit + 1});
    }
    ATOLL_TRY(vault.journal().read(
        from, arguments.to > 0 ? Lsn{arguments.to} : last, [&](const journal::Command& command) -> Result<bool> {
          const auto& envelope = command.envelope;
          std::uint64_t rows = 0;
          bool is_gone = false;
          for (const auto& payload : command.payloads) {
            if (!payload.plain) {
              is_gone = true;
              continue;
            }
            ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
            rows += changes.size();
          }
          if (session.output.is_json) {
            JsonObject object("command");
            object.add("lsn", envelope.lsn.value)
                .add("time", format_rfc3339(envelope.commit_time))
                .add("kind", journal::name_of(envelope.kind))
                .add("actor", envelope.actor);
            if (!envelope.operation.is_none()) object.add("operation", envelope.operation.text());
            object.add("rows", rows).add("payload_gone", is_gone);
            session.output.json(object);
          } else {
            session.output.line(std::to_string(envelope.lsn.value) + "  " + format_rfc3339(envelope.commit_time) +
                                "  " + journal::name_of(envelope.kind) + "  " + shown(envelope.actor) + "  " +
                                std::to_string(rows) + " rows" +
                                (is_gone ? " (content of the change no longer kept)" : ""));
          }
          return !session.output.is_closed() && !session.environment.stop.load();
        }));
    return kExitOk;
  });
}

Result<int> cat(Session& session, std::uint64_t lsn) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    if (lsn == 0 || lsn > vault.journal().last().value) {
      return fail(ErrorKind::not_found, "journal.no_such_command", "there is no change " + std::to_string(lsn),
                  "`atoll journal show` lists them.");
    }
    ATOLL_TRY(vault.journal().read(Lsn{lsn}, Lsn{lsn}, [&](const journal::Command& command) -> Result<bool> {
      for (const auto& payload : command.payloads) {
        if (!payload.plain) {
          session.output.warning(
              "journal.payload_gone",
              "what this change did in domain " + std::to_string(payload.domain.value) + " is no longer kept");
          continue;
        }
        ATOLL_ASSIGN(const auto changes, journal::decode_row_changes(*payload.plain));
        for (const auto& change : changes) {
          const std::string subject = subject_of(change);
          if (session.output.is_json) {
            JsonObject object("row");
            object.add("table", table_word(change.table))
                .add("deleted", !change.row.has_value())
                .add_path("subject", subject)
                .add("key_b64", to_base64(change.key));
            if (change.row) object.add("row_b64", to_base64(*change.row));
            session.output.json(object);
          } else {
            session.output.line(std::string(change.row ? "put     " : "delete  ") +
                                std::string(table_word(change.table)) + "  " + shown(subject));
          }
        }
      }
      return true;
    }));
    return kExitOk;
  });
}

Result<int> checkpoint(Session& session) {
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto report, vault::make_checkpoint(vault));
    session.output.message("Checkpoint at change " + std::to_string(report.lsn.value) + ": " +
                           std::to_string(report.rows) + " rows in " + std::to_string(report.blocks) + " blocks, " +
                           std::to_string(report.blocks_reused) + " taken over.");
    return kExitOk;
  });
}

}  // namespace

void add_journal_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* journal_command = app.add_subcommand("journal", "The vault's changes, one by one");
  journal_command->require_subcommand(1);
  auto arguments = std::make_shared<ShowArguments>();
  auto* show_command = journal_command->add_subcommand("show", "List changes");
  show_command->add_option("--from", arguments->from, "first number");
  show_command->add_option("--to", arguments->to, "last number");
  show_command->add_option("--limit", arguments->limit, "only the last so many");
  show_command->callback(
      [&session, &chosen, arguments] { chosen.body = [&session, arguments] { return show(session, *arguments); }; });
  auto lsn = std::make_shared<std::uint64_t>(0);
  auto* cat_command = journal_command->add_subcommand("cat", "The rows that one change put and deleted");
  cat_command->add_option("number", *lsn, "as `journal show` lists it")->required();
  cat_command->callback([&session, &chosen, lsn] { chosen.body = [&session, lsn] { return cat(session, *lsn); }; });
  journal_command->add_subcommand("checkpoint", "Store the state of all rows now, so that a rebuild reads less")
      ->callback([&session, &chosen] { chosen.body = [&session] { return checkpoint(session); }; });
}

}  // namespace atl::cli
