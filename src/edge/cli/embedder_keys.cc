#include "edge/cli/embedder_keys.h"

#include <algorithm>

#include "edge/cli/session.h"
#include "foundation/codec/secret.h"

namespace atl::cli {
namespace {

using platform::join;

constexpr std::uint64_t kKeyBytesMax = 16 * 1024;

std::string kept_path(const Environment& environment, const std::string& origin) {
  const std::size_t scheme = origin.find("//");
  std::string host = origin.substr(scheme == std::string::npos ? 0 : scheme + 2);
  for (char& c : host)
    if (c == ':' || c == '[' || c == ']' || c == '/') c = '_';
  return join(key_folder_of(environment), "embedder." + host + ".key");
}

Result<std::string> checked(std::string key) {
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r' || key.back() == ' ')) key.pop_back();
  const bool is_one_word =
      std::ranges::all_of(key, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; });
  if (is_one_word) return key;
  codec::wipe(key);
  return fail(ErrorKind::usage, "embedder.bad_key", "the key of an embedding server is one line without blanks");
}

Result<std::string> read_key(const Environment& environment, const std::string& path) {
  ATOLL_ASSIGN(Bytes bytes, platform::read_whole(environment.machine.files, path, kKeyBytesMax));
  std::string key = to_string(bytes);
  codec::wipe(bytes);
  return checked(std::move(key));
}

}  // namespace

search::EmbedderKeys embedder_keys(const Environment& environment) {
  return [&environment](const std::string& origin) -> Result<std::string> {
    auto key = read_key(environment, kept_path(environment, origin));
    if (!key && key.error().kind == ErrorKind::not_found) return std::string();
    return key;
  };
}

Result<std::string> read_embedder_key(const Environment& environment, const std::string& path) {
  const auto whole = [&](const std::string& given) {
    return given.starts_with('/') ? given : join(environment.working_folder, given);
  };
  if (!path.empty()) return read_key(environment, whole(path));
  // Inside a server the environment is the server's.
  if (environment.served != nullptr) return std::string();
  if (const auto key = environment.variable("ATOLL_EMBEDDER_KEY"); key && !key->empty()) return checked(*key);
  if (const auto file = environment.variable("ATOLL_EMBEDDER_KEY_FILE"); file && !file->empty())
    return read_key(environment, whole(*file));
  return std::string();
}

Result<void> keep_embedder_key(const Environment& environment, const std::string& origin, std::string_view key) {
  ATOLL_TRY(platform::create_directories(environment.machine.files, key_folder_of(environment)));
  std::string line = std::string(key) + "\n";
  const auto written =
      platform::replace_whole(environment.machine.files, kept_path(environment, origin), as_bytes(line));
  codec::wipe(line);
  return written;
}

}  // namespace atl::cli
