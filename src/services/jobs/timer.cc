#include "services/jobs/timer.h"

namespace atl::jobs {
namespace {

// systemd.service(5), "Command lines": double quotes, with % and $ doubled.
std::string unit_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += text.empty() ? "\"" : " \"";
    for (const char c : word) {
      if (c == '"' || c == '\\') text += '\\';
      if (c == '%' || c == '$') text += c;
      text += c;
    }
    text += '"';
  }
  return text;
}

std::string shell_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += text.empty() ? "'" : " '";
    for (const char c : word) {
      if (c == '\'') {
        text += "'\\''";
      } else if (c == '%') {
        text += "\\%";  // crontab(5): a bare one ends the line
      } else {
        text += c;
      }
    }
    text += '\'';
  }
  return text;
}

}  // namespace

Timer make_timer(const std::vector<std::string>& words, const std::string& instance, bool is_root,
                 const std::string& config_folder) {
  std::vector<std::string> run = words;
  run.insert(run.end(), {"schedule", "run", "--due"});
  const std::string name = "atoll-schedule-" + instance;
  const std::string folder = is_root ? "/etc/systemd/system/" : config_folder + "/systemd/user/";
  Timer timer;
  timer.units.push_back({folder + name + ".service",
                         "[Unit]\nDescription=Atoll: what is due by the clock\nDocumentation=man:atoll-schedule(1)\n\n"
                         "[Service]\nType=oneshot\nNice=10\nIOSchedulingClass=idle\nExecStart=" +
                             unit_words(run) + "\n"});
  timer.units.push_back({folder + name + ".timer",
                         "[Unit]\nDescription=Atoll: looks every five minutes what is due\n\n"
                         "[Timer]\nOnCalendar=*:0/5\nPersistent=true\nRandomizedDelaySec=20\n\n"
                         "[Install]\nWantedBy=timers.target\n"});
  const auto systemctl = [&](std::vector<std::string> rest) {
    std::vector<std::string> call{"systemctl"};
    if (!is_root) call.emplace_back("--user");
    call.insert(call.end(), rest.begin(), rest.end());
    return call;
  };
  timer.enable = {systemctl({"daemon-reload"}), systemctl({"enable", "--now", name + ".timer"})};
  timer.disable = {systemctl({"disable", "--now", name + ".timer"})};
  timer.crontab_line = "*/5 * * * * " + shell_words(run);
  return timer;
}

}  // namespace atl::jobs
