#include "vault/history/moment.h"

#include <charconv>

namespace atl::vault {
namespace {

constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::int64_t kDayMicroseconds = 86'400 * kMicrosecondsPerSecond;

tl::unexpected<Error> no_moment(std::string_view text, const std::string& why) {
  return fail(ErrorKind::usage, "moment.unknown", "\"" + std::string(text.substr(0, 100)) + "\" " + why,
              "Possible are: 2026-11-13T09:00, 2026-11-13, 10m (ago), 4711 (a change), or a snapshot's name.");
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<Moment> at_time(std::string_view text, std::int64_t unix_us, Timestamp now) {
  if (unix_us > now.unix_us) return no_moment(text, "lies in the future");
  Moment moment;
  moment.is_by_time = true;
  moment.time = {unix_us};
  moment.words = format_rfc3339(Timestamp{unix_us / kMicrosecondsPerSecond * kMicrosecondsPerSecond});
  return moment;
}

Result<Moment> of_snapshot(Vault& vault, std::string_view text, std::string_view name) {
  catalog::SnapshotRow named;
  named.name = name;
  const auto reader = vault.reader();
  ATOLL_ASSIGN(const auto row, reader->one<catalog::SnapshotRow>(key_of(named)));
  if (!row) return no_moment(text, "is neither a time nor a change nor a snapshot");
  Moment moment;
  moment.lsn = row->lsn;
  moment.words = "snapshot " + row->name + " (change " + std::to_string(row->lsn.value) + ")";
  return moment;
}

}  // namespace

Result<Moment> parse_moment(Vault& vault, std::string_view text) {
  const Timestamp now = std::max(vault.machine().clock.now(), vault.journal().last_commit_time());
  if (text.starts_with("snapshot:")) return of_snapshot(vault, text, text.substr(9));
  const bool says_lsn = text.starts_with("lsn:");
  if (const auto number = whole_number(says_lsn ? text.substr(4) : text)) {
    if (*number > vault.journal().last().value) {
      return no_moment(text, "lies in the future: the last change is " + std::to_string(vault.journal().last().value));
    }
    Moment moment;
    moment.lsn = {*number};
    moment.words = "change " + std::to_string(*number);
    return moment;
  }
  if (says_lsn) return no_moment(text, "is no change's number");
  if (const auto ago = parse_duration_s(text)) return at_time(text, now.unix_us - *ago * kMicrosecondsPerSecond, now);
  if (const auto time = parse_rfc3339(text)) {
    std::int64_t unix_us = time->seconds * kMicrosecondsPerSecond + time->nanoseconds / 1000;
    const bool is_whole_day = text.size() == 10 && text[4] == '-';
    // A day means all of it; today, so far.
    if (is_whole_day && unix_us <= now.unix_us) unix_us = std::min(unix_us + kDayMicroseconds - 1, now.unix_us);
    return at_time(text, unix_us, now);
  }
  return of_snapshot(vault, text, text);
}

}  // namespace atl::vault
