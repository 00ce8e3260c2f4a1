// The systemd timer that runs due schedules where no server does, and the crontab line where there is no systemd.
//
// Always true: it wakes every five minutes and catches up after the machine was off (systemd.timer(5), Persistent);
// `schedule run` decides what is due. An ordinary user's timer is his own (systemctl --user), root's the system's.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace atl::jobs {

struct TimerUnit {
  std::string path;
  std::string text;
};
struct Timer {
  std::vector<TimerUnit> units;                  // to be written, in this order
  std::vector<std::vector<std::string>> enable;  // programs to run then
  std::vector<std::vector<std::string>> disable;
  std::string crontab_line;
};

// `words`: this program and the options that name home and vault. `environment`: the variables, with their values, by
// which it finds keys and settings; a service has none of its user's. `instance` keeps timers of several homes apart.
[[nodiscard]] Timer make_timer(const std::vector<std::string>& words,
                               const std::vector<std::pair<std::string, std::string>>& environment,
                               const std::string& instance, bool is_root, const std::string& config_folder);

}  // namespace atl::jobs
