#include "derived/search/internal/meaning_texts.h"

#include "derived/vector/passages.h"
#include "foundation/base/units.h"

namespace atl::search::internal {
namespace {

constexpr std::size_t kTextBytesMax = 2 * kMiB;
constexpr std::size_t kPassagesMax = 400;

}  // namespace

std::vector<std::string> passages_of(const extract::Extraction& extraction) {
  std::string text;
  for (const auto& field : extraction.fields) {
    if (field.name == "title" || field.name == "subject" || field.name == "description" || field.name == "keywords")
      text += field.value + "\n";
  }
  for (const auto& piece : extraction.pieces) {
    if (text.size() + piece.text.size() > kTextBytesMax) break;
    text += piece.text;
    text += "\n\n";
  }
  std::vector<std::string> out;
  for (const auto& passage : vector::split_passages(text)) {
    if (out.size() == kPassagesMax) break;
    out.push_back(text.substr(passage.offset, passage.length));
  }
  return out;
}

}  // namespace atl::search::internal
