#include "services/jobs/from_elsewhere.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace atl::jobs {
namespace {

constexpr std::array<std::string_view, 9> kVerbs = {"verify",
                                                    "gc",
                                                    "drill",
                                                    "tier run",
                                                    "copy sync",
                                                    "copy verify",
                                                    "snapshot create",
                                                    "snapshot prune",
                                                    "journal checkpoint"};
constexpr std::array<std::string_view, 24> kOptions = {
    "--data",        "--sample",      "--horizon",     "--rewrite-from", "--limit",       "--objects",
    "--copy",        "--keep-last",   "--keep-hourly", "--keep-daily",   "--keep-weekly", "--keep-monthly",
    "--keep-yearly", "--keep-within", "--description", "--hold",         "--as-of",       "--no-heal",
    "--yes",         "--quiet",       "--json",        "--verbose",      "--dry-run",     "-y"};

tl::unexpected<Error> not_from_elsewhere(const std::string& what) {
  return fail(ErrorKind::denied, "schedule.not_from_elsewhere", what + " is not scheduled from another machine",
              "Do it with `atoll schedule add` on the server's machine.");
}

}  // namespace

Result<void> check_from_elsewhere(const catalog::ScheduleRow& row) {
  std::string verb = row.words.empty() ? std::string() : row.words.front();
  if (std::ranges::find(kVerbs, verb) == kVerbs.end() && row.words.size() > 1) verb += " " + row.words[1];
  if (std::ranges::find(kVerbs, verb) == kVerbs.end()) return not_from_elsewhere("\"" + verb + "\"");
  for (const std::string& word : row.words) {
    if (!word.starts_with('-')) continue;
    const std::string option = word.substr(0, word.find('='));
    if (std::ranges::find(kOptions, option) == kOptions.end()) return not_from_elsewhere(option);
  }
  for (const std::string& address : row.news)
    if (address.starts_with("command:")) return not_from_elsewhere("a program that is told");
  return {};
}

Result<void> check_from_elsewhere(const std::vector<std::string>& addresses, const std::vector<std::string>& held) {
  for (const std::string& address : addresses) {
    if (!address.starts_with("command:") || std::ranges::find(held, address) != held.end()) continue;
    return fail(ErrorKind::denied, "command.path_of_server", "a program of the server cannot be named from elsewhere",
                "Run `atoll alarm tell` on the server's machine.");
  }
  return {};
}

}  // namespace atl::jobs
