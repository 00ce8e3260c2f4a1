#include "edge/cli/config_file.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <optional>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace atl::cli {
namespace {

using platform::join;

constexpr std::uint64_t kFileBytesMax = 1024 * 1024;
constexpr std::size_t kDepthMax = 4;

const CLI::App* subcommand(const CLI::App& app, std::string_view name) {
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_name() == name) return sub;
  }
  return nullptr;
}

const CLI::Option* long_option(const CLI::App& app, std::string_view name) {
  for (const CLI::Option* option : app.get_options()) {
    if (std::ranges::find(option->get_lnames(), name) != option->get_lnames().end()) return option;
  }
  return nullptr;
}

// Options that make sense once, on a command line.
bool is_setting(const CLI::Option& option) {
  if (option.get_lnames().empty()) return false;
  const std::string& name = option.get_lnames().front();
  return name != "help" && name != "version" && name != "config" && !name.starts_with("help-");
}

std::string environment_name(const std::vector<std::string>& section, const std::string& key) {
  std::string name = "ATOLL";
  const auto append = [&](const std::string& part) {
    name += '_';
    for (const char c : part) name += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  };
  for (const std::string& part : section) append(part);
  append(key);
  return name;
}

// What the file says

tl::unexpected<Error> bad_file(const std::string& path, const toml::source_region& where, const std::string& what) {
  return fail(ErrorKind::usage, "config.bad_key", path + ":" + std::to_string(where.begin.line) + ": " + what,
              "`atoll config show --all` lists every key.");
}

Result<std::string> value_text(const toml::node& node, const std::string& path, const std::string& key) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return bad_file(path, node.source(), key + " wants a text, a whole number, true or false, or a list of texts");
}

Result<void> read_table(const toml::table& table, const CLI::App& app, const std::string& path,
                        std::vector<std::string> section, std::vector<Setting>& settings) {
  for (const auto& [toml_key, node] : table) {
    const std::string key(toml_key.str());
    if (const auto* inner = node.as_table()) {
      const CLI::App* sub = subcommand(app, key);
      if (sub == nullptr || section.size() == kDepthMax)
        return bad_file(path, node.source(), "there is no verb \"" + key + "\" to have settings");
      auto below = section;
      below.push_back(key);
      ATOLL_TRY(read_table(*inner, *sub, path, std::move(below), settings));
      continue;
    }
    const CLI::Option* option = long_option(app, key);
    if (option == nullptr || !is_setting(*option)) {
      const std::string of = section.empty() ? "there is no global option" : section.back() + " has no option";
      return bad_file(path, node.source(), of + " \"" + key + "\"");
    }
    Setting setting{section, key, {}, path + ":" + std::to_string(node.source().begin.line)};
    if (const auto* list = node.as_array()) {
      if (option->get_items_expected_max() <= 1)
        return bad_file(path, node.source(), "\"" + key + "\" takes one value, not a list");
      for (const auto& item : *list) {
        ATOLL_ASSIGN(auto text, value_text(item, path, key));
        setting.values.push_back(std::move(text));
      }
    } else {
      ATOLL_ASSIGN(auto text, value_text(node, path, key));
      if (option->get_items_expected_max() == 0 && text != "true" && text != "false" && !node.is_integer())
        return bad_file(path, node.source(), "\"" + key + "\" is true or false");
      setting.values.push_back(std::move(text));
    }
    settings.push_back(std::move(setting));
  }
  return {};
}

Result<std::vector<Setting>> read_file(const CLI::App& app, Environment& environment, const std::string& path) {
  ATOLL_ASSIGN(const Bytes bytes, platform::read_whole(environment.machine.files, path, kFileBytesMax));
  const auto parsed = toml::parse(as_text(bytes), path);
  if (!parsed) {
    return fail(ErrorKind::usage, "config.no_toml",
                path + ":" + std::to_string(parsed.error().source().begin.line) + ": " +
                    std::string(parsed.error().description()),
                "The file is TOML: key = \"value\", and sections such as [put].");
  }
  std::vector<Setting> settings;
  ATOLL_TRY(read_table(parsed.table(), app, path, {}, settings));
  return settings;
}

std::string absolute(const Environment& environment, const std::string& path) {
  return path.starts_with('/') ? path : join(environment.working_folder, path);
}

// Where one may lie, the first that is there counts.
std::vector<std::string> usual_places(Environment& environment) {
  std::vector<std::string> places;
  if (const auto config = environment.variable("XDG_CONFIG_HOME"); config && config->starts_with('/')) {
    places.push_back(join(*config, "atoll/atoll.toml"));
  } else if (const auto home = environment.variable("HOME"); home && home->starts_with('/')) {
    places.push_back(join(*home, ".config/atoll/atoll.toml"));
  }
  places.emplace_back("/etc/atoll/atoll.toml");
  return places;
}

// "" where there is none. `named`: by --config.
Result<std::string> find_file(Environment& environment, const std::string& named) {
  std::string path = named;
  if (path.empty()) path = environment.variable("ATOLL_CONFIG").value_or("");
  if (!path.empty()) {
    path = absolute(environment, path);
    ATOLL_ASSIGN(const auto there, environment.machine.files.stat(path));
    if (!there) return fail(ErrorKind::not_found, "config.not_found", "there is no configuration file " + path);
    return path;
  }
  for (const std::string& place : usual_places(environment)) {
    const auto there = environment.machine.files.stat(place);
    if (there && *there) return place;
  }
  return std::string();
}

// What was typed

struct Level {
  const CLI::App* app;
  std::vector<std::string> section;
  std::size_t insert_at;  // in the arguments: behind the verb
};

// The verb that the arguments choose, level by level, and --config.
std::vector<Level> chosen_levels(const CLI::App& app, const std::vector<std::string>& arguments, std::string& config) {
  std::vector<Level> levels{{&app, {}, 0}};
  bool is_descending = true;
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string& argument = arguments[i];
    if (argument.starts_with("--config=")) {
      config = argument.substr(9);
    } else if (argument == "--config" && i + 1 < arguments.size()) {
      config = arguments[++i];
    } else if (argument.size() > 1 && argument.front() == '-') {
      // A long option, or a short one alone, may have its value behind it.
      if (argument.find('=') != std::string::npos || (argument[1] != '-' && argument.size() > 2)) continue;
      for (auto level = levels.rbegin(); level != levels.rend(); ++level) {
        const CLI::Option* option = level->app->get_option_no_throw(argument);
        if (option == nullptr) continue;
        if (option->get_items_expected_max() > 0) ++i;
        break;
      }
    } else if (is_descending) {
      const CLI::App* sub = subcommand(*levels.back().app, argument);
      if (sub == nullptr) {
        is_descending = false;
        continue;
      }
      auto section = levels.back().section;
      section.push_back(argument);
      levels.push_back({sub, std::move(section), i + 1});
    }
  }
  return levels;
}

// Environment first, then the file: the first of them that says something about an option.
std::vector<Setting> settings_of(const Level& level, Environment& environment, const std::vector<Setting>& from_file) {
  std::vector<Setting> settings;
  for (const CLI::Option* option : level.app->get_options()) {
    if (!is_setting(*option)) continue;
    for (const std::string& key : option->get_lnames()) {
      const std::string name = environment_name(level.section, key);
      if (const auto value = environment.variable(name); value && !value->empty()) {
        settings.push_back({level.section, key, {*value}, name});
        break;
      }
      const auto found = std::ranges::find_if(
          from_file, [&](const Setting& one) { return one.section == level.section && one.key == key; });
      if (found != from_file.end()) settings.push_back(*found);
    }
  }
  return settings;
}

Result<std::vector<Setting>> settings_from_file(const CLI::App& app, Environment& environment,
                                                const std::string& named) {
  ATOLL_ASSIGN(const std::string path, find_file(environment, named));
  if (path.empty()) return std::vector<Setting>{};
  return read_file(app, environment, path);
}

void for_each_level(const CLI::App& app, std::vector<std::string> section,
                    const std::function<void(const Level&)>& visit) {
  visit({&app, section, 0});
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    auto below = section;
    below.push_back(sub->get_name());
    for_each_level(*sub, std::move(below), visit);
  }
}

std::string full_name(const Level& level, const std::string& key) {
  std::string name;
  for (const std::string& part : level.section) name += part + ".";
  return name + key;
}

// What the option itself says of the values, as it would where somebody typed them; "" where they are right.
std::string objection_of(CLI::Option& option, const Setting& setting, const Session& session) {
  try {
    option.clear();
    for (const std::string& value : setting.values)
      option.add_result(option.get_items_expected_max() == 0 ? option.get_flag_value(setting.key, value) : value);
    if (!setting.values.empty()) option.run_callback();
  } catch (const CLI::ConversionError&) {
    const bool is_flag = option.get_items_expected_max() == 0;
    const bool is_unsigned = option.get_type_name().starts_with("UINT");
    return is_flag       ? "true or false is wanted"
           : is_unsigned ? "a whole number from 0 on is wanted"
                         : "a number is wanted";
  } catch (const CLI::ParseError& wrong) {
    std::string words = wrong.what();
    const std::string name = "--" + setting.key + ": ";
    return words.starts_with(name) ? words.substr(name.size()) : words;
  }
  if (!option.get_type_name().starts_with(kReadableFile)) return "";
  for (const std::string& value : setting.values) {
    const auto opened = session.environment.machine.files.open(session.absolute(value), platform::OpenMode::read);
    if (!opened) return "a file that can be read is wanted: " + opened.error().message;
  }
  return "";
}

// Every wrong value of file and environment, in the order of the options.
std::vector<Error> wrong_values(CLI::App& app, const Session& session, const std::vector<Setting>& from_file) {
  std::vector<Error> wrong;
  for_each_level(app, {}, [&](const Level& level) {
    CLI::App* at = &app;
    for (const std::string& name : level.section) at = at->get_subcommand(name);
    auto settings = settings_of(level, session.environment, {});
    std::ranges::copy_if(from_file, std::back_inserter(settings),
                         [&](const Setting& one) { return one.section == level.section; });
    for (const Setting& setting : settings) {
      CLI::Option* option = at->get_option_no_throw("--" + setting.key);
      if (option == nullptr) continue;
      const std::string objection = objection_of(*option, setting, session);
      if (objection.empty()) continue;
      std::string values;
      for (const std::string& value : setting.values) values += (values.empty() ? "\"" : ", \"") + shown(value) + "\"";
      wrong.push_back({ErrorKind::usage, "config.bad_value",
                       setting.from + ": " + full_name(level, setting.key) + " = " + values + ": " + objection,
                       "`atoll config show --all` says what every key is for."});
    }
  });
  return wrong;
}

Result<int> check_settings(CLI::App& app, Session& session, const std::string& file) {
  std::string path = file;
  if (path.empty() && !app.get_option("--config")->empty()) path = app.get_option("--config")->as<std::string>();
  ATOLL_ASSIGN(path, find_file(session.environment, path));
  std::vector<Setting> settings;
  if (!path.empty()) {
    ATOLL_ASSIGN(settings, read_file(app, session.environment, path));
  }
  // The options write where they always do, and this command prints as it was told to.
  const bool is_json = session.output.is_json;
  const bool is_quiet = session.output.is_quiet;
  const int verbosity = session.output.verbosity;
  const auto wrong = wrong_values(app, session, settings);
  session.output.is_json = is_json;
  session.output.is_quiet = is_quiet;
  session.output.verbosity = verbosity;
  for (const Error& one : wrong) session.output.error(one);
  if (!wrong.empty()) return kExitUsage;
  if (path.empty()) {
    session.output.message("There is no configuration file; every option has its default.");
  } else if (session.output.is_json) {
    session.output.json(JsonObject("summary").add("file", path).add("settings", std::uint64_t{settings.size()}));
  } else {
    session.output.line(path + " is right: " + std::to_string(settings.size()) + " settings");
  }
  return kExitOk;
}

Result<int> show_settings(const CLI::App& app, Session& session, bool shows_all) {
  const std::string named = app.get_option("--config")->empty() ? "" : app.get_option("--config")->as<std::string>();
  ATOLL_ASSIGN(const auto from_file, settings_from_file(app, session.environment, named));
  for_each_level(app, {}, [&](const Level& level) {
    const auto set = settings_of(level, session.environment, from_file);
    for (const CLI::Option* option : level.app->get_options()) {
      if (!is_setting(*option)) continue;
      const std::string& key = option->get_lnames().back();
      const auto found = std::ranges::find_if(set, [&](const Setting& one) { return option->check_lname(one.key); });
      if (found == set.end() && !shows_all) continue;
      const std::string name = full_name(level, key);
      const std::string variable = environment_name(level.section, key);
      if (session.output.is_json) {
        JsonObject line("setting");
        line.add("key", name).add("variable", variable).add("about", option->get_description());
        std::vector<std::string> values;
        if (found != set.end()) {
          for (const std::string& value : found->values) values.push_back(json_quote(value));
          line.add("from", found->from);
        }
        session.output.json(line.add_raw("values", json_array(values)));
      } else if (found != set.end()) {
        std::string values;
        for (const std::string& value : found->values) values += (values.empty() ? "" : ", ") + shown(value);
        session.output.line(name + " = " + values + "   (" + found->from + ")");
      } else {
        session.output.line(name + "   " + variable + "   " + option->get_description());
      }
    }
  });
  return kExitOk;
}

}  // namespace

Result<std::vector<std::string>> with_settings(const CLI::App& app, Environment& environment,
                                               const std::vector<std::string>& arguments) {
  std::string named;
  const auto levels = chosen_levels(app, arguments, named);
  // `config check FILE` is there to look at files and variables that are wrong.
  const bool is_config = levels.size() == 3 && levels[1].section.back() == "config";
  if (is_config && levels[2].section.back() == "check") return arguments;
  std::vector<Setting> from_file;
  if (!is_config) {
    ATOLL_ASSIGN(from_file, settings_from_file(app, environment, named));
  }
  std::vector<std::string> all;
  std::size_t next = 0;
  for (const Level& level : levels) {
    while (next < level.insert_at) all.push_back(arguments[next++]);
    for (const Setting& setting : settings_of(level, environment, from_file)) {
      for (const std::string& value : setting.values) all.push_back("--" + setting.key + "=" + value);
    }
  }
  all.insert(all.end(), arguments.begin() + static_cast<std::ptrdiff_t>(next), arguments.end());
  return all;
}

std::string config_file_path(Environment& environment) {
  if (const auto named = environment.variable("ATOLL_CONFIG"); named && !named->empty())
    return absolute(environment, *named);
  const auto found = find_file(environment, "");
  return found && !found->empty() ? *found : usual_places(environment).front();
}

void add_config_commands(CLI::App& app, Session& session, Chosen& chosen) {
  auto* config = app.add_subcommand("config", "The configuration file");
  config->require_subcommand(1);
  auto shows_all = std::make_shared<bool>(false);
  auto* show = config->add_subcommand("show", "What is set, and where");
  show->add_flag("--all", *shows_all, "every key there is, with its variable");
  show->callback([&app, &session, &chosen, shows_all] {
    chosen.body = [&app, &session, shows_all] { return show_settings(app, session, *shows_all); };
  });
  auto file = std::make_shared<std::string>();
  auto* check = config->add_subcommand("check", "Whether a configuration file is right");
  check->add_option("file", *file, "the file; the one that is used otherwise");
  check->callback([&app, &session, &chosen, file] {
    chosen.body = [&app, &session, file] { return check_settings(app, session, *file); };
  });
}

}  // namespace atl::cli
