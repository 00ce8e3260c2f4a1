#include "edge/serve/log.h"

#include "edge/cli/output.h"
#include "foundation/json/json.h"

namespace atl::serve {

void Log::say(const std::string& words, std::string_view level) {
  if (is_json_) {
    json::Value line;
    line.set("time", format_rfc3339(environment_->machine.clock.now())).set("level", level).set("message", words);
    write(line.text() + "\n");
  } else {
    write(words + "\n");
  }
}

void Log::request(const server::Logged& one) {
  // An answer that broke off has a good status and an error.
  const bool is_trouble = server::is_trouble(one.status) || !one.error.empty();
  if (is_quiet_ && !is_trouble) return;
  if (is_json_) {
    json::Value line;
    line.set("time", one.time).set("level", is_trouble ? "error" : "info").set("message", "request");
    line.set("request_id", one.request_id).set("actor", one.actor).set("address", one.address);
    line.set("http.request.method", one.method).set("url.path", one.path).set("http.route", one.route);
    line.set("http.response.status_code", one.status).set("bytes", one.bytes).set("seconds", one.seconds);
    if (!one.trace_id.empty()) line.set("trace_id", one.trace_id);
    if (!one.error_id.empty()) line.set("error.type", one.error_id);
    if (!one.error.empty()) line.set("error.message", one.error);
    write(line.text() + "\n");
    return;
  }
  write(one.time + " " + std::to_string(one.status) + " " + one.method + " " + cli::shown(one.path) + " " +
        (one.actor.empty() ? "-" : one.actor) + " " + one.address + " " + std::to_string(one.bytes) + " B " +
        std::to_string(static_cast<std::uint64_t>(one.seconds * 1000)) + " ms " + one.request_id +
        (one.error_id.empty() ? "" : " " + one.error_id) + (one.error.empty() ? "" : ": " + cli::shown(one.error)) +
        "\n");
}

void Log::write(const std::string& line) {
  const std::lock_guard lock(mutex_);
  environment_->terminal.write_error(line);
}

}  // namespace atl::serve
