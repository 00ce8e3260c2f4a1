// Messages (RFC 5322) with their parts (RFC 2045, 2046), and mailboxes (RFC 4155).
#include <algorithm>

#include "derived/extract/internal/markup.h"
#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

constexpr std::uint64_t kMessageBytesMax = 64U << 20U;
constexpr int kPartsDeepMax = 12;
constexpr std::size_t kPartsMax = 1000;

struct Parts {
  std::string_view headers;
  std::string_view body;
};

Parts split(std::string_view message) {
  std::size_t at = 0;
  while (at < message.size()) {
    const std::size_t end = message.find('\n', at);
    if (end == std::string_view::npos) break;
    const std::string_view line = message.substr(at, end - at);
    if (line.empty() || line == "\r") return {message.substr(0, at), message.substr(end + 1)};
    at = end + 1;
  }
  return {message, {}};
}

// "text/plain; charset=utf-8; name*=utf-8''a.txt"; RFC 2231's continuations are joined.
std::string parameter(std::string_view header, std::string_view name, const mail::CharacterSets& sets) {
  std::string joined;
  bool is_encoded = false;
  std::size_t at = header.find(';');
  while (at != std::string_view::npos) {
    header.remove_prefix(at + 1);
    bool is_quoted = false;
    std::size_t end = 0;
    for (; end < header.size() && (is_quoted || header[end] != ';'); ++end)
      if (header[end] == '"') is_quoted = !is_quoted;
    const std::string_view item = trim(header.substr(0, end));
    at = end < header.size() ? end : std::string_view::npos;
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    std::string key = lower(trim(item.substr(0, equals)));
    std::string_view value = trim(item.substr(equals + 1));
    if (value.size() > 1 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    const bool ends_encoded = key.ends_with('*');
    if (ends_encoded) key.pop_back();
    if (const std::size_t star = key.find('*'); star != std::string::npos) key.erase(star);
    if (key != name) continue;
    if (ends_encoded) is_encoded = true;
    joined += value;
  }
  if (!is_encoded) return mail::decode_words(joined, sets);
  const std::size_t first = joined.find('\'');
  const std::size_t second = first == std::string::npos ? first : joined.find('\'', first + 1);
  const std::string set = second == std::string::npos ? "utf-8" : joined.substr(0, first);
  std::string bytes;
  for (std::size_t i = second == std::string::npos ? 0 : second + 1; i < joined.size(); ++i) {
    if (joined[i] == '%' && i + 2 < joined.size()) {
      const auto raw = from_hex(lower(std::string_view(joined).substr(i + 1, 2)));
      if (raw) {
        bytes += to_string(*raw);
        i += 2;
        continue;
      }
    }
    bytes.push_back(joined[i]);
  }
  return sets.to_utf8(bytes, set).value_or(guess_utf8(bytes));
}

std::string from_quoted_printable(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out.push_back(text[i]);
    } else if (i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      const std::size_t end = text.find('\n', i);  // a soft line break
      if (end == std::string_view::npos || end > i + 3) {
        out.push_back('=');
      } else {
        i = end;
      }
    }
  }
  return out;
}

// Takes what is none of base64's letters for nothing, as RFC 2045 says.
std::string from_loose_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '/') {
      value = c == '+' ? 62 : 63;
    } else if (c == '=') {
      break;
    } else {
      continue;
    }
    bits = (bits << 6U) | value;
    if (++count == 4) {
      for (const unsigned shift : {16U, 8U, 0U}) out.push_back(static_cast<char>((bits >> shift) & 0xFFU));
      bits = 0;
      count = 0;
    }
  }
  if (count >= 2) out.push_back(static_cast<char>((bits << (6 * (4 - count)) >> 16U) & 0xFFU));
  if (count == 3) out.push_back(static_cast<char>((bits << 6U >> 8U) & 0xFFU));
  return out;
}

std::string decoded(std::string_view body, std::string_view encoding) {
  const std::string how = lower(trim(encoding));
  if (how == "base64") return from_loose_base64(body);
  if (how == "quoted-printable") return from_quoted_printable(body);
  return std::string(body);
}

std::string html_to_text(std::string_view html) {
  MarkupReader in(html, true);
  std::string out;
  for (auto kind = in.next(); kind != MarkupReader::Kind::end; kind = in.next()) {
    if (kind == MarkupReader::Kind::text) {
      out += in.text();
    } else if (in.name() == "br" || in.name() == "p" || in.name() == "div" || in.name() == "tr" || in.name() == "li") {
      out += "\n";
    }
  }
  return out;
}

class MessageReader {
 public:
  MessageReader(Job& job, Place place, bool is_first) : job_(&job), place_(std::move(place)), is_first_(is_first) {}

  void message(std::string_view text) {
    const Parts parts = split(text);
    headers(parts.headers);
    part(parts.headers, parts.body, 0);
  }

 private:
  std::string header(std::string_view headers, std::string_view name) const {
    return mail::decode_words(mail::header_value(headers, name), job_->tools.character_sets);
  }

  void headers(std::string_view headers) {
    Findings& out = job_->out;
    const std::string subject = header(headers, "subject");
    const std::string sender = header(headers, "from");
    out.field(is_first_ ? field::kTitle : field::kSubject, subject);
    out.field(field::kSubject, subject);
    out.field(field::kSender, sender);
    std::string words = subject + "\n" + sender;
    for (const std::string_view name : {"to", "cc", "bcc"}) {
      const std::string value = header(headers, name);
      bool is_quoted = false;
      std::string one;
      for (const char c : value + ",") {
        if (c == '"') is_quoted = !is_quoted;
        if (c == ',' && !is_quoted) {
          out.field(field::kRecipient, one);
          one.clear();
        } else {
          one.push_back(c);
        }
      }
      if (!value.empty()) words += "\n" + value;
    }
    const std::string date = mail::header_value(headers, "date");
    if (const auto time = mail::parse_mail_date(date)) out.field(field::kCreated, format_rfc3339(*time));
    if (is_first_) {
      out.field(field::kMessageId, mail::header_value(headers, "message-id"));
      out.field(field::kInReplyTo, mail::header_value(headers, "in-reply-to"));
      out.field(field::kGenerator, header(headers, "x-mailer"));
      for (const std::string_view name : {"date", "list-id", "reply-to", "x-gmail-labels", "user-agent"})
        out.raw("Mail." + std::string(name), header(headers, name));
    }
    out.text(place_, words);
  }

  void part(std::string_view headers, std::string_view body, int depth) {
    if (++count_ > kPartsMax || depth > kPartsDeepMax) return job_->out.truncated();
    const std::string type_line = mail::header_value(headers, "content-type");
    const std::string type = lower(trim(std::string_view(type_line).substr(0, type_line.find(';'))));
    const std::string disposition = mail::header_value(headers, "content-disposition");
    const mail::CharacterSets& sets = job_->tools.character_sets;
    if (type.starts_with("multipart/")) return parts_of(body, parameter(type_line, "boundary", sets), depth);
    std::string name = parameter(disposition, "filename", sets);
    if (name.empty()) name = parameter(type_line, "name", sets);
    const bool is_text = type.empty() || type == "text/plain" || type == "text/html";
    if (is_text && name.empty() && !starts_with_nocase(trim(disposition), "attachment")) {
      const std::string bytes = decoded(body, mail::header_value(headers, "content-transfer-encoding"));
      const std::string set = parameter(type_line, "charset", sets);
      std::string text = sets.to_utf8(bytes, set.empty() ? "utf-8" : set).value_or(from_character_set(bytes, set));
      if (type == "text/html") {
        text = html_to_text(text);
        // The same in another form is said once.
        if (has_plain_) return;
      } else {
        has_plain_ = true;
      }
      job_->out.text(place_, text);
      return;
    }
    if (name.empty()) name = type == "message/rfc822" ? "message.eml" : "part-" + std::to_string(count_);
    if (!is_first_) name = place_.name + "/" + name;
    if (job_->is_over()) return;
    const auto match = job_->match(name);
    if (match == MemberWish::Match::none) return;
    const std::string bytes = decoded(body, mail::header_value(headers, "content-transfer-encoding"));
    if (match == MemberWish::Match::is_it) return job_->tools.wish->give_all(name, as_bytes(bytes), std::nullopt);
    Member* const member = job_->out.member(name);
    if (member == nullptr) return;
    member->size = bytes.size();
    BytesInput input{to_bytes(std::string_view(bytes))};
    job_->understand_member(member, input, name);
  }

  void parts_of(std::string_view body, const std::string& boundary, int depth) {
    if (boundary.empty() || boundary.size() > 200) return;
    const std::string mark = "--" + boundary;
    std::size_t begin = std::string_view::npos;  // of the part under way
    for (std::size_t at = 0; at <= body.size();) {
      const std::size_t found = body.find(mark, at);
      if (found == std::string_view::npos) break;
      at = found + mark.size();
      if (found > 0 && body[found - 1] != '\n') continue;
      if (begin != std::string_view::npos) {
        const Parts inner = split(body.substr(begin, found - begin));
        part(inner.headers, inner.body, depth + 1);
      }
      const bool is_last = body.substr(at).starts_with("--");
      const std::size_t line_end = body.find('\n', at);
      if (is_last || line_end == std::string_view::npos) return;
      begin = at = line_end + 1;
      // The next mark may stand right here.
    }
    if (begin != std::string_view::npos && begin < body.size()) {  // cut off before its last mark
      const Parts inner = split(body.substr(begin));
      part(inner.headers, inner.body, depth + 1);
    }
  }

  Job* job_;
  Place place_;
  bool is_first_;
  bool has_plain_ = false;
  std::size_t count_ = 0;
};

}  // namespace

Result<void> read_mail(Job& job) {
  ATOLL_ASSIGN(const Bytes bytes,
               job.input.part(0, static_cast<std::size_t>(std::min(job.input.size(), kMessageBytesMax))));
  if (bytes.size() < job.input.size()) job.out.truncated();
  MessageReader(job, {}, true).message(as_text(bytes));
  return {};
}

// Messages one after the other, whatever the mailbox's size; each is a member, named as it is numbered.
Result<void> read_mailbox(Job& job) {
  constexpr std::size_t kPieceBytes = 1U << 20U;
  std::string message;
  std::uint64_t number = 0;
  bool is_after_empty = true;
  bool has_begun = false;
  const auto finish = [&] {
    if (!has_begun || message.empty()) return;
    ++number;
    const Parts parts = split(message);
    std::string subject = mail::decode_words(mail::header_value(parts.headers, "subject"), job.tools.character_sets);
    const std::string name = std::to_string(number) + ".eml";
    const auto time = mail::parse_mail_date(mail::header_value(parts.headers, "date"));
    const auto match = job.is_over() ? MemberWish::Match::none : job.match(name);
    if (match == MemberWish::Match::is_it) {
      job.tools.wish->give_all(name, as_bytes(message), time ? std::optional<FileTime>(*time) : std::nullopt);
    } else if (Member* const member = match == MemberWish::Match::none ? nullptr : job.out.member(name)) {
      member->size = message.size();
      if (time) member->modified = *time;
      BytesInput input{to_bytes(std::string_view(message))};
      job.understand_member(member, input, name);
    }
    message.clear();
  };
  std::string rest;
  for (std::uint64_t at = 0; at < job.input.size();) {
    ATOLL_ASSIGN(const Bytes piece, job.input.part(at, kPieceBytes));
    if (piece.empty()) break;
    at += piece.size();
    rest += as_text(piece);
    std::string_view left = rest;
    while (!left.empty()) {
      const std::size_t end = left.find('\n');
      if (end == std::string_view::npos && at < job.input.size() && left.size() < kPieceBytes) break;
      const std::string_view line = left.substr(0, end == std::string_view::npos ? end : end + 1);
      left.remove_prefix(line.size());
      if (is_after_empty && line.starts_with("From ")) {
        finish();
        has_begun = true;
      } else if (has_begun && message.size() + line.size() <= kMessageBytesMax) {
        const bool is_quoted = line.starts_with(">From ") || line.starts_with(">>From ");
        message += is_quoted ? line.substr(1) : line;
      }
      is_after_empty = line == "\n" || line == "\r\n";
    }
    rest = std::string(left);
    if (job.is_over()) return {};
    if (job.out.budget().member_count == 0) {
      job.out.truncated();
      break;
    }
  }
  finish();
  job.out.number(field::kMessageCount, number);
  return {};
}

}  // namespace atl::extract
