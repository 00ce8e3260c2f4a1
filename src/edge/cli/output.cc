#include "edge/cli/output.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "foundation/base/units.h"

namespace atl::cli {
namespace {

constexpr std::int64_t kStatusEveryNs = 100'000'000;

// Length of the UTF-8 character at the front, or 0 where it is none.
std::size_t utf8_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (is_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

std::string fixed(double value, int digits) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

}  // namespace

int exit_code_of(const Error& error) {
  // An object names it, so it is lost and not mistyped.
  if (error.id == "chunk.not_found" || error.id == "pack.not_found" || error.id == "blob.not_found") return kExitDamage;
  switch (error.kind) {
    case ErrorKind::usage: return kExitUsage;
    case ErrorKind::unsupported: return kExitUsage;
    case ErrorKind::not_found: return 20;
    case ErrorKind::missing_home: return 10;
    case ErrorKind::conflict: return 21;
    case ErrorKind::locked: return 11;
    case ErrorKind::wrong_key: return 12;
    case ErrorKind::damaged: return kExitDamage;
    case ErrorKind::limit: return 23;
    case ErrorKind::interrupted: return kExitInterrupted;
    case ErrorKind::unreachable: return 24;
    case ErrorKind::denied: return 25;
    case ErrorKind::no_space:
    case ErrorKind::io:
    case ErrorKind::failed: return kExitFailed;
  }
  return kExitFailed;
}

std::string json_quote(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text[0]);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += static_cast<char>(c);
      text.remove_prefix(1);
    } else if (c < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", c);
      quoted += escape.data();
      text.remove_prefix(1);
    } else if (const std::size_t length = utf8_length(text); length > 0) {
      quoted += text.substr(0, length);
      text.remove_prefix(length);
    } else {
      quoted += "\xEF\xBF\xBD";
      text.remove_prefix(1);
    }
  }
  return quoted + "\"";
}

JsonObject& JsonObject::add_raw(std::string_view name, std::string_view json) {
  if (!fields_.empty()) fields_ += ',';
  fields_ += json_quote(name);
  fields_ += ':';
  fields_ += json;
  return *this;
}
JsonObject& JsonObject::add(std::string_view name, std::string_view value) { return add_raw(name, json_quote(value)); }
JsonObject& JsonObject::add(std::string_view name, std::uint64_t value) { return add_raw(name, std::to_string(value)); }
JsonObject& JsonObject::add(std::string_view name, bool value) { return add_raw(name, value ? "true" : "false"); }
JsonObject& JsonObject::add(std::string_view name, double value) {
  return add_raw(name, std::isfinite(value) ? fixed(value, 3) : "null");
}
JsonObject& JsonObject::add_path(std::string_view name, std::string_view path) {
  add(name, path);
  if (!is_utf8(path)) add(std::string(name) + "_b64", to_base64(as_bytes(path)));
  return *this;
}

std::string shown(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const auto c = static_cast<unsigned char>(name[0]);
    const std::size_t length = utf8_length(name);
    // C1 controls (U+0080..U+009F) steer some terminals too.
    const bool is_c1 = length == 2 && c == 0xC2 && static_cast<unsigned char>(name[1]) < 0xA0;
    if (length == 0 || c < 0x20 || c == 0x7F || is_c1) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", c);
      text += escape.data();
      name.remove_prefix(1);
    } else {
      text += name.substr(0, length);
      name.remove_prefix(length);
    }
  }
  return text;
}

void Output::data(std::string_view text) {
  if (is_closed_) return;
  if (has_status_ && environment_->terminal.is_out_terminal()) end_progress();
  if (!environment_->terminal.write_out(as_bytes(text))) is_closed_ = true;
}

void Output::message(std::string_view text) {
  if (is_quiet || is_json) return;
  end_progress();
  environment_->terminal.write_error(std::string(text) + "\n");
}

void Output::warning(std::string_view id, std::string_view text) {
  end_progress();
  if (is_json) {
    environment_->terminal.write_error(JsonObject("warning").add("msgid", id).add("message", text).text() + "\n");
  } else {
    environment_->terminal.write_error("atoll: " + std::string(text) + "\n");
  }
}

void Output::problem(const vault::FileProblem& problem) {
  end_progress();
  if (is_json) {
    JsonObject object("error");
    object.add("msgid", problem.error.id).add("message", problem.error.message).add_path("path", problem.path);
    environment_->terminal.write_error(object.text() + "\n");
  } else {
    environment_->terminal.write_error("atoll: " + shown(problem.path) + ": " + problem.error.message + "\n");
  }
}

void Output::error(const Error& error) {
  end_progress();
  if (is_json) {
    JsonObject object("exit_error");
    object.add("code", exit_code_of(error)).add("msgid", error.id).add("message", error.message);
    if (!error.hint.empty()) object.add("hint", error.hint);
    environment_->terminal.write_error(object.text() + "\n");
    return;
  }
  environment_->terminal.write_error("atoll: " + shown(error.message) + "\n");
  if (!error.hint.empty()) environment_->terminal.write_error("       " + shown(error.hint) + "\n");
}

std::string Output::paint(std::string_view text, std::string_view code) const {
  if (!has_color) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

bool Output::is_due() {
  if (is_quiet || (!is_json && !environment_->terminal.is_error_terminal())) return false;
  const std::int64_t now_ns = environment_->machine.clock.monotonic_ns();
  if (last_status_ns_ != 0 && now_ns - last_status_ns_ < kStatusEveryNs) return false;
  last_status_ns_ = now_ns;
  return true;
}

void Output::status_line(const std::string& text) {
  environment_->terminal.write_error("\r\x1b[K" + text);
  has_status_ = true;
}

void Output::end_progress() {
  if (!has_status_) return;
  environment_->terminal.write_error("\r\x1b[K");
  has_status_ = false;
}

void Output::progress(const vault::FolderPutProgress& progress) {
  if (!is_due()) return;
  const double rate = progress.seconds > 0 ? static_cast<double>(progress.bytes_done) / progress.seconds : 0;
  const double share =
      progress.total_bytes > 0   ? static_cast<double>(progress.bytes_done) / static_cast<double>(progress.total_bytes)
      : progress.total_files > 0 ? static_cast<double>(progress.files_done) / static_cast<double>(progress.total_files)
                                 : 0;
  const double left_s = share > 0 ? progress.seconds * (1 - share) / share : 0;
  if (is_json) {
    JsonObject object("status");
    object.add("seconds_elapsed", progress.seconds).add("seconds_remaining", left_s).add("percent_done", share);
    object.add("total_files", progress.total_files).add("files_done", progress.files_done);
    object.add("total_bytes", progress.total_bytes)
        .add("bytes_done", progress.bytes_done)
        .add("error_count", progress.error_count);
    object.add_raw("current_files", json_array(std::vector<std::string>{json_quote(progress.current_file)}));
    data(object.text() + "\n");
    return;
  }
  if (!progress.is_plan_complete && progress.bytes_done == 0) {
    status_line("looking: " + format_count(progress.total_files) + " files to read, " +
                format_size(progress.total_bytes));
    return;
  }
  status_line(format_count(progress.files_done) + " of " + (progress.is_plan_complete ? "" : "at least ") +
              format_count(progress.total_files) + " files, " + format_size(progress.bytes_done) + " of " +
              format_size(progress.total_bytes) + ", " + format_size(static_cast<std::uint64_t>(rate)) + "/s" +
              (share > 0.001 && progress.is_plan_complete ? ", " + format_duration(left_s) + " left" : "") +
              (progress.error_count > 0 ? ", " + format_count(progress.error_count) + " problems" : ""));
}

void Output::count_progress(std::string_view verb, std::uint64_t done, std::uint64_t total, double seconds) {
  if (!is_due()) return;
  const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
  const double left_s = share > 0 ? seconds * (1 - share) / share : 0;
  if (is_json) {
    JsonObject object("status");
    object.add("seconds_elapsed", seconds).add("seconds_remaining", left_s).add("percent_done", share);
    object.add("total_files", total).add("files_done", done);
    data(object.text() + "\n");
    return;
  }
  status_line(std::string(verb) + " " + format_count(done) + " of " + format_count(total) + " files" +
              (share > 0.001 ? ", " + format_duration(left_s) + " left" : ""));
}

void Output::byte_progress(std::string_view verb, std::uint64_t done, std::uint64_t total, double seconds) {
  if (!is_due()) return;
  const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
  const double left_s = share > 0 ? seconds * (1 - share) / share : 0;
  if (is_json) {
    JsonObject object("status");
    object.add("seconds_elapsed", seconds).add("seconds_remaining", left_s).add("percent_done", share);
    object.add("total_bytes", total).add("bytes_done", done);
    data(object.text() + "\n");
    return;
  }
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  status_line(std::string(verb) + " " + format_size(done) + " of " + format_size(total) + ", " +
              format_size(static_cast<std::uint64_t>(rate)) + "/s" +
              (share > 0.001 ? ", " + format_duration(left_s) + " left" : ""));
}

}  // namespace atl::cli
