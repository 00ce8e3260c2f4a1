#include "services/transfer/mail.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

namespace atl::transfer {
namespace {

constexpr std::size_t kLineBytesMaxHere = kMiB;
constexpr std::size_t kHeaderBytesMax = 256 * kKiB;
constexpr std::size_t kDataBytesPerFrame = 256 * kKiB;
constexpr std::size_t kSlugBytesMax = 60;

// Lines a mail program writes into a mailbox about a message; the same message has others elsewhere.
bool is_aside(std::string_view header_name) {
  static constexpr std::array<std::string_view, 9> kNames = {"x-gmail-labels", "x-gm-thrid", "status",
                                                             "x-status",       "x-keywords", "x-uid",
                                                             "content-length", "lines",      "x-mozilla-keys"};
  const std::string name = mail::lowered(header_name);
  return std::ranges::find(kNames, name) != kNames.end() || name == "x-mozilla-status" || name == "x-mozilla-status2";
}

}  // namespace

std::string slug(std::string_view subject) {
  std::string out;
  for (const char raw : subject) {
    const char c = raw >= 'A' && raw <= 'Z' ? static_cast<char>(raw - 'A' + 'a') : raw;
    const bool is_kept =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (static_cast<unsigned char>(c) >= 0x80 && is_utf8(subject));
    if (is_kept) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != '-') {
      out.push_back('-');
    }
  }
  if (out.size() > kSlugBytesMax) {
    std::size_t end = kSlugBytesMax;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;
    out.resize(end);
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "no-subject" : out;
}

ForeignEntry describe_message(std::string_view headers, std::optional<FileTime> fallback, const CharacterSets& sets) {
  ForeignEntry entry;
  entry.has_content = true;
  entry.is_named_by_content = true;
  catalog::VersionRow& version = entry.version;
  version.mode = 0600;
  version.content_type = "message/rfc822";
  static constexpr std::pair<std::string_view, const char*> kWords[] = {{"message-id", "message_id"},
                                                                        {"from", "from"},
                                                                        {"to", "to"},
                                                                        {"cc", "cc"},
                                                                        {"subject", "subject"},
                                                                        {"date", "date"},
                                                                        {"x-gmail-labels", "labels"}};
  for (const auto& [name, word] : kWords) {
    std::string value = decode_words(mail::header_value(headers, name), sets);
    if (!value.empty()) version.metadata[word] = std::move(value);
  }
  auto time = parse_mail_date(mail::header_value(headers, "date"));
  if (!time) time = fallback;
  const auto subject = version.metadata.find("subject");
  const std::string name = slug(subject == version.metadata.end() ? std::string() : subject->second) + "-";
  if (!time) {
    entry.path = "undated/" + name;
    return entry;
  }
  version.modified = *time;
  const std::string day = format_rfc3339(FileTime{time->seconds, 0});
  entry.path = day.size() < 10 || day[0] == '@'
                   ? "undated/" + name
                   : day.substr(0, 4) + "/" + day.substr(5, 2) + "/" + day.substr(0, 10) + "-" + name;
  return entry;
}

Result<void> MailSplitter::take(ByteView bytes) {
  std::string_view text = as_text(bytes);
  if (state_ == State::outside && !is_mbox_) state_ = State::headers;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view part = text.substr(0, end == std::string_view::npos ? end : end + 1);
    text.remove_prefix(part.size());
    line_.append(part);
    if (end != std::string_view::npos) {
      ATOLL_TRY(line(line_, true));
      line_.clear();
    } else if (line_.size() >= kLineBytesMaxHere) {
      ATOLL_TRY(line(line_, false));
      line_.clear();
    }
  }
  return {};
}

Result<void> MailSplitter::finish() {
  if (!line_.empty()) {
    ATOLL_TRY(line(line_, true));
    line_.clear();
  }
  if (state_ != State::outside) ATOLL_TRY(end_message());
  state_ = State::outside;
  if (skipped_bytes_ > 0)
    ATOLL_TRY(sink_.problem(std::to_string(skipped_bytes_) + " bytes before the first message are no mail"));
  skipped_bytes_ = 0;
  return {};
}

Result<void> MailSplitter::line(std::string_view text, bool is_whole) {
  const bool is_continued = std::exchange(is_line_begun_, !is_whole);
  const bool may_separate = std::exchange(is_after_empty_, !is_continued && (text == "\n" || text == "\r\n"));
  if (is_continued) {
    if (state_ == State::outside) {
      skipped_bytes_ += text.size();
      return {};
    }
    if (state_ == State::headers) ATOLL_TRY(end_headers());
    return send(text, false);
  }
  // A separator counts at the beginning and behind an empty line.
  if (is_mbox_ && may_separate && is_from_line(text)) {
    if (state_ != State::outside) ATOLL_TRY(end_message());
    state_ = State::headers;
    from_time_ = mail::parse_from_date(text.substr(5));
    return {};
  }
  switch (state_) {
    case State::outside:
      if (!mail::trimmed(text).empty()) skipped_bytes_ += text.size();
      return {};
    case State::headers: return header_line(text, is_whole);
    case State::body: return body(text);
  }
  return {};
}

Result<void> MailSplitter::header_line(std::string_view text, bool is_whole) {
  const bool is_end = text == "\n" || text == "\r\n";
  if (!is_end && is_whole && headers_.size() + text.size() <= kHeaderBytesMax) {
    headers_.append(text);
    return {};
  }
  ATOLL_TRY(end_headers());
  return send(text, false);
}

Result<void> MailSplitter::end_headers() {
  state_ = State::body;
  ATOLL_TRY(sink_.begin(describe_message(headers_, from_time_, *sets_)));
  std::string_view left = headers_;
  bool aside = false;
  while (!left.empty()) {
    const std::size_t end = left.find('\n');
    const std::string_view one = left.substr(0, end == std::string_view::npos ? end : end + 1);
    left.remove_prefix(one.size());
    if (one[0] != ' ' && one[0] != '\t') aside = is_mbox_ && is_aside(one.substr(0, one.find(':')));
    ATOLL_TRY(send(one, aside));
  }
  headers_.clear();
  return {};
}

Result<void> MailSplitter::body(std::string_view text) {
  if (!is_mbox_) return send(text, false);
  if (!blank_.empty()) {
    const std::string held = std::exchange(blank_, {});
    ATOLL_TRY(send(held, false));
  }
  if (text == "\n" || text == "\r\n") {
    blank_ = text;
    return {};
  }
  const std::size_t quotes = std::min(text.find_first_not_of('>'), text.size());
  if (quotes > 0 && text.substr(quotes).starts_with("From ")) text.remove_prefix(1);
  return send(text, false);
}

Result<void> MailSplitter::end_message() {
  if (state_ == State::headers) ATOLL_TRY(end_headers());
  blank_.clear();  // the mailbox's, not the message's
  ATOLL_TRY(flush());
  return sink_.end();
}

Result<void> MailSplitter::send(std::string_view text, bool is_aside_part) {
  if (is_aside_part != is_buffer_aside_) ATOLL_TRY(flush());
  is_buffer_aside_ = is_aside_part;
  buffer_.append(text);
  return buffer_.size() >= kDataBytesPerFrame ? flush() : Result<void>();
}

Result<void> MailSplitter::flush() {
  if (buffer_.empty()) return {};
  ATOLL_TRY(sink_.data(as_bytes(buffer_), is_buffer_aside_));
  buffer_.clear();
  return {};
}

}  // namespace atl::transfer
