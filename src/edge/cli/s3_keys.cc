#include "edge/cli/s3_keys.h"

#include <CLI/CLI.hpp>

#include "foundation/codec/secret.h"
#include "foundation/net/uri.h"

namespace atl::cli {
namespace {

using platform::join;

constexpr std::uint64_t kSmallFileBytesMax = 1024 * 1024;

// Inside a server of whoever typed the command: see above.
std::optional<std::string> variable(const Environment& environment, const std::string& name) {
  const auto& asked = environment.served != nullptr ? environment.callers_variable : environment.variable;
  if (!asked) return std::nullopt;
  auto value = asked(name);
  return value && !value->empty() ? value : std::nullopt;
}

std::string amazon_file(const Environment& environment, const std::string& by_variable, const std::string& name) {
  if (auto given = variable(environment, by_variable)) return *given;
  return join(environment.variable("HOME").value_or("/root"), ".aws/" + name);
}

std::string profile_of(const Environment& environment, const S3Arguments& arguments) {
  if (!arguments.profile.empty()) return arguments.profile;
  return variable(environment, "AWS_PROFILE").value_or("default");
}

std::optional<std::string> read_text(const Environment& environment, const std::string& path) {
  auto bytes = platform::read_whole(environment.machine.files, path, kSmallFileBytesMax);
  if (!bytes) return std::nullopt;
  return to_string(*bytes);
}

std::string kept_path(const Environment& environment, const blob::S3Place& place) {
  std::string host = place.endpoint.substr(place.endpoint.find("//") + 2);
  for (char& c : host) {
    if (c == ':' || c == '[' || c == ']') c = '_';
  }
  return join(key_folder_of(environment), "s3." + host + "." + place.bucket + ".credentials");
}

std::optional<net::AwsCredentials> kept(const Environment& environment, const blob::S3Place& place) {
  const auto text = read_text(environment, kept_path(environment, place));
  if (!text) return std::nullopt;
  auto credentials = blob::parse_credentials(*text, "default");
  return credentials ? std::optional(std::move(*credentials)) : std::nullopt;
}

std::optional<net::AwsCredentials> of_environment(const Environment& environment, const S3Arguments& arguments) {
  const auto key = variable(environment, "AWS_ACCESS_KEY_ID");
  const auto secret = variable(environment, "AWS_SECRET_ACCESS_KEY");
  if (key && secret && arguments.profile.empty()) {
    return net::AwsCredentials{*key, *secret, variable(environment, "AWS_SESSION_TOKEN").value_or("")};
  }
  const auto text = read_text(environment, amazon_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"));
  if (!text) return std::nullopt;
  auto credentials = blob::parse_credentials(*text, profile_of(environment, arguments));
  return credentials ? std::optional(std::move(*credentials)) : std::nullopt;
}

tl::unexpected<Error> none_known(const blob::S3Place& place) {
  return fail(ErrorKind::denied, "s3.no_credentials", place.shown() + ": no key for it is known here",
              "Give one with --credentials-file, --profile, or in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a "
              "copy that is there with `atoll copy credentials NAME`.");
}

}  // namespace

void add_s3_reach_options(CLI::App& command, S3Arguments& arguments) {
  command.add_option("--endpoint", arguments.endpoint, "S3: the server, such as https://host:9000 (Amazon's)");
  command.add_option("--region", arguments.region, "S3: where the bucket is (us-east-1)");
  command.add_option("--address", arguments.address, "S3: how the bucket is named: path or host");
  command.add_option("--server-fingerprint", arguments.fingerprint,
                     "S3: SHA-256 of the server's certificate, where no authority vouches for it");
  command.add_option("--credentials-file", arguments.credentials_file,
                     "S3: a file with aws_access_key_id and aws_secret_access_key");
  command.add_option("--profile", arguments.profile, "S3: a section of that file, or of ~/.aws/credentials");
}

void add_s3_copy_options(CLI::App& command, S3Arguments& arguments) {
  command.add_option("--storage-class", arguments.storage_class, "S3: class of the packs, such as STANDARD_IA");
  command.add_option("--check", arguments.check,
                     "S3: read (back what was written; default) or sha256 (believe the server's comparison)");
  command.add_option("--every", arguments.every, "S3: seconds from one round to the next at least (1)");
  command.add_option("--price", arguments.price, "S3: what a GiB costs a month, to show what the copy costs");
}

Result<blob::S3Place> s3_place_of(const Session& session, const std::string& given, const S3Arguments& arguments) {
  const Environment& environment = session.environment;
  std::string text = given;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    text += text.find('?') == std::string::npos ? '?' : '&';
    text.append(name).append("=").append(net::percent_encode(value));
  };
  const auto config = read_text(environment, amazon_file(environment, "AWS_CONFIG_FILE", "config"));
  const auto configured = [&](const char* first, const char* second, std::string_view name) {
    if (auto value = variable(environment, first)) return *value;
    if (auto value = variable(environment, second)) return *value;
    // Somebody elsewhere does not mean the settings of whoever runs the server.
    const bool is_owners = environment.served == nullptr || environment.callers_variable;
    if (!is_owners || !config) return std::string();
    return blob::setting_of(*config, profile_of(environment, arguments), name).value_or("");
  };
  // What the place says itself goes before the environment.
  const auto has = [&](const std::string& name) {
    return given.find("?" + name + "=") != std::string::npos || given.find("&" + name + "=") != std::string::npos;
  };
  if (!has("endpoint")) add("endpoint", configured("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "endpoint_url"));
  if (!has("region")) add("region", configured("AWS_REGION", "AWS_DEFAULT_REGION", "region"));
  add("endpoint", arguments.endpoint);
  add("region", arguments.region);
  add("address", arguments.address);
  add("fingerprint", arguments.fingerprint);
  add("class", arguments.storage_class);
  add("check", arguments.check);
  add("every", arguments.every);
  add("price", arguments.price);
  return blob::parse_s3_place(text);
}

Result<net::AwsCredentials> given_credentials(const Session& session, const S3Arguments& arguments,
                                              const blob::S3Place& place) {
  const Environment& environment = session.environment;
  if (!arguments.credentials_file.empty()) {
    const std::string path = session.absolute(arguments.credentials_file);
    ATOLL_ASSIGN(Bytes bytes, platform::read_whole(environment.machine.files, path, kSmallFileBytesMax));
    auto credentials =
        blob::parse_credentials(as_text(bytes), arguments.profile.empty() ? "default" : arguments.profile);
    codec::wipe(bytes);
    if (!credentials) return pass(std::move(credentials).error().with_context(path));
    return credentials;
  }
  if (auto found = of_environment(environment, arguments)) return *found;
  if (auto found = kept(environment, place)) return *found;
  return none_known(place);
}

Result<bool> keep_credentials(const Environment& environment, const blob::S3Place& place,
                              const net::AwsCredentials& credentials) {
  if (!credentials.session_token.empty()) return false;
  ATOLL_TRY(platform::create_directories(environment.machine.files, key_folder_of(environment)));
  std::string text = blob::format(credentials);
  const auto written =
      platform::replace_whole(environment.machine.files, kept_path(environment, place), as_bytes(text));
  codec::wipe(text);
  ATOLL_TRY(written);
  return true;
}

Result<net::AwsCredentials> kept_credentials(const Environment& environment, const blob::S3Place& place) {
  if (auto found = kept(environment, place)) return *found;
  if (auto found = of_environment(environment, {})) return *found;
  return none_known(place);
}

backup::CopySurroundings copy_surroundings(const Environment& environment) {
  backup::CopySurroundings surroundings;
  surroundings.is_same_disk = [&environment](const std::string& a, const std::string& b) {
    const auto info_a = environment.host.info(a);
    const auto info_b = environment.host.info(b);
    return info_a && info_b && info_a->device == info_b->device;
  };
  surroundings.credentials = [&environment](const blob::S3Place& place) {
    return kept_credentials(environment, place);
  };
  return surroundings;
}

backup::CopyReach copy_reach(const Session& session) {
  return {.machine = session.environment.machine,
          .credentials = copy_surroundings(session.environment).credentials,
          .stop = &session.environment.stop};
}

backup::CopyReach copy_reach(const Session& session, const S3Arguments& arguments) {
  return {.machine = session.environment.machine,
          .credentials = [&session, arguments](
                             const blob::S3Place& place) { return given_credentials(session, arguments, place); },
          .stop = &session.environment.stop};
}

std::string shown_place(const std::string& place) {
  if (!blob::is_s3_place(place)) return shown(place);
  const auto parsed = blob::parse_s3_place(place);
  return parsed ? parsed->shown() : shown(place);
}

}  // namespace atl::cli
