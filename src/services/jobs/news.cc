#include "services/jobs/news.h"

namespace atl::jobs {
namespace {

constexpr std::string_view kMail = "mail:";
constexpr std::string_view kWebhook = "webhook:";
constexpr std::string_view kCommand = "command:";

bool has_control(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
  }
  return false;
}

// RFC 8259, with everything beyond ASCII left as it is (UTF-8).
std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// In curl's configuration a quoted value knows these two escapes (man curl, -K).
std::string curl_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

Result<void> run(platform::Programs& programs, platform::ProgramCall call) {
  call.shows_errors = false;
  ATOLL_ASSIGN(const auto result, programs.run(call));
  if (result.exit_code == 0) return {};
  return fail(ErrorKind::failed, "news.not_told",
              call.words.front() + " ended with " + std::to_string(result.exit_code) + ": " +
                  one_line(result.errors.substr(0, 200)));
}

}  // namespace

Result<void> check_address(const std::string& address) {
  const bool is_clean = !has_control(address);
  if (is_clean && address.starts_with(kMail) && address.find('@') != std::string::npos &&
      !address.starts_with("mail:-"))
    return {};
  if (is_clean && (address.starts_with("webhook:https://") || address.starts_with("webhook:http://"))) return {};
  if (is_clean && address.starts_with("command:/")) return {};
  return fail(ErrorKind::usage, "news.bad_address", "\"" + one_line(address.substr(0, 100)) + "\" is nobody to tell",
              "Possible are: mail:ADDRESS, webhook:URL, command:/PATH.");
}

Result<void> tell(platform::Programs& programs, const std::string& address, const News& news) {
  ATOLL_TRY(check_address(address));
  platform::ProgramCall call;
  if (address.starts_with(kMail)) {
    call.words = {"/usr/sbin/sendmail", "-t", "-oi"};
    call.input = "To: " + address.substr(kMail.size()) + "\nSubject: " + one_line(news.title) +
                 "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n" + news.text + "\n";
  } else if (address.starts_with(kWebhook)) {
    const std::string body = "{\"event\":" + json_text(news.event) + ",\"title\":" + json_text(news.title) +
                             ",\"text\":" + json_text(news.text) + ",\"exit_code\":" + std::to_string(news.exit_code) +
                             ",\"time\":" + json_text(format_rfc3339(news.time)) + "}";
    call.words = {"curl", "--silent", "--show-error", "--fail", "--max-time", "30", "--config", "-"};
    call.input = "url = " + curl_text(address.substr(kWebhook.size())) +
                 "\nheader = \"Content-Type: application/json\"\ndata-raw = " + curl_text(body) + "\n";
  } else {
    call.words = {address.substr(kCommand.size())};
    call.variables = {{"ATOLL_EVENT", news.event}, {"ATOLL_EXIT_CODE", std::to_string(news.exit_code)}};
    call.input = news.title + "\n\n" + news.text + "\n";
  }
  return run(programs, std::move(call));
}

}  // namespace atl::jobs
