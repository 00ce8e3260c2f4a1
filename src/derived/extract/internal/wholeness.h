// Whether a content is all there, as far as its structure tells: most readers look at its head alone, and what was cut
// off behind that shows nowhere else.
// Always true:
//  - Only what programs of its format would miss is told: what stands behind the end, sizes that nobody fills in, and
//  an
//    end mark that readers do without are no damage.
//  - Reads in pieces; memory does not grow with the content. Time is linear in it at worst (JPEG, GIF, PNG), else in
//  the
//    number of its parts.
// Thread rules: pure, but for reading.
#pragma once

#include <optional>
#include <string>

#include "derived/extract/formats.h"
#include "derived/extract/input.h"

namespace atl::extract {

// A sentence for a user; none where nothing is missing, or where its format does not tell.
[[nodiscard]] std::optional<std::string> why_not_whole(Input& input, const Format& format);

// wholeness_of_pictures.cc
[[nodiscard]] std::optional<std::string> why_picture_not_whole(Input& input, std::string_view format_id);

// Small parts of a content, wherever they lie, read through a window.
class Parts {
 public:
  explicit Parts(Input& input) : input_(&input) {}
  [[nodiscard]] std::uint64_t size() const { return input_->size(); }
  // As many of `count` bytes, at most kWindowBytes, as there are; good until the next call.
  [[nodiscard]] ByteView at(std::uint64_t offset, std::size_t count);
  // What is at hand from there on, at least a byte but at the end; good until the next call.
  [[nodiscard]] ByteView from(std::uint64_t offset);
  // Zero where it is not there; ask has() first where that matters.
  [[nodiscard]] std::uint64_t big(std::uint64_t offset, std::size_t count);
  [[nodiscard]] std::uint64_t little(std::uint64_t offset, std::size_t count);
  [[nodiscard]] bool has(std::uint64_t offset, std::uint64_t count) const {
    return offset <= size() && count <= size() - offset;
  }

  static constexpr std::size_t kWindowBytes = 64U << 10U;

 private:
  Input* input_;
  Bytes window_;
  std::uint64_t begin_ = 0;
};

// The sentences.
[[nodiscard]] std::string cut_off(std::string_view what_is_missing);
[[nodiscard]] std::string damaged_because(std::string_view what_is_wrong);

}  // namespace atl::extract
