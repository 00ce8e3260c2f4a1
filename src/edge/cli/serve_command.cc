// serve: the home as a server.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "edge/cli/config_file.h"
#include "edge/cli/serve_reach.h"
#include "foundation/net/http_server.h"
#include "vault/access/network.h"

namespace atl::cli {
namespace {

struct ServeArguments {
  std::vector<std::string> listen;
  std::string reach;  // of a server that is told nothing about where to listen
  std::string certificate, key;
  bool no_tls = false;
  std::string base_url;
  std::vector<std::string> trusted_proxies;
  std::string proxy_fields;
  std::string s3_domain, s3_region;
  std::string s3_etag = "md5";
  std::string metrics_token_file;
  std::string log_format;
  std::string trace_sink;
  std::string previews = "all";
  std::string repair = "on";
  std::uint64_t threads = 0;
  std::uint64_t drain_seconds = 30;
};

// What is wrong with a value, for the parser; "" where nothing is.

std::string endpoint_objection(const std::string& text) {
  const auto endpoint = net::parse_endpoint(text);
  return endpoint ? "" : endpoint.error().message + ". " + endpoint.error().hint;
}

std::string base_url_objection(const std::string& text) {
  const auto url = checked_base_url(text);
  return url ? "" : url.error().message;
}

std::string proxy_objection(const std::string& text) {
  if (access::is_in_network(std::string_view(text).substr(0, text.find('/')), text)) return "";
  return "an address or a network is wanted, such as 10.0.0.5 or 10.0.0.0/8";
}

std::string sink_objection(const std::string& text) {
  if (text.empty() || text.starts_with("http://") || text.starts_with("https://")) return "";
  return "a trace sink begins with http:// or https://, such as http://HOST:4318/v1/traces";
}

// Where it listens and whom it believes. Somebody at a terminal who said nothing of it is asked, once.
Result<void> find_places(Session& session, const ServeArguments& arguments, ServeRequest& request) {
  request.listen = arguments.listen;
  request.trusted_proxies = arguments.trusted_proxies;
  ATOLL_ASSIGN(request.base_url, checked_base_url(arguments.base_url));
  if (!request.listen.empty()) return {};
  const Terminal& terminal = session.environment.terminal;
  ServeSettings settings = settings_for(ServeReach::machine, request.base_url);
  if (!arguments.reach.empty()) {
    ATOLL_ASSIGN(const ServeReach reach, parse_reach(arguments.reach));
    settings = settings_for(reach, request.base_url);
  } else if (terminal.is_in_terminal() && terminal.is_error_terminal() && !session.options.assume_yes) {
    ATOLL_ASSIGN(settings, ask_for_reach(session));
  }
  request.listen = settings.listen;
  if (request.base_url.empty()) request.base_url = settings.base_url;
  if (request.trusted_proxies.empty()) request.trusted_proxies = settings.trusted_proxies;
  return {};
}

Result<int> serve(Session& session, const ServeArguments& arguments) {
  Environment& environment = session.environment;
  if (!environment.serve) return fail(ErrorKind::unsupported, "serve.not_here", "this program cannot run a server");
  ServeRequest request;
  request.home_folder = session.home_folder();
  request.config_folder = platform::parent_of(session.key_folder());
  ATOLL_ASSIGN(request.secrets, session.secrets());
  request.tls_certificate = arguments.certificate.empty() ? "" : session.absolute(arguments.certificate);
  request.tls_key = arguments.key.empty() ? "" : session.absolute(arguments.key);
  if (request.tls_certificate.empty() != request.tls_key.empty())
    return fail(ErrorKind::usage, "serve.half_a_certificate", "--tls-certificate and --tls-key belong together");
  request.no_tls = arguments.no_tls;
  ATOLL_TRY(find_places(session, arguments, request));
  request.takes_forwarded = arguments.proxy_fields == "forwarded";
  request.s3_domain = arguments.s3_domain;
  request.s3_fast_etags = arguments.s3_etag == "fast";
  if (!arguments.s3_region.empty()) request.s3_region = arguments.s3_region;
  request.default_vault = session.options.vault;
  if (!arguments.metrics_token_file.empty()) {
    ATOLL_ASSIGN(request.metrics_token, session.read_passphrase_file(arguments.metrics_token_file));
  }
  request.logs_json =
      arguments.log_format == "json" || (arguments.log_format.empty() && !environment.terminal.is_error_terminal());
  request.trace_sink = arguments.trace_sink;
  request.previews = arguments.previews;
  request.repairs = arguments.repair == "on";
  request.recognition = session.options.recognition;
  request.recognition_languages = session.options.recognition_languages;
  request.is_quiet = session.output.is_quiet;
  request.threads = arguments.threads;
  request.drain_seconds = arguments.drain_seconds;
  return environment.serve(std::move(request), environment);
}

}  // namespace

void add_serve_command(CLI::App& app, Session& session, Chosen& chosen) {
  auto arguments = std::make_shared<ServeArguments>();
  auto* verb = app.add_subcommand("serve", "Make the home a server: REST, S3, WebDAV");
  verb->add_option("--listen", arguments->listen,
                   "HOST:PORT (127.0.0.1:7070); repeatable; *:7070 is every address of this machine")
      ->check(endpoint_objection);
  verb->add_option("--for", arguments->reach,
                   "where nothing says where to listen: machine (127.0.0.1:7070), lan (*:7070), proxy (127.0.0.1:7070, "
                   "and a proxy there is trusted)")
      ->check(CLI::IsMember({"machine", "lan", "proxy"}));
  verb->add_option("--tls-certificate", arguments->certificate, "PEM file, the server's certificate first")
      ->type_name(kReadableFile);
  verb->add_option("--tls-key", arguments->key, "PEM file")->type_name(kReadableFile);
  verb->add_flag("--no-tls", arguments->no_tls, "plain HTTP beyond this machine: a proxy in front does TLS");
  verb->add_option("--base-url", arguments->base_url, "as clients reach the server: https://files.example")
      ->check(base_url_objection);
  verb->add_option("--trusted-proxy", arguments->trusted_proxies,
                   "address or network whose X-Forwarded-* fields count; repeatable")
      ->check(proxy_objection);
  verb->add_option(
          "--proxy-fields", arguments->proxy_fields,
          "which fields the proxy writes: x-forwarded (X-Forwarded-For, -Proto, -Host) or forwarded (RFC 7239)")
      ->check(CLI::IsMember({"x-forwarded", "forwarded"}));
  verb->add_option("--s3-domain", arguments->s3_domain, "domain whose subdomains are buckets");
  verb->add_option("--s3-region", arguments->s3_region, "region that S3 clients are told (us-east-1)");
  verb->add_option("--s3-etag", arguments->s3_etag,
                   "ETags of what S3 clients store in one piece: md5, or fast, which clients do not compare (md5)")
      ->check(CLI::IsMember({"md5", "fast"}));
  verb->add_option("--metrics-token-file", arguments->metrics_token_file, "file with the token that /metrics wants")
      ->type_name(kReadableFile);
  verb->add_option("--log-format", arguments->log_format, "text or json (text on a terminal)")
      ->check(CLI::IsMember({"text", "json"}));
  verb->add_option("--trace-sink", arguments->trace_sink,
                   "where spans of requests go by OTLP: http://HOST:4318/v1/traces")
      ->check(sink_objection);
  verb->add_option("--previews", arguments->previews,
                   "small pictures of files: all (made when stored), asked (when looked at), or off (all)")
      ->check(CLI::IsMember({"all", "asked", "off"}));
  verb->add_option("--repair", arguments->repair,
                   "whether content that turns out to be damaged is mended from a copy by itself: on or off (on)")
      ->check(CLI::IsMember({"on", "off"}));
  verb->add_option("--threads", arguments->threads, "threads that answer requests (96, or 8 for each core)");
  verb->add_option("--drain-seconds", arguments->drain_seconds, "how long requests under way may take at the end (30)");
  verb->callback([&session, &chosen, arguments] {
    chosen.body = [&session, arguments]() -> Result<int> { return serve(session, *arguments); };
  });
}

}  // namespace atl::cli
