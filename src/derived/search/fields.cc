#include "derived/search/fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "catalog/entry_kind.h"
#include "derived/extract/formats.h"
#include "derived/search/names.h"
#include "derived/text/language.h"
#include "foundation/codec/hash.h"

namespace atl::search {
namespace {

using text::FieldKind;

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::size_t kPathBytesMax = 4096;
constexpr std::size_t kFolderDigestBytes = 16;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

constexpr bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_creator(std::string_view name) {
  return is_one_of(name, {"creator", "author", "artist", "sender", "recipient", "publisher", "organizer", "attendee"});
}

std::int64_t year_of(std::int64_t unix_us) {
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{unix_us}};
  return static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(time)).year());
}

std::int64_t modified_us(const catalog::VersionRow& version) {
  constexpr std::int64_t kSecondsMax = INT64_MAX / kUsPerSecond - 1;
  return std::clamp(version.modified.seconds, -kSecondsMax, kSecondsMax) * kUsPerSecond +
         version.modified.nanoseconds / 1000;
}

std::optional<std::int64_t> said_date_of(const extract::Extraction& extraction) {
  for (const std::string_view name : {"created", "date", "start", "sent", "modified"}) {
    const auto value = extract::value_of(extraction, name);
    if (value.empty()) continue;
    if (const auto date = parse_date_us(value)) return date;
  }
  return std::nullopt;
}

std::optional<std::int64_t> date_in(const extract::Member& member) {
  if (const auto said = member.understood.empty() ? std::nullopt : said_date_of(member.understood.front())) return said;
  if (member.modified) return member.modified->seconds * kUsPerSecond;
  return std::nullopt;
}

}  // namespace

text::Schema schema() {
  // In the order of FieldNumber.
  return {{"title", FieldKind::text, 2.0F},
          {"text", FieldKind::text, 1.0F},
          {"tags", FieldKind::text, 1.5F},
          {"about", FieldKind::text, 1.0F},
          {"creator", FieldKind::text, 1.2F},
          {"words", FieldKind::text, 1.8F},
          {"name", FieldKind::substring},
          {"type", FieldKind::keyword},
          {"language", FieldKind::keyword},
          {"tag", FieldKind::keyword},
          {"bucket", FieldKind::keyword},
          {"size", FieldKind::number},
          {"modified", FieldKind::number, 1, true},
          {"stored", FieldKind::number, 1, true},
          {"date", FieldKind::number, 1, true},
          {"year", FieldKind::number},
          {"pages", FieldKind::number},
          {"width", FieldKind::number},
          {"height", FieldKind::number},
          {"duration", FieldKind::number},
          {".folder", FieldKind::keyword}};
}

std::string_view known_folder(std::string_view prefix) {
  std::size_t end = 0;
  for (std::size_t depth = 0; depth < kFoldersMax; ++depth) {
    const std::size_t next = prefix.find('/', end);
    if (next == std::string_view::npos) break;
    end = next + 1;
  }
  return prefix.substr(0, end);
}

std::string folder_value(const BucketId& bucket, std::string_view folder) {
  codec::Blake3 hasher;
  hasher.update(bucket.view());
  hasher.update(as_bytes(folder));
  const codec::Digest digest = hasher.digest();
  return to_hex(ByteView(digest).first(kFolderDigestBytes));
}

std::optional<std::int64_t> parse_date_us(std::string_view text) {
  if (text.starts_with("D:")) text.remove_prefix(2);
  // Digits of year, month, day, hour, minute, second, with whatever single signs stand between.
  constexpr std::array<std::size_t, 6> kDigits = {4, 2, 2, 2, 2, 2};
  std::array<unsigned, 6> parts = {0, 1, 1, 0, 0, 0};
  std::size_t at = 0;
  std::size_t part = 0;
  for (; part < kDigits.size(); ++part) {
    if (part > 0 && at < text.size() && is_one_of(text.substr(at, 1), {"-", ":", " ", "T", "/", "."})) ++at;
    if (at + kDigits[part] > text.size()) break;
    const auto digits = text.substr(at, kDigits[part]);
    if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) break;
    parts[part] = static_cast<unsigned>(*whole_number(digits));
    at += kDigits[part];
  }
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(parts[0])), std::chrono::month(parts[1]),
                                        std::chrono::day(parts[2])};
  if (part == 0 || parts[0] == 0 || !day.ok() || parts[3] > 24 || parts[4] > 59 || parts[5] > 60) return std::nullopt;
  std::int64_t offset_s = 0;
  if (part == kDigits.size()) {
    if (at < text.size() && text[at] == '.') {
      ++at;
      while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    }
    if (at + 2 < text.size() && (text[at] == '+' || text[at] == '-')) {
      const auto hours = whole_number(text.substr(at + 1, 2));
      const bool has_sign = at + 3 < text.size() && (text[at + 3] == ':' || text[at + 3] == '\'');
      const std::size_t minutes_at = at + 3 + (has_sign ? 1 : 0);
      const auto minutes =
          minutes_at + 2 <= text.size() ? whole_number(text.substr(minutes_at, 2)) : std::optional<std::int64_t>(0);
      if (hours && minutes && *hours <= 14 && *minutes < 60)
        offset_s = (text[at] == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
    }
  }
  const std::chrono::sys_seconds time = std::chrono::sys_days(day) + std::chrono::hours(parts[3]) +
                                        std::chrono::minutes(parts[4]) + std::chrono::seconds(parts[5]) -
                                        std::chrono::seconds(offset_s);
  return time.time_since_epoch().count() * kUsPerSecond;
}

std::int64_t date_of(const catalog::VersionRow& version, const extract::Extraction* extraction) {
  if (const auto said = extraction == nullptr ? std::nullopt : said_date_of(*extraction)) return *said;
  return version.has_source ? modified_us(version) : version.begin_time.unix_us;
}

std::vector<DocumentFacts> facts_of(const catalog::Listed& listed, const extract::Extraction* extraction) {
  std::vector<DocumentFacts> all(1);
  all[0].date_us = date_of(listed.version, extraction);
  if (extraction == nullptr) return all;
  all[0].format = extraction->format;
  all[0].language = extraction->language;
  for (const auto& member : extraction->members) {
    auto& facts = all.emplace_back();
    if (!member.understood.empty()) {
      facts.format = member.understood.front().format;
      facts.language = member.understood.front().language;
    }
    facts.date_us = date_in(member).value_or(all[0].date_us);
  }
  return all;
}

class DocumentBuilder {
 public:
  DocumentBuilder(const catalog::Listed& listed, std::uint64_t first) : listed_(&listed), first_(first) {}

  Documents build(const extract::Extraction* extraction) {
    begin();
    date_ = date_of(listed_->version, extraction);
    const std::string_view key = listed_->entry.key;
    const std::string_view deepest = known_folder(key);
    for (std::size_t end = deepest.find('/'); end != std::string_view::npos; end = deepest.find('/', end + 1)) {
      folders_.push_back(folder_value(listed_->entry.bucket, deepest.substr(0, end + 1)));
    }
    add_name(key);
    add_keyword(FieldNumber::type, std::string(word_of(listed_->version.kind)));
    add_number(FieldNumber::size, static_cast<std::int64_t>(std::min<std::uint64_t>(listed_->version.size, INT64_MAX)));
    add_common();
    if (extraction != nullptr) {
      add_extraction(*extraction);
      for (const auto& member : extraction->members) add_member(member);
    }
    at_ = 0;
    add_date(date_);
    return std::move(out_);
  }

 private:
  text::Document& document() { return out_.documents_[at_]; }
  void begin() {
    at_ = out_.documents_.size();
    out_.documents_.emplace_back();
    out_.documents_.back().id = first_ + at_;
  }
  std::string_view keep(std::string text) { return out_.texts_.emplace_back(std::move(text)); }
  void add_text(FieldNumber field, std::string_view text, text::Language language = text::Language::none) {
    if (!text.empty()) document().texts.push_back({number(field), text, language});
  }
  void add_keyword(FieldNumber field, std::string text) {
    if (!text.empty()) document().texts.push_back({number(field), keep(std::move(text)), text::Language::none});
  }
  void add_number(FieldNumber field, std::int64_t value) { document().numbers.push_back({number(field), value}); }

  void add_name(std::string_view path) {
    const std::string_view name = last_part(path);
    add_text(FieldNumber::name, keep(std::string(name)));
    // The words of folders count as well: "invoices/2024/march.pdf" is about invoices.
    add_text(FieldNumber::words, keep(std::string(path.substr(path.size() - std::min(path.size(), kPathBytesMax)))));
    const std::size_t dot = name.rfind('.');
    if (dot != std::string_view::npos && dot + 1 < name.size())
      add_keyword(FieldNumber::type, lower(name.substr(dot + 1)));
  }

  // What members have of the object that holds them.
  void add_common() {
    const auto& version = listed_->version;
    add_keyword(FieldNumber::bucket, listed_->entry.bucket.text());
    for (const std::string& folder : folders_) add_keyword(FieldNumber::folder, folder);
    for (const auto& [tag, value] : version.tags) {
      add_keyword(FieldNumber::tag, tag);
      if (!value.empty()) add_keyword(FieldNumber::tag, tag + "=" + value);
      add_text(FieldNumber::tags, tag);
      add_text(FieldNumber::tags, value);
    }
    for (const auto& [name, value] : version.metadata) {
      // What a door of the server notes for itself is nobody's words.
      if (name.starts_with("header:")) continue;
      if (name == "title") {
        add_text(FieldNumber::title, value);
      } else {
        add_text(is_creator(name) ? FieldNumber::creator : FieldNumber::about, value);
      }
    }
    add_text(FieldNumber::about, version.description);
    add_text(FieldNumber::creator, version.author);
    if (!version.content_type.empty()) add_keyword(FieldNumber::type, lower(version.content_type));
    add_number(FieldNumber::stored, version.begin_time.unix_us);
    if (version.has_source) add_number(FieldNumber::modified, modified_us(version));
  }

  void add_date(std::int64_t date) {
    add_number(FieldNumber::date, date);
    add_number(FieldNumber::year, year_of(date));
  }

  void add_extraction(const extract::Extraction& extraction) {
    const text::Language language = text::language_of(extraction.language);
    add_keyword(FieldNumber::type, extraction.format);
    add_keyword(FieldNumber::type, lower(extraction.media_type));
    for (const auto& format : extract::formats()) {
      if (format.id == extraction.format) add_keyword(FieldNumber::type, std::string(format.group));
    }
    add_keyword(FieldNumber::language, extraction.language);
    for (const auto& field : extraction.fields) add_field(field, language);
    for (const auto& piece : extraction.pieces) {
      add_text(FieldNumber::text, piece.place.name, language);
      add_text(FieldNumber::text, piece.text, language);
    }
  }

  void add_field(const extract::Field& field, text::Language language) {
    if (field.name == "title") {
      add_text(FieldNumber::title, field.value, language);
    } else if (is_creator(field.name)) {
      add_text(FieldNumber::creator, field.value);
    } else if (field.name == "keywords") {
      add_text(FieldNumber::tags, field.value, language);
    } else if (field.name == "page_count" || field.name == "slide_count") {
      if (const auto value = whole_number(field.value)) add_number(FieldNumber::pages, *value);
    } else if (field.name == "width") {
      if (const auto value = whole_number(field.value)) add_number(FieldNumber::width, *value);
    } else if (field.name == "height") {
      if (const auto value = whole_number(field.value)) add_number(FieldNumber::height, *value);
    } else if (field.name == "duration_ms") {
      if (const auto value = whole_number(field.value)) add_number(FieldNumber::duration, *value / 1000);
    } else if (!is_one_of(field.name,
                          {"word_count", "line_count", "vertex_count", "facet_count", "bounds", "message_id"})) {
      add_text(FieldNumber::about, field.value, language);
    }
  }

  void add_member(const extract::Member& member) {
    begin();
    add_name(member.path);
    add_keyword(FieldNumber::type, member.is_folder ? "directory" : "file");
    add_number(FieldNumber::size, static_cast<std::int64_t>(std::min<std::uint64_t>(member.size, INT64_MAX)));
    add_common();
    if (!member.understood.empty()) add_extraction(member.understood.front());
    add_date(date_in(member).value_or(date_));
  }

  const catalog::Listed* listed_;
  std::uint64_t first_;
  std::size_t at_ = 0;
  std::int64_t date_ = 0;  // of the object
  std::vector<std::string> folders_;
  Documents out_;
};

Documents documents_of(const catalog::Listed& listed, const extract::Extraction* extraction, std::uint64_t first) {
  return DocumentBuilder(listed, first).build(extraction);
}

}  // namespace atl::search
