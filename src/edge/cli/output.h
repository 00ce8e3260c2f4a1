// What the program says, to people or, with --json, to programs.
// Always true: with --json each line on stdout is one JSON object with `message_type`; failures end with one
// `exit_error` line on stderr. Names that are no UTF-8 get `path_b64` beside a readable `path`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "edge/cli/environment.h"
#include "vault/folder/put.h"

namespace atl::cli {

// Kinds of errors and the exit codes they give (restic's where it has one).
[[nodiscard]] int exit_code_of(const Error& error);
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitPartial = 3;
inline constexpr int kExitDamage = 22;
inline constexpr int kExitInterrupted = 130;

// Builds one JSON object, in the order of the calls.
class JsonObject {
 public:
  explicit JsonObject(std::string_view message_type) { add("message_type", message_type); }
  JsonObject() = default;
  JsonObject& add(std::string_view name, std::string_view value);
  JsonObject& add(std::string_view name, const char* value) { return add(name, std::string_view(value)); }
  JsonObject& add(std::string_view name, const std::string& value) { return add(name, std::string_view(value)); }
  JsonObject& add(std::string_view name, std::uint64_t value);
  JsonObject& add(std::string_view name, int value) { return add_raw(name, std::to_string(value)); }
  JsonObject& add(std::string_view name, double value);
  JsonObject& add(std::string_view name, bool value);
  JsonObject& add_raw(std::string_view name, std::string_view json);
  JsonObject& add_path(std::string_view name, std::string_view path);  // with <name>_b64 where it is no UTF-8
  template <class Map>
  JsonObject& add_map(std::string_view name, const Map& map) {
    JsonObject inner;
    for (const auto& [key, value] : map) inner.add(key, value);
    return add_raw(name, inner.text());
  }
  [[nodiscard]] std::string text() const { return "{" + fields_ + "}"; }

 private:
  std::string fields_;
};
[[nodiscard]] std::string json_quote(std::string_view text);  // invalid UTF-8 becomes U+FFFD
template <class Range>
[[nodiscard]] std::string json_array(const Range& objects) {
  std::string text = "[";
  for (const auto& object : objects) text += (text.size() > 1 ? "," : "") + object;
  return text + "]";
}

// Safe on a terminal: control characters and broken UTF-8 are shown as \xNN.
[[nodiscard]] std::string shown(std::string_view name);

class Output {
 public:
  explicit Output(Environment& environment) : environment_(&environment) {}
  bool is_json = false;
  bool is_quiet = false;
  bool has_color = false;
  int verbosity = 0;

  void data(std::string_view text);  // stdout, as it is
  void line(const std::string& text) { data(text + "\n"); }
  void json(const JsonObject& object) { data(object.text() + "\n"); }
  void message(std::string_view text);  // stderr, unless quiet
  void warning(std::string_view id, std::string_view text);
  void problem(const vault::FileProblem& problem);  // one file that could not be done
  void error(const Error& error);                   // the last line of a failure
  [[nodiscard]] std::string red(std::string_view text) const { return paint(text, "31;1"); }
  [[nodiscard]] std::string green(std::string_view text) const { return paint(text, "32"); }
  [[nodiscard]] std::string bold(std::string_view text) const { return paint(text, "1"); }
  // At most about ten a second; on a terminal one line that is overwritten, with --json status lines, else nothing.
  void progress(const vault::FolderPutProgress& progress);
  void byte_progress(std::string_view verb, std::uint64_t done, std::uint64_t total, double seconds);
  void count_progress(std::string_view verb, std::uint64_t done, std::uint64_t total, double seconds);  // of files
  void end_progress();
  [[nodiscard]] bool is_closed() const { return is_closed_; }  // nobody reads stdout any more

 private:
  [[nodiscard]] std::string paint(std::string_view text, std::string_view code) const;
  [[nodiscard]] bool is_due();
  void status_line(const std::string& text);

  Environment* environment_;
  bool is_closed_ = false;
  bool has_status_ = false;
  std::int64_t last_status_ns_ = 0;
};

}  // namespace atl::cli
