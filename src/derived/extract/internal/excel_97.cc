#include "derived/extract/internal/excel_97.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

constexpr std::size_t kColumnsMax = 256;
constexpr std::size_t kTextBytesPerPiece = 16U << 10U;

std::uint32_t u32(ByteView bytes, std::size_t at) {
  return at > bytes.size() || bytes.size() - at < 4 ? 0U : load_le<std::uint32_t>(bytes.data() + at);
}
std::uint16_t u16(ByteView bytes, std::size_t at) {
  return at > bytes.size() || bytes.size() - at < 2 ? std::uint16_t{0} : load_le<std::uint16_t>(bytes.data() + at);
}
std::uint8_t u8(ByteView bytes, std::size_t at) { return at < bytes.size() ? bytes[at] : std::uint8_t{0}; }
double f64(ByteView bytes, std::size_t at) {
  return at > bytes.size() || bytes.size() - at < 8 ? 0
                                                    : std::bit_cast<double>(load_le<std::uint64_t>(bytes.data() + at));
}

// [MS-XLS] 2.5.217: 30 bits of an integer or of a double's upper half; or a hundredth of it.
double rk_number(std::uint32_t rk) {
  double value = 0;
  if ((rk & 2U) != 0) {
    value = static_cast<double>(static_cast<std::int32_t>(rk) >> 2);
  } else {
    value = std::bit_cast<double>(static_cast<std::uint64_t>(rk & 0xFFFFFFFCU) << 32U);
  }
  return (rk & 1U) != 0 ? value / 100 : value;
}

struct Record {
  std::uint16_t type = 0;
  ByteView body;
  std::size_t position = 0;
};

// One after the other, to the end of the stream.
bool next_record(ByteView stream, std::size_t& at, Record& record) {
  if (at + 4 > stream.size()) return false;
  const std::size_t length = u16(stream, at + 2);
  if (length > stream.size() - at - 4) return false;
  record = {u16(stream, at), stream.subspan(at + 4, length), at};
  at += 4 + length;
  return true;
}

// The table of shared texts runs on through CONTINUE records; within a text each of these begins with its width again.
class SharedTexts {
 public:
  explicit SharedTexts(std::vector<ByteView> segments) : segments_(std::move(segments)) {}

  std::vector<std::string> read() {
    std::vector<std::string> texts;
    skip(4);
    const std::uint32_t count = number(4);
    while (texts.size() < count && !is_at_end()) texts.push_back(one());
    return texts;
  }

 private:
  [[nodiscard]] bool is_at_end() const { return segment_ >= segments_.size(); }
  void settle() {
    while (segment_ < segments_.size() && at_ >= segments_[segment_].size()) {
      ++segment_;
      at_ = 0;
    }
  }
  std::uint8_t byte() {
    settle();
    return is_at_end() ? std::uint8_t{0} : segments_[segment_][at_++];
  }
  std::uint32_t number(unsigned bytes) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < bytes; ++i) value |= static_cast<std::uint32_t>(byte()) << (8 * i);
    return value;
  }
  void skip(std::size_t count) {
    while (count > 0) {
      settle();
      if (is_at_end()) return;
      const std::size_t step = std::min(count, segments_[segment_].size() - at_);
      at_ += step;
      count -= step;
    }
  }
  std::string one() {
    std::size_t letters = number(2);
    std::uint8_t flags = byte();
    const std::size_t runs = (flags & 8U) != 0 ? number(2) : 0;
    const std::size_t extra = (flags & 4U) != 0 ? number(4) : 0;
    Bytes wide;
    while (letters > 0 && !is_at_end()) {
      if (at_ >= segments_[segment_].size()) {
        settle();
        if (is_at_end()) break;
        flags = byte();
      }
      const bool is_wide = (flags & 1U) != 0;
      const std::size_t there = segments_[segment_].size() - at_;
      const std::size_t count = std::min(letters, is_wide ? there / 2 : there);
      if (count == 0) {
        at_ = segments_[segment_].size();
        continue;
      }
      for (std::size_t i = 0; i < count; ++i) {
        wide.push_back(segments_[segment_][at_++]);
        wide.push_back(is_wide ? segments_[segment_][at_++] : std::uint8_t{0});
      }
      letters -= count;
    }
    skip(4 * runs + extra);
    return from_utf16(wide, false);
  }

  std::vector<ByteView> segments_;
  std::size_t segment_ = 0;
  std::size_t at_ = 0;
};

// "len, width, letters" as sheets' names and cells' texts are written.
std::string text_at(ByteView body, std::size_t at, std::size_t letters) {
  const bool is_wide = (u8(body, at) & 1U) != 0;
  const ByteView rest = body.subspan(std::min(at + 1, body.size()));
  if (is_wide) return from_utf16(rest.first(std::min(rest.size(), 2 * letters)), false);
  return from_windows_1252(as_text(rest.first(std::min(rest.size(), letters))));
}

// Cells come in the order of rows.
class Sheet {
 public:
  Sheet(Job& job, Place place) : job_(&job), place_(std::move(place)) {}
  void cell(std::uint16_t row, std::string_view text) {
    if (row != row_ && !text_.empty()) {
      text_ += "\n";
      if (text_.size() > kTextBytesPerPiece) flush();
    } else if (!text_.empty()) {
      text_ += "\t";
    }
    row_ = row;
    text_ += text;
  }
  void number(std::uint16_t row, std::size_t column, double value) {
    cell(row, decimal(value));
    if (column >= kColumnsMax) return;
    sums_[column] += value;
  }
  void finish() {
    flush();
    for (const auto& [column, sum] : sums_) {
      std::string name;
      for (std::size_t left = column + 1; left > 0; left = (left - 1) / 26)
        name.insert(name.begin(), static_cast<char>('A' + (left - 1) % 26));
      job_->out.field(field::kColumnSum, place_.name + "!" + name + " = " + decimal(sum));
    }
    sums_.clear();
  }

 private:
  void flush() {
    job_->out.text(place_, text_);
    text_.clear();
  }
  Job* job_;
  Place place_;
  std::string text_;
  std::uint16_t row_ = 0;
  std::map<std::size_t, double> sums_;
};

}  // namespace

Result<void> read_excel_97(Job& job, const CompoundFile& file) {
  const Bytes bytes = file.read(file.has("Workbook") ? "Workbook" : "Book");
  const ByteView stream = bytes;
  constexpr std::uint16_t kBegin = 0x0809, kSheet = 0x0085, kShared = 0x00FC, kContinue = 0x003C, kPassword = 0x002F,
                          kSharedCell = 0x00FD, kLabel = 0x0204, kNumber = 0x0203, kRk = 0x027E, kManyRk = 0x00BD,
                          kFormula = 0x0006, kString = 0x0207;
  std::map<std::size_t, std::string> name_by_position;
  std::vector<std::string> shared;
  std::optional<Sheet> sheet;
  std::uint64_t sheets = 0;
  std::uint16_t formula_row = 0;
  std::size_t at = 0;
  Record record;
  while (next_record(stream, at, record)) {
    const ByteView body = record.body;
    switch (record.type) {
      case kPassword: return fail(ErrorKind::failed, "extract.encrypted", "it is encrypted");
      case kSheet: name_by_position[u32(body, 0)] = to_line(text_at(body, 7, u8(body, 6)), 200); break;
      case kShared: {
        std::vector<ByteView> segments{body};
        std::size_t ahead = at;
        Record more;
        while (next_record(stream, ahead, more) && more.type == kContinue) {
          segments.push_back(more.body);
          at = ahead;
        }
        shared = SharedTexts(std::move(segments)).read();
        break;
      }
      case kBegin: {
        const auto named = name_by_position.find(record.position);
        if (named == name_by_position.end()) break;
        if (sheet) sheet->finish();
        job.out.field(field::kSheet, named->second);
        sheet.emplace(job, Place{PlaceKind::sheet, ++sheets, named->second});
        break;
      }
      default: break;
    }
    if (!sheet) continue;
    const std::uint16_t row = u16(body, 0);
    const std::size_t column = u16(body, 2);
    switch (record.type) {
      case kSharedCell:
        if (const std::uint32_t index = u32(body, 6); index < shared.size()) sheet->cell(row, shared[index]);
        break;
      case kLabel: sheet->cell(row, text_at(body, 8, u16(body, 6))); break;
      case kNumber: sheet->number(row, column, f64(body, 6)); break;
      case kRk: sheet->number(row, column, rk_number(u32(body, 6))); break;
      case kManyRk:
        for (std::size_t i = 0; 4 + 6 * i + 6 + 2 <= body.size(); ++i)
          sheet->number(row, column + i, rk_number(u32(body, 6 + 6 * i)));
        break;
      case kFormula:
        formula_row = row;
        // Two bytes of ones say that it is no number; a text follows in a record of its own.
        if (u16(body, 12) != 0xFFFF) sheet->number(row, column, f64(body, 6));
        break;
      case kString: sheet->cell(formula_row, text_at(body, 2, u16(body, 0))); break;
      default: break;
    }
  }
  if (sheet) sheet->finish();
  return {};
}

}  // namespace atl::extract
