#include "edge/cli/s3_copies.h"

#include <CLI/CLI.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>

#include "edge/cli/copying.h"
#include "foundation/base/units.h"

namespace atl::cli {
namespace {

constexpr std::int64_t kSliceMs = 200;

struct ThawArguments {
  std::string copy, speed = "Standard", poll = "5m";
  unsigned days = 7;
  bool waits = false;
  S3Arguments s3;
};

struct ReachedCopy {
  std::string words;
  std::unique_ptr<backup::CopyTarget> target;
};

// By name through the home, or by place without one. Nothing is locked: asking and looking changes no file.
Result<ReachedCopy> reach_copy(Session& session, const std::string& name_or_place, const S3Arguments& arguments) {
  if (blob::is_s3_place(name_or_place)) {
    ATOLL_ASSIGN(const auto place, s3_place_of(session, name_or_place, arguments));
    const auto reach = copy_reach(session, arguments);
    ATOLL_ASSIGN(const VaultId vault, backup::CopyTarget::vault_in(reach, blob::format(place)));
    ATOLL_ASSIGN(auto target,
                 backup::CopyTarget::open(reach, blob::format(place), vault, backup::CopyTarget::Use::read, {}));
    return ReachedCopy{place.shown(), std::move(target)};
  }
  std::string place;
  VaultId vault;
  ATOLL_TRY(session.with_reader([&](vault::Vault& opened) -> Result<int> {
    ATOLL_ASSIGN(const auto row, find_copy(opened, name_or_place));
    place = row.place;
    vault = opened.head().vault;
    return kExitOk;
  }));
  ATOLL_ASSIGN(auto target,
               backup::CopyTarget::open(copy_reach(session), place, vault, backup::CopyTarget::Use::read, {}));
  return ReachedCopy{"Copy \"" + name_or_place + "\"", std::move(target)};
}

void say_cold(Session& session, const std::string& words, const backup::ColdPacks& cold, bool is_requested) {
  Output& output = session.output;
  if (output.is_json) {
    JsonObject line("summary");
    line.add("frozen", std::uint64_t{is_requested ? 0 : cold.frozen.size()});
    line.add("requested", std::uint64_t{is_requested ? cold.frozen.size() : 0}).add("bytes", cold.frozen_bytes);
    line.add("under_way", std::uint64_t{cold.under_way.size()}).add("thawed", cold.thawed);
    output.json(line);
    return;
  }
  output.line(words + ": " + format_count(cold.frozen.size()) + " packs (" + format_size(cold.frozen_bytes) + ") " +
              (is_requested ? "were asked for" : "would have to be asked for") + ", " +
              format_count(cold.under_way.size()) + " were asked for before and are on their way, " +
              format_count(cold.thawed) + " can be read for a while.");
}

Result<int> thaw(Session& session, const ThawArguments& arguments) {
  ATOLL_ASSIGN(const std::int64_t poll_s, parse_duration_s(arguments.poll));
  ATOLL_ASSIGN(const auto reached, reach_copy(session, arguments.copy, arguments.s3));
  if (session.options.is_dry_run) {
    ATOLL_ASSIGN(const auto cold, reached.target->cold_packs());
    say_cold(session, reached.words, cold, false);
    return kExitOk;
  }
  ATOLL_ASSIGN(const auto cold, reached.target->request_thaw(arguments.days, arguments.speed));
  say_cold(session, reached.words, cold, true);
  if (!arguments.waits) return kExitOk;
  return wait_thawed(session, arguments.copy, arguments.s3, poll_s);
}

struct CredentialsArguments {
  std::string name;
  S3Arguments s3;
};

Result<int> set_credentials(Session& session, const CredentialsArguments& arguments) {
  return session.with_reader([&](vault::Vault& vault) -> Result<int> {
    ATOLL_ASSIGN(const auto row, find_copy(vault, arguments.name));
    if (row.kind != vault::kCopyKindS3)
      return fail(ErrorKind::usage, "copy.no_key", "copy \"" + row.name + "\" lies in a folder, which has no key");
    ATOLL_ASSIGN(const auto place, blob::parse_s3_place(row.place));
    ATOLL_ASSIGN(const auto credentials, given_credentials(session, arguments.s3, place));
    // Tried before it takes the old one's place.
    auto reach = copy_reach(session);
    reach.credentials = [&](const blob::S3Place&) -> Result<net::AwsCredentials> { return credentials; };
    const auto there = backup::CopyTarget::vault_in(reach, row.place);
    if (!there && there.error().id != "copy.marker_missing") return pass(there.error());
    ATOLL_ASSIGN(const bool is_kept, keep_credentials(session.environment, place, credentials));
    if (!is_kept) {
      return fail(ErrorKind::usage, "copy.passing_key", "this key lasts for hours only and is not kept",
                  "Give one that lasts.");
    }
    session.output.message("The key for copy \"" + row.name + "\" works and is kept.");
    return kExitOk;
  });
}

}  // namespace

std::string cost_words(const blob::S3Place& place, std::uint64_t bytes) {
  if (!(place.price_per_gib_month > 0)) return {};
  std::array<char, 64> text{};
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), place.cost_per_month(bytes), std::chars_format::fixed, 2);
  return ", which costs about " + std::string(text.data(), written.ptr) + " a month";
}

Result<int> wait_thawed(Session& session, const std::string& name_or_place, const S3Arguments& arguments,
                        std::int64_t poll_s) {
  ATOLL_ASSIGN(const auto reached, reach_copy(session, name_or_place, arguments));
  std::mutex mutex;
  std::condition_variable never;
  for (;;) {
    ATOLL_ASSIGN(const auto cold, reached.target->cold_packs());
    if (!cold.frozen.empty()) return pass(reached.target->check_readable().error());
    if (cold.under_way.empty()) {
      session.output.message(reached.words + ": everything can be read.");
      return kExitOk;
    }
    session.output.message(reached.words + ": " + format_count(cold.under_way.size()) + " packs (" +
                           format_size(cold.under_way_bytes) + ") are on their way.");
    for (std::int64_t waited_ms = 0; waited_ms < poll_s * 1000; waited_ms += kSliceMs) {
      if (session.environment.stop.load())
        return fail(ErrorKind::interrupted, "copy.interrupted", "interrupted; what was asked for goes on coming");
      std::unique_lock lock(mutex);
      never.wait_for(lock, std::chrono::milliseconds(kSliceMs), [] { return false; });
    }
  }
}

void add_s3_copy_commands(CLI::App& copy, Session& session, Chosen& chosen) {
  auto thaw_arguments = std::make_shared<ThawArguments>();
  auto* thaw_command = copy.add_subcommand("thaw", "Ask for what of a copy lies in a cold class of S3");
  thaw_command->add_option("copy", thaw_arguments->copy, "its name, or s3://BUCKET/PREFIX")->required();
  thaw_command->add_option("--days", thaw_arguments->days, "so long it can be read then (7)");
  thaw_command->add_option("--speed", thaw_arguments->speed, "Standard, Bulk (cheaper, slower) or Expedited")
      ->check(CLI::IsMember({"Standard", "Bulk", "Expedited"}));
  thaw_command->add_flag("--wait", thaw_arguments->waits, "until all of it can be read");
  thaw_command->add_option("--poll", thaw_arguments->poll, "looks so often, with --wait (5m)");
  thaw_command->add_flag("-n,--dry-run", session.options.is_dry_run, "only say what would be asked for");
  add_s3_reach_options(*thaw_command, thaw_arguments->s3);
  thaw_command->callback([&session, &chosen, thaw_arguments] {
    chosen.body = [&session, thaw_arguments] { return thaw(session, *thaw_arguments); };
  });
  auto credentials_arguments = std::make_shared<CredentialsArguments>();
  auto* credentials_command = copy.add_subcommand("credentials", "Keep another key for a copy in S3");
  credentials_command->add_option("name", credentials_arguments->name, "as `copy list` shows it")->required();
  credentials_command->add_option("--credentials-file", credentials_arguments->s3.credentials_file,
                                  "a file with aws_access_key_id and aws_secret_access_key");
  credentials_command->add_option("--profile", credentials_arguments->s3.profile,
                                  "a section of that file, or of ~/.aws/credentials");
  credentials_command->callback([&session, &chosen, credentials_arguments] {
    chosen.body = [&session, credentials_arguments] { return set_credentials(session, *credentials_arguments); };
  });
}

}  // namespace atl::cli
