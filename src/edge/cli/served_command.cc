#include "edge/cli/served_command.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "edge/cli/file_answers.h"
#include "edge/cli/server_link.h"
#include "foundation/json/json.h"

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
    constexpr std::array kKinds = {FrameKind::out,  FrameKind::error, FrameKind::question,
                                   FrameKind::exit, FrameKind::files, FrameKind::call};
    if (std::ranges::find(kKinds, kind) == kKinds.end() || length > kFrameBytesMax)
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

std::string encode_variables(const Environment& environment) {
  std::vector<std::string> given;
  for (const std::string_view name : kCallersVariables) {
    const auto value = environment.variable(std::string(name));
    if (value && !value->empty()) given.push_back(std::string(name) + "=" + *value);
  }
  return given.empty() ? "" : encode_words(given);
}

std::map<std::string, std::string> decode_variables(std::string_view text) {
  std::map<std::string, std::string> variables;
  const auto words =
      text.empty() ? std::vector<std::string>() : decode_words(text).value_or(std::vector<std::string>());
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    if (equals != std::string::npos && std::ranges::find(kCallersVariables, name) != kCallersVariables.end())
      variables.emplace(std::move(name), word.substr(equals + 1));
  }
  return variables;
}

namespace {

// Paths that mean another file in every process: the server would open one of its own.
Result<void> check_descriptors(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    const std::size_t value_at = word.starts_with("--") ? word.find('=') + 1 : 0;  // 0 again where there is no '='
    const std::string_view path = std::string_view(word).substr(value_at);
    for (const std::string_view own : {"/dev/fd/", "/proc/self/", "/dev/stdin"}) {
      if (!path.starts_with(own)) continue;
      return fail(ErrorKind::usage, "command.own_descriptor",
                  std::string(path) + " is this shell's alone, and the server of this home cannot open it",
                  "Give a file; content comes in as - (standard input), a password from --new-password-command.");
    }
  }
  return {};
}

// What has to work where no server does, or is about this program alone.
bool works_here(std::string_view verb) {
  constexpr std::array<std::string_view, 15> kHere = {"formats",    "inspect", "init",   "serve", "restore-home",
                                                      "completion", "man",     "config", "",      "bucket-name",
                                                      "worker",     "unlock",  "lock",   "mcp",   "ready"};
  return std::ranges::find(kHere, verb.substr(0, verb.find(' '))) != kHere.end();
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

Result<Outcome> send(Session& session, ServerLink& server, const std::vector<std::string>& words, bool reads_input,
                     const std::vector<remote::NamedPath>& named) {
  Environment& environment = session.environment;
  net::ClientRequest request;
  request.method = "POST";
  request.url = server.base + std::string(kCommandPath);
  request.headers.add("Atoll-Arguments", encode_words(words));
  request.headers.add("Atoll-Working-Folder", to_base64(as_bytes(environment.working_folder)));
  if (session.options.url.empty()) {
    if (const std::string variables = encode_variables(environment); !variables.empty())
      request.headers.add("Atoll-Variables", variables);
  }
  if (!server.token.empty()) request.headers.add("Authorization", "Bearer " + server.token);
  request.stop = &environment.stop;
  InputSource input(environment.terminal);
  if (reads_input) request.body = &input;
  // The server has no way to answers in a request whose body is somebody's standard input.
  std::optional<FileAnswers> files;
  if (!named.empty() && !reads_input && server.answers_client != nullptr) {
    files.emplace(environment, *server.answers_client, server.base + std::string(kCommandPath), server.token, named);
    request.headers.add("Atoll-Files", std::string(remote::kFilesVersion));
  }
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
        case FrameKind::files:
        case FrameKind::call:
          if (!files)
            return fail(ErrorKind::denied, "remote.not_named", "the server asks for files, and the command names none");
          if (kind == FrameKind::call) return files->take(as_bytes(bytes));
          request.stop = &files->stop();  // who is asked to stop is told there, and waited for
          return files->begin(bytes);
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
  if (files) {
    if (const auto failure = files->end(); !answer && failure) return pass(*failure);
  }
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
                                         const std::vector<std::string>& words,
                                         const std::vector<remote::NamedPath>& files) {
  if (works_here(verb)) return std::nullopt;
  std::optional<ServerLink> server;
  const bool is_elsewhere = !session.options.url.empty();
  if (is_elsewhere) {
    ATOLL_ASSIGN(server, server_at(session, session.options.url));
  } else {
    ATOLL_ASSIGN(server, server_of_home(session));
    if (!server) return std::nullopt;
    ATOLL_TRY(check_descriptors(words));
  }
  const bool reads_input = std::ranges::find(words, "-") != words.end();
  std::vector<std::string> sent = words;
  // The server writes into a frame and cannot know that it will be shown on a terminal.
  if (verb == "top" && session.environment.terminal.is_out_terminal()) sent.emplace_back("--redraws");
  auto outcome = send(session, *server, sent, reads_input, files);
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
    ATOLL_ASSIGN(outcome, send(session, *server, again, false, files));
  }
  return outcome->code.value_or(kExitFailed);
}

}  // namespace atl::cli
