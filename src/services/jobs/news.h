// Telling people how a scheduled command ended: by mail, to a web address, or by a program of theirs.
//
//     mail:me@example.org     sendmail -t (every mail server brings it)
//     webhook:https://…       curl, one JSON object by POST
//     command:/path/program   run with the message on its standard input and ATOLL_EVENT, ATOLL_EXIT_CODE set
//
// Always true: a message holds the command, how it ended and the end of what it printed; never a key or passphrase.
// The web address may hold a secret token: it goes to curl by a file on standard input, not by argument.
#pragma once

#include <string>

#include "foundation/platform/programs.h"

namespace atl::jobs {

struct News {
  std::string event;  // "schedule.failed", "schedule.done", "drill.failed", "alarm.raised", "alarm.cleared"
  std::string title;  // one line
  std::string text;
  int exit_code = 0;
  Timestamp time;
};

// `usage` for an address of another form.
[[nodiscard]] Result<void> check_address(const std::string& address);
[[nodiscard]] Result<void> tell(platform::Programs& programs, const std::string& address, const News& news);

}  // namespace atl::jobs
