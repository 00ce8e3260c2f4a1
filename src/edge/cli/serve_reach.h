// Who is to reach the server of a home: this machine, the network around it, or whoever a proxy lets in; and the
// settings that follow from it. Always true: what is written is ordinary settings, which `config show` shows; a file
// that says already where the server listens is left as it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/cli/session.h"

namespace atl::cli {

enum class ServeReach : std::uint8_t { machine, lan, proxy };

struct ServeSettings {
  std::vector<std::string> listen;
  std::vector<std::string> trusted_proxies;
  std::string base_url;
};

// "machine", "lan", "proxy"; `usage` "serve.bad_reach".
[[nodiscard]] Result<ServeReach> parse_reach(const std::string& text);
// `base_url`: of a proxy, as people outside open it; may be empty.
[[nodiscard]] ServeSettings settings_for(ServeReach reach, const std::string& base_url);
// `usage` where it is no http:// or https:// address; without a slash at its end.
[[nodiscard]] Result<std::string> checked_base_url(std::string base_url);

// Into the section [serve] of the configuration file, which is made where it is missing. False: there is such a section
// already, and nothing was written.
[[nodiscard]] Result<bool> write_serve_settings(Session& session, const ServeSettings& settings);
// Asks on the terminal; the answer is written, so that it is asked once.
[[nodiscard]] Result<ServeSettings> ask_for_reach(Session& session);

}  // namespace atl::cli
