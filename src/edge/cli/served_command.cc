#include "edge/cli/served_command.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "foundation/base/units.h"
#include "foundation/json/json.h"
#include "foundation/net/http_client.h"

namespace atl::cli {
namespace {

constexpr std::size_t kHeadBytes = 5;

}  // namespace

void append_frame(std::string& to, FrameKind kind, std::string_view bytes) {
  to += static_cast<char>(kind);
  const auto length = static_cast<std::uint32_t>(bytes.size());
  for (unsigned i = 0; i < 4; ++i) to += static_cast<char>((length >> (8 * i)) & 0xFFU);
  to += bytes;
}

Result<void> FrameReader::add(ByteView bytes, const Visit& visit) {
  held_ += as_text(bytes);
  std::size_t at = 0;
  while (held_.size() - at >= kHeadBytes) {
    const auto kind = static_cast<FrameKind>(held_[at]);
    std::uint32_t length = 0;
    for (unsigned i = 0; i < 4; ++i)
      length |= static_cast<std::uint32_t>(static_cast<unsigned char>(held_[at + 1 + i])) << (8 * i);
    const bool is_known =
        kind == FrameKind::out || kind == FrameKind::error || kind == FrameKind::question || kind == FrameKind::exit;
    if (!is_known || length > kFrameBytesMax)
      return fail(ErrorKind::damaged, "frames.malformed", "the server's answer is not what a command prints");
    if (held_.size() - at - kHeadBytes < length) break;
    ATOLL_TRY(visit(kind, std::string_view(held_).substr(at + kHeadBytes, length)));
    at += kHeadBytes + length;
  }
  held_.erase(0, at);
  return {};
}

std::string encode_words(const std::vector<std::string>& words) {
  // Base64 of each word: names on disks are bytes, JSON's texts are not.
  json::Value list = json::Value::array();
  for (const std::string& word : words) list.push(to_base64(as_bytes(word)));
  return to_base64(as_bytes(list.text()));
}

Result<std::vector<std::string>> decode_words(std::string_view text) {
  const auto malformed = [] {
    return fail(ErrorKind::usage, "command.malformed", "the words of the command cannot be read");
  };
  const auto decoded = from_base64(text);
  if (!decoded) return malformed();
  const auto value = json::Value::parse(to_string(*decoded));
  if (!value || value->as_array() == nullptr) return malformed();
  std::vector<std::string> words;
  for (const json::Value& item : *value->as_array()) {
    if (item.as_text() == nullptr) return malformed();
    const auto word = from_base64(*item.as_text());
    if (!word) return malformed();
    words.push_back(to_string(*word));
  }
  return words;
}

namespace {

// What has to work where no server does, or is about this program alone.
bool works_here(std::string_view verb) {
  constexpr std::array<std::string_view, 9> kHere = {"init",   "serve", "restore-home", "completion", "man",
                                                     "config", "",      "bucket-name",  "worker"};
  return std::ranges::find(kHere, verb.substr(0, verb.find(' '))) != kHere.end();
}

struct Server {
  std::string base;
  std::unique_ptr<net::HttpClient> client;
  std::string token;
};

Result<Server> server_at(Session& session, const std::string& url) {
  Server server;
  server.base = url;
  while (server.base.ends_with('/')) server.base.pop_back();
  if (!server.base.starts_with("http://") && !server.base.starts_with("https://"))
    return fail(ErrorKind::usage, "url.bad", "the address of a server begins with http:// or https://, not " + url);
  net::ClientOptions options;
  options.idle_timeout_s = 0;  // a command may have nothing to say for long
  if (!session.options.authorities_file.empty()) {
    ATOLL_ASSIGN(const Bytes pem, platform::read_whole(session.environment.machine.files,
                                                       session.absolute(session.options.authorities_file), kMiB));
    options.authorities_pem = to_string(pem);
  }
  if (!session.options.fingerprint.empty()) {
    std::string digits = session.options.fingerprint;
    std::erase(digits, ':');
    const auto bytes = from_hex(digits);
    if (!bytes || bytes->size() != 32)
      return fail(ErrorKind::usage, "fingerprint.bad", "a fingerprint has 64 hexadecimal digits");
    std::array<std::uint8_t, 32> pinned{};
    std::ranges::copy(*bytes, pinned.begin());
    options.pinned_certificate_sha256 = pinned;
  }
  if (!session.options.token_file.empty()) {
    ATOLL_ASSIGN(server.token, session.read_passphrase_file(session.options.token_file));
  } else if (const auto given = session.environment.variable("ATOLL_TOKEN"); given) {
    server.token = *given;
  }
  ATOLL_ASSIGN(server.client, net::HttpClient::open(options));
  return server;
}

// None: nobody has the home.
Result<std::optional<Server>> server_of_home(Session& session) {
  const std::string path = platform::join(session.home_folder(), "server.sock");
  const auto there = session.environment.machine.files.stat(path);
  if (!there || !*there) return std::nullopt;
  Server server;
  server.base = "http://localhost";
  net::ClientOptions options;
  options.local_socket_path = path;
  options.idle_timeout_s = 0;
  ATOLL_ASSIGN(server.client, net::HttpClient::open(options));
  return server;
}

class InputSource final : public net::BodySource {
 public:
  explicit InputSource(Terminal& terminal) : terminal_(&terminal) {}
  [[nodiscard]] Result<net::Pulled> pull(ByteSpan out) override {
    net::Pulled pulled;
    ATOLL_ASSIGN(pulled.bytes, terminal_->read_in(out));
    if (pulled.bytes == 0) pulled.state = net::Pulled::State::end;
    return pulled;
  }

 private:
  Terminal* terminal_;
};

struct Outcome {
  std::optional<int> code;
  std::optional<std::string> question;
};

// `problem+json` of a server as an error of ours.
Error error_of(const net::ClientResponse& response) {
  const auto body = json::Value::parse(to_string(response.body));
  Error error{ErrorKind::failed, "server.refused", "the server answered " + std::to_string(response.status), ""};
  if (body) {
    error.id = body->text_of("id").value_or(error.id);
    error.message = body->text_of("detail").value_or(error.message);
    error.hint = body->text_of("hint").value_or("");
  }
  if (response.status == 401) error.kind = ErrorKind::wrong_key;
  if (response.status == 403) error.kind = ErrorKind::denied;
  if (response.status == 404) error.kind = ErrorKind::not_found;
  if (response.status == 503) error.kind = ErrorKind::locked;
  if (response.status == 401 && error.hint.empty())
    error.hint = "Give a token: --token-file FILE, or ATOLL_TOKEN_FILE.";
  return error;
}

Result<Outcome> send(Session& session, Server& server, const std::vector<std::string>& words, bool reads_input) {
  Environment& environment = session.environment;
  net::ClientRequest request;
  request.method = "POST";
  request.url = server.base + std::string(kCommandPath);
  request.headers.add("Atoll-Arguments", encode_words(words));
  request.headers.add("Atoll-Working-Folder", to_base64(as_bytes(environment.working_folder)));
  if (!server.token.empty()) request.headers.add("Authorization", "Bearer " + server.token);
  request.stop = &environment.stop;
  InputSource input(environment.terminal);
  if (reads_input) request.body = &input;
  Outcome outcome;
  FrameReader frames;
  net::ClientResponse refused;
  request.on_head = [&](const net::ClientResponse& head) -> Result<void> {
    refused.status = head.status;
    return {};
  };
  request.on_body = [&](ByteView piece) -> Result<void> {
    if (refused.status != 200) {
      if (refused.body.size() < kFrameBytesMax) refused.body.insert(refused.body.end(), piece.begin(), piece.end());
      return {};
    }
    return frames.add(piece, [&](FrameKind kind, std::string_view bytes) -> Result<void> {
      switch (kind) {
        case FrameKind::out: return environment.terminal.write_out(as_bytes(bytes));
        case FrameKind::error: environment.terminal.write_error(bytes); return {};
        case FrameKind::question: outcome.question = std::string(bytes); return {};
        case FrameKind::exit: {
          int code = 0;
          const auto read = std::from_chars(bytes.data(), bytes.data() + bytes.size(), code);
          if (read.ec != std::errc{})
            return fail(ErrorKind::damaged, "frames.malformed", "the server's answer is not what a command prints");
          outcome.code = code;
          return {};
        }
      }
      return {};
    });
  };
  const auto answer = server.client->send(request);
  if (!answer) return pass(answer.error());
  if (answer->status != 200) {
    if (refused.body.empty()) refused.body = answer->body;
    refused.status = answer->status;
    return pass(error_of(refused));
  }
  if (!outcome.code && !outcome.question)
    return fail(ErrorKind::unreachable, "server.broken_off", "the server's answer broke off",
                "What was answered before is done; look with `atoll operations`.");
  return outcome;
}

}  // namespace

Result<std::optional<int>> run_on_server(Session& session, const std::string& verb,
                                         const std::vector<std::string>& words) {
  if (works_here(verb)) return std::nullopt;
  std::optional<Server> server;
  const bool is_elsewhere = !session.options.url.empty();
  if (is_elsewhere) {
    ATOLL_ASSIGN(server, server_at(session, session.options.url));
  } else {
    ATOLL_ASSIGN(server, server_of_home(session));
    if (!server) return std::nullopt;
  }
  const bool reads_input = std::ranges::find(words, "-") != words.end();
  std::vector<std::string> sent = words;
  // The server writes into a frame and cannot know that it will be shown on a terminal.
  if (verb == "top" && session.environment.terminal.is_out_terminal()) sent.emplace_back("--redraws");
  auto outcome = send(session, *server, sent, reads_input);
  // A socket that a server left behind; the home's lock tells whether somebody has it all the same.
  if (!outcome && !is_elsewhere && outcome.error().id == "client.unreachable") return std::nullopt;
  if (!outcome && outcome.error().id == "output.closed") return kExitFailed;  // nobody reads on: no news to anybody
  if (!outcome) return pass(std::move(outcome).error());
  if (outcome->question) {
    ATOLL_ASSIGN(const bool goes_on, session.confirm(*outcome->question));
    if (!goes_on) return kExitFailed;
    if (reads_input) {
      return fail(ErrorKind::usage, "confirm.input_is_used",
                  "standard input was read already: it cannot be asked again", "Add --yes.");
    }
    auto again = words;
    again.insert(again.begin(), "--yes");
    ATOLL_ASSIGN(outcome, send(session, *server, again, false));
  }
  return outcome->code.value_or(kExitFailed);
}

}  // namespace atl::cli
