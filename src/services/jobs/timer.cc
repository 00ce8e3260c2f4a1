#include "services/jobs/timer.h"

namespace atl::jobs {
namespace {

// One word in double quotes, with what systemd would expand doubled: % everywhere, $ in command lines alone.
std::string unit_word(std::string_view word, bool is_command) {
  std::string text = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '%' || (c == '$' && is_command)) text += c;
    text += c;
  }
  return text + '"';
}

// systemd.service(5), "Command lines".
std::string unit_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + unit_word(word, true);
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

Timer make_timer(const std::vector<std::string>& words,
                 const std::vector<std::pair<std::string, std::string>>& environment, const std::string& instance,
                 bool is_root, const std::string& config_folder) {
  std::vector<std::string> run = words;
  std::string unit_environment;
  std::vector<std::string> cron{"env"};
  for (const auto& [name, value] : environment) {
    unit_environment += "Environment=" + unit_word(name + "=" + value, false) + "\n";
    cron.push_back(name + "=" + value);
  }
  run.insert(run.end(), {"schedule", "run", "--due"});
  const std::string name = "atoll-schedule-" + instance;
  const std::string folder = is_root ? "/etc/systemd/system/" : config_folder + "/systemd/user/";
  Timer timer;
  timer.units.push_back({folder + name + ".service",
                         "[Unit]\nDescription=Atoll: what is due by the clock\nDocumentation=man:atoll-schedule(1)\n\n"
                         "[Service]\nType=oneshot\nNice=10\nIOSchedulingClass=idle\n" +
                             unit_environment + "ExecStart=" + unit_words(run) + "\n"});
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
  if (!environment.empty()) run.insert(run.begin(), cron.begin(), cron.end());
  timer.crontab_line = "*/5 * * * * " + shell_words(run);
  return timer;
}

}  // namespace atl::jobs
