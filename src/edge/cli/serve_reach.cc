#include "edge/cli/serve_reach.h"

#include "edge/cli/config_file.h"

namespace atl::cli {
namespace {

constexpr std::string_view kPort = "7070";
constexpr std::uint64_t kFileBytesMax = 1024 * 1024;
constexpr std::string_view kSection = "[serve]";

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quoted(text);
  return "[" + out + "]";
}

std::string text_of(const ServeSettings& settings) {
  std::string out = std::string(kSection) + "\nlisten = " + list_of(settings.listen) + "\n";
  if (!settings.trusted_proxies.empty()) out += "trusted-proxy = " + list_of(settings.trusted_proxies) + "\n";
  if (!settings.base_url.empty()) out += "base-url = " + quoted(settings.base_url) + "\n";
  return out;
}

// A table of that name may stand in a file once.
bool has_section(std::string_view text) {
  for (std::size_t at = text.find(kSection); at != std::string_view::npos; at = text.find(kSection, at + 1)) {
    const std::size_t line = text.rfind('\n', at);
    const std::size_t begin = line == std::string_view::npos ? 0 : line + 1;
    if (text.substr(begin, at - begin).find_first_not_of(" \t") == std::string_view::npos) return true;
  }
  return false;
}

Result<std::string> read_line(Terminal& terminal) {
  std::string line;
  for (;;) {
    std::uint8_t c = 0;
    ATOLL_ASSIGN(const std::size_t count, terminal.read_in({&c, 1}));
    if (count == 0 || c == '\n') return line;
    line.push_back(static_cast<char>(c));
  }
}

}  // namespace

Result<ServeReach> parse_reach(const std::string& text) {
  if (text == "machine") return ServeReach::machine;
  if (text == "lan") return ServeReach::lan;
  if (text == "proxy") return ServeReach::proxy;
  return fail(ErrorKind::usage, "serve.bad_reach",
              "a server is for `machine`, `lan` or `proxy`, not for \"" + text + "\"");
}

Result<std::string> checked_base_url(std::string base_url) {
  while (base_url.ends_with('/')) base_url.pop_back();
  if (base_url.empty() || base_url.starts_with("http://") || base_url.starts_with("https://")) return base_url;
  return fail(ErrorKind::usage, "serve.bad_base_url", "--base-url has to begin with http:// or https://");
}

ServeSettings settings_for(ServeReach reach, const std::string& base_url) {
  const std::string port(kPort);
  switch (reach) {
    case ServeReach::machine: return {{"127.0.0.1:" + port}, {}, base_url};
    case ServeReach::lan: return {{"*:" + port}, {}, base_url};
    case ServeReach::proxy: return {{"127.0.0.1:" + port}, {"127.0.0.1", "::1"}, base_url};
  }
  return {};
}

Result<bool> write_serve_settings(Session& session, const ServeSettings& settings) {
  platform::FileSystem& files = session.environment.machine.files;
  const std::string path = config_file_path(session.environment);
  std::string text;
  ATOLL_ASSIGN(const auto there, files.stat(path));
  if (there) {
    ATOLL_ASSIGN(const Bytes bytes, platform::read_whole(files, path, kFileBytesMax));
    text = to_string(bytes);
  }
  if (has_section(text)) return false;
  if (!text.empty()) text += text.ends_with('\n') ? "\n" : "\n\n";
  text += text_of(settings);
  ATOLL_TRY(platform::create_directories(files, platform::parent_of(path)));
  ATOLL_TRY(platform::replace_whole(files, path, as_bytes(text)));
  session.output.message("Written to " + path + ".");
  return true;
}

Result<ServeSettings> ask_for_reach(Session& session) {
  Terminal& terminal = session.environment.terminal;
  terminal.write_error(
      "Who is to reach this server?\n"
      "  1  programs on this machine (the default)\n"
      "  2  everybody in this network, with TLS and an account\n"
      "  3  whoever a proxy on this machine lets in (nginx, Caddy), which does TLS\n"
      "1, 2 or 3: ");
  std::string answer;
  ATOLL_ASSIGN(answer, read_line(terminal));
  auto reach = ServeReach::machine;
  std::string base_url;
  if (answer == "2") reach = ServeReach::lan;
  if (answer == "3") {
    reach = ServeReach::proxy;
    terminal.write_error("The address that people open, such as https://files.example: ");
    ATOLL_ASSIGN(const std::string typed, read_line(terminal));
    ATOLL_ASSIGN(base_url, checked_base_url(typed));
  }
  if (!answer.empty() && answer != "1" && answer != "2" && answer != "3")
    return fail(ErrorKind::usage, "serve.bad_reach", "the answer is 1, 2 or 3, not \"" + answer.substr(0, 40) + "\"");
  const ServeSettings settings = settings_for(reach, base_url);
  ATOLL_TRY(write_serve_settings(session, settings));
  return settings;
}

}  // namespace atl::cli
