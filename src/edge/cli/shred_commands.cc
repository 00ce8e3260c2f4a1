// shred: a bucket with keys of its own made unreadable, for certain.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "foundation/base/units.h"
#include "vault/domain/shred.h"

namespace atl::cli {
namespace {

struct ShredArguments {
  std::string bucket;
  std::string reason;
  bool shows_records = false;
};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void say_record(Session& session, const catalog::DomainRow& row) {
  Output& output = session.output;
  if (output.is_json) {
    JsonObject line("deletion_record");
    line.add("bucket", row.bucket_name).add("domain", std::uint64_t{row.number.value});
    line.add("begun", format_rfc3339(row.destroying));
    if (row.destroyed.unix_us != 0) line.add("destroyed", format_rfc3339(row.destroyed));
    line.add("actor", row.actor).add("reason", row.reason).add("objects", row.objects).add("bytes", row.bytes);
    std::vector<std::string> list;
    for (const std::string& one : row.unconfirmed) list.push_back(json_quote(one));
    output.json(line.add_raw("unconfirmed", json_array(list)));
    return;
  }
  output.line(format_rfc3339(row.destroyed) + "  " + row.bucket_name + "  " + format_count(row.objects) + " objects, " +
              format_size(row.bytes) + "  by " + row.actor +
              (row.reason.empty() ? "" : "  (" + shown(row.reason) + ")"));
  if (!row.unconfirmed.empty()) {
    output.line("  " + output.red("its key may still lie in: " + joined(row.unconfirmed)));
    for (const std::string& one : row.unconfirmed) {
      if (one == "recovery kit")
        output.message("  Save a new kit (atoll key kit --to DIR), destroy every older one, and then: atoll shred " +
                       row.bucket_name + " --confirm 'recovery kit'");
      else
        output.message("  Bring it up to date: atoll copy sync" + one.substr(4));
    }
  }
}

Result<int> show_records(Session& session) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto rows, vault.reader()->all<catalog::DomainRow>());
    for (const auto& row : rows) {
      if (row.destroying.unix_us != 0) say_record(session, row);
    }
    return kExitOk;
  });
}

Result<int> shred_bucket(Session& session, const ShredArguments& arguments) {
  const auto work = [&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto plan, vault::plan_shred(vault, arguments.bucket));
    const std::string what = format_count(plan.objects) + " objects in " + format_count(plan.versions) + " versions, " +
                             format_size(plan.stored_bytes) + " in " + format_count(plan.packs) + " packs";
    if (session.options.is_dry_run) {
      if (session.output.is_json) {
        session.output.json(JsonObject("summary")
                                .add("objects", plan.objects)
                                .add("versions", plan.versions)
                                .add("stored_bytes", plan.stored_bytes)
                                .add("dry_run", true));
      } else {
        session.output.line("Would destroy the keys of " + arguments.bucket + ": " + what);
        if (!plan.snapshots.empty()) session.output.line("  and the snapshots " + joined(plan.snapshots));
        if (!plan.elsewhere.empty()) session.output.line("  The keys also lie in: " + joined(plan.elsewhere));
      }
      return kExitOk;
    }
    ATOLL_ASSIGN(const bool goes_on, session.confirm("This destroys the keys of bucket " + arguments.bucket + ": " +
                                                     what + ". Nobody can ever read them again. Go on?"));
    if (!goes_on) return kExitFailed;
    ATOLL_ASSIGN(const auto record, vault::shred(vault, arguments.bucket, arguments.reason));
    say_record(session, record);
    return kExitOk;
  };
  session.wants_vault_alone = !session.options.is_dry_run;
  return session.options.is_dry_run ? session.with_reader(work) : session.with_writer(work);
}

Result<int> confirm_elsewhere(Session& session, const std::string& bucket, const std::string& elsewhere) {
  return session.with_writer([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto rows, vault.reader()->all<catalog::DomainRow>());
    bool is_found = false;
    for (const auto& row : rows) {
      if (row.bucket_name != bucket || row.destroying.unix_us == 0) continue;
      is_found = true;
      ATOLL_TRY(vault::confirm_shred(vault, row.number, elsewhere));
    }
    if (!is_found) {
      return fail(ErrorKind::not_found, "shred.no_record", "no bucket \"" + bucket + "\" was shredded",
                  "`atoll shred --records` lists what was.");
    }
    return kExitOk;
  });
}

}  // namespace

void add_shred_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto arguments = std::make_shared<ShredArguments>();
  auto confirmed = std::make_shared<std::string>();
  auto* shred = app.add_subcommand("shred", "Destroy a bucket's own keys: nobody can ever read it again");
  shred->add_option("bucket", arguments->bucket, "made with: atoll bucket create NAME --key-domain");
  shred->add_option("--reason", arguments->reason, "stays in the deletion record");
  shred->add_flag("--records", arguments->shows_records, "what was shredded, and where a key may still lie");
  shred->add_option("--confirm", *confirmed, "'recovery kit': every older one of them is destroyed");
  shred->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would go");
  shred->callback([&session, &chosen, arguments, confirmed] {
    chosen.body = [&session, arguments, confirmed]() -> Result<int> {
      if (arguments->shows_records) return show_records(session);
      if (arguments->bucket.empty())
        return fail(ErrorKind::usage, "shred.which", "name the bucket to shred, or say --records");
      if (!confirmed->empty()) return confirm_elsewhere(session, arguments->bucket, *confirmed);
      return shred_bucket(session, *arguments);
    };
  });
}

}  // namespace atl::cli
