#include "derived/extract/internal/findings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

constexpr std::size_t kFieldsMax = 2000;
constexpr std::size_t kFieldsOfOneNameMax = 500;
constexpr std::size_t kRawMax = 1000;
constexpr std::size_t kRawValueBytesMax = 1024;
constexpr std::size_t kMemberPathBytesMax = 8192;

}  // namespace

std::string listed_path(std::string_view path) { return to_line(path, kMemberPathBytesMax); }

void Findings::set_format(const Format& format) {
  extraction_->format = std::string(format.id);
  extraction_->media_type = std::string(format.media_type);
}

bool Findings::pay_field(std::string_view name, std::size_t bytes) {
  const std::size_t cost = name.size() + bytes;
  if (cost > budget_->field_bytes) {
    extraction_->is_truncated = true;
    return false;
  }
  budget_->field_bytes -= cost;
  return true;
}

void Findings::field(std::string_view name, std::string_view value) {
  std::string line = to_line(value);
  if (line.empty()) return;
  std::size_t of_this_name = 0;
  for (const Field& known : extraction_->fields) {
    if (known.name != name) continue;
    if (known.value == line) return;
    ++of_this_name;
  }
  if (of_this_name >= kFieldsOfOneNameMax || extraction_->fields.size() >= kFieldsMax) {
    extraction_->is_truncated = true;
    return;
  }
  if (pay_field(name, line.size())) extraction_->fields.push_back({std::string(name), std::move(line)});
}

void Findings::number(std::string_view name, std::uint64_t value) { field(name, std::to_string(value)); }

void Findings::raw(std::string_view name, std::string_view value) {
  std::string line = to_line(value, kRawValueBytesMax);
  std::string plain_name = to_line(name, 200);
  if (line.empty() || extraction_->raw.size() >= kRawMax || !pay_field(plain_name, line.size())) return;
  extraction_->raw.push_back({std::move(plain_name), std::move(line)});
}

bool Findings::text(Place place, std::string_view utf8) {
  const std::string_view fits = cut_utf8(utf8, static_cast<std::size_t>(budget_->text_bytes));
  std::string plain = to_plain(fits);
  // Replaced letters are longer than what stood there.
  plain.resize(cut_utf8(plain, static_cast<std::size_t>(budget_->text_bytes)).size());
  if (fits.size() < utf8.size()) extraction_->is_truncated = true;
  if (trim(plain).empty()) return budget_->text_bytes > 0;
  if (budget_->piece_count == 0) {
    extraction_->is_truncated = true;
    return false;
  }
  --budget_->piece_count;
  budget_->text_bytes -= plain.size();
  place.name = to_line(place.name, 1024);
  extraction_->pieces.push_back({std::move(place), std::move(plain)});
  return !extraction_->is_truncated;
}

void Findings::trouble(std::string_view sentence) {
  if (extraction_->trouble.empty()) extraction_->trouble = to_line(sentence, 500);
}

Member* Findings::member(std::string_view path) {
  std::string plain = listed_path(path);
  if (budget_->member_count == 0 || plain.size() > budget_->member_name_bytes) {
    extraction_->is_truncated = true;
    return nullptr;
  }
  --budget_->member_count;
  budget_->member_name_bytes -= plain.size();
  Member& made = extraction_->members.emplace_back();
  made.path = std::move(plain);
  return &made;
}

std::string decimal(double value) {
  if (!std::isfinite(value) || std::fabs(value) > 1e15) return {};
  std::array<char, 64> digits{};
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, 6);
  if (error != std::errc()) return {};
  std::string out(digits.data(), end);
  while (out.ends_with('0')) out.pop_back();
  if (out.ends_with('.')) out.pop_back();
  return out == "-0" ? "0" : out;
}

}  // namespace atl::extract
