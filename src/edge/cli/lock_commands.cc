// unlock, lock, ready: a server whose home is locked gets the passphrase; one whose home is open closes it; either says
// whether it takes requests.
#include <CLI/CLI.hpp>

#include "edge/cli/commands.h"
#include "edge/cli/server_link.h"
#include "foundation/json/json.h"

namespace atl::cli {
namespace {

constexpr std::string_view kUnlockPath = "/api/v1/unlock";
constexpr std::string_view kLockPath = "/api/v1/lock";
constexpr std::string_view kReadyPath = "/readyz";

Result<ServerLink> find_server(Session& session) {
  if (!session.options.url.empty()) return server_at(session, session.options.url);
  ATOLL_ASSIGN(auto found, server_of_home(session));
  if (found) return std::move(*found);
  return fail(ErrorKind::unreachable, "server.not_running", "no server has the home " + session.home_folder(),
              "Without a server every command takes the passphrase itself; --url names a server elsewhere.");
}

Result<json::Value> post(Session& session, ServerLink& server, std::string_view path, const json::Value& body) {
  net::ClientRequest request;
  request.method = "POST";
  request.url = server.base + std::string(path);
  request.headers.add("Content-Type", "application/json");
  if (!server.token.empty()) request.headers.add("Authorization", "Bearer " + server.token);
  std::string text = body.text();
  request.body = as_bytes(text);
  request.stop = &session.environment.stop;
  const auto answer = server.client->send(request);
  codec::wipe(text);
  if (!answer) return pass(answer.error());
  if (answer->status >= 300) return pass(error_of(*answer));
  return json::Value::parse(to_string(answer->body));
}

// From a file, a program, or the terminal. Empty where none is given: the server looks at its own key files then.
Result<keyring::WipedText> passphrase_of(Session& session) {
  if (!session.options.password_file.empty() || !session.options.password_command.empty()) {
    ATOLL_ASSIGN(auto secrets, session.secrets());
    for (auto& one : secrets.given)
      if (one.kind == keyring::SlotKind::passphrase) return std::move(one.passphrase);
  }
  if (!session.environment.terminal.is_in_terminal()) return keyring::WipedText();
  ATOLL_ASSIGN(std::string typed, session.environment.terminal.read_secret("Passphrase of the server's home: "));
  return keyring::WipedText(std::move(typed));
}

Result<int> unlock(Session& session) {
  ATOLL_ASSIGN(auto server, find_server(session));
  const bool is_elsewhere = !session.options.url.empty();
  if (is_elsewhere && !server.base.starts_with("https://") && !server.base.starts_with("http://127.") &&
      !server.base.starts_with("http://localhost") && !server.base.starts_with("http://[::1]")) {
    return fail(ErrorKind::usage, "unlock.not_private", "a passphrase is not sent to " + server.base + " in clear",
                "Use https, or run this on the server itself.");
  }
  ATOLL_ASSIGN(const auto passphrase, passphrase_of(session));
  if (passphrase.empty() && is_elsewhere) {
    return fail(ErrorKind::usage, "unlock.no_passphrase", "there is no passphrase to send",
                "Give it with --password-file or --password-command.");
  }
  server.token.clear();  // nobody can sign in there yet
  json::Value body = json::Value::object();
  if (!passphrase.empty()) body.set("passphrase", std::string(passphrase.view()));
  ATOLL_ASSIGN(const auto answer, post(session, server, kUnlockPath, body));
  ATOLL_ASSIGN(const std::string state, answer.text_of("state"));
  if (session.output.is_json) {
    session.output.json(JsonObject("summary").add("state", state));
  } else {
    session.output.message(state == "open" ? "Unlocked."
                                           : "That opened a part. Another passphrase is needed: unlock again.");
  }
  return state == "open" ? kExitOk : kExitPartial;
}

Result<int> lock(Session& session) {
  ATOLL_ASSIGN(auto server, find_server(session));
  ATOLL_TRY(post(session, server, kLockPath, json::Value::object()));
  if (session.output.is_json) {
    session.output.json(JsonObject("summary").add("state", "locking"));
  } else {
    session.output.message("The server lets requests under way end, and locks its home then.");
  }
  return kExitOk;
}

// For whoever watches over a server: nothing of the home is opened, so a server that hangs or is gone is not mistaken
// for one that works.
Result<int> ready(Session& session) {
  ATOLL_ASSIGN(auto server, find_server(session));
  net::ClientRequest request;
  request.url = server.base + std::string(kReadyPath);
  request.stop = &session.environment.stop;
  const auto answer = server.client->send(request);
  if (!answer) {
    return fail(ErrorKind::unreachable, "server.not_running", "no server answers: " + answer.error().message,
                "Its log says why it ended.");
  }
  if (answer->status != 200) {
    std::string why = to_string(answer->body);
    while (why.ends_with('\n')) why.pop_back();
    return fail(ErrorKind::unreachable, "server.not_ready", "the server takes no requests now: " + why,
                why == "locked" ? "`atoll unlock` gives it the passphrase." : "");
  }
  if (session.output.is_json) {
    session.output.json(JsonObject("summary").add("state", "ready"));
  } else {
    session.output.message("The server takes requests.");
  }
  return kExitOk;
}

}  // namespace

void add_lock_commands(CLI::App& app, Session& session, Chosen& chosen) {
  app.add_subcommand("unlock", "Give a server whose home is locked the passphrase")->callback([&session, &chosen] {
    chosen.body = [&session] { return unlock(session); };
  });
  app.add_subcommand("lock", "Have a server close its home until somebody unlocks it")->callback([&session, &chosen] {
    chosen.body = [&session] { return lock(session); };
  });
  app.add_subcommand("ready", "Ask a server whether it takes requests")->callback([&session, &chosen] {
    chosen.body = [&session] { return ready(session); };
  });
}

}  // namespace atl::cli
