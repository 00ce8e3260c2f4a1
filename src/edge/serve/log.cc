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
    // Written straight away, not built as a value first: this is a line for each request.
    std::string line;
    line.reserve(512);
    const auto text = [&line](std::string_view name, std::string_view value) {
      line.append(name);
      json::append_quoted(line, value);
    };
    text(R"({"time":)", one.time);
    line += is_trouble ? R"(,"level":"error","message":"request")" : R"(,"level":"info","message":"request")";
    text(R"(,"request_id":)", one.request_id);
    text(R"(,"actor":)", one.actor);
    text(R"(,"address":)", one.address);
    text(R"(,"http.request.method":)", one.method);
    text(R"(,"url.path":)", one.path);
    text(R"(,"http.route":)", one.route);
    line.append(R"(,"http.response.status_code":)").append(std::to_string(one.status));
    line.append(R"(,"bytes":)").append(std::to_string(one.bytes));
    line.append(R"(,"seconds":)").append(json::Value(one.seconds).text());
    if (!one.trace_id.empty()) text(R"(,"trace_id":)", one.trace_id);
    if (!one.error_id.empty()) text(R"(,"error.type":)", one.error_id);
    if (!one.error.empty()) text(R"(,"error.message":)", one.error);
    line += "}\n";
    write(line);
    return;
  }
  write(one.time + " " + std::to_string(one.status) + " " + one.method + " " + cli::shown(one.path) + " " +
        (one.actor.empty() ? "-" : one.actor) + " " + one.address + " " + std::to_string(one.bytes) + " B " +
        std::to_string(static_cast<std::uint64_t>(one.seconds * 1000)) + " ms " + one.request_id +
        (one.error_id.empty() ? "" : " " + one.error_id) + (one.error.empty() ? "" : ": " + cli::shown(one.error)) +
        "\n");
}

void Log::write(const std::string& line) {
  std::unique_lock lock(mutex_);
  lines_ += line;
  if (is_writing_) {
    // Whoever writes takes it along. Where the reader of the log is slow, requests wait for it as they always did.
    if (lines_.size() > kLinesBytesMax) written_.wait(lock, [this] { return lines_.size() <= kLinesBytesMax; });
    return;
  }
  is_writing_ = true;
  std::string out;
  while (!lines_.empty()) {
    out.clear();
    out.swap(lines_);
    lock.unlock();
    environment_->terminal.write_error(out);
    lock.lock();
    written_.notify_all();
  }
  is_writing_ = false;
}

}  // namespace atl::serve
