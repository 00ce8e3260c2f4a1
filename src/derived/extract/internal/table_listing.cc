#include "derived/extract/internal/table_listing.h"

#include <algorithm>
#include <array>
#include <utility>

#include "derived/extract/internal/plain_text.h"

namespace atl::extract {
namespace {

constexpr std::size_t kLinesMax = 20'000;
constexpr std::size_t kValueBytesMax = 4096;

using Known = std::pair<std::string_view, std::string_view>;
constexpr std::array kKnownAttributes{
    Known{"title", field::kTitle},
    Known{"creator", field::kCreator},
    Known{"creator_name", field::kCreator},
    Known{"author", field::kCreator},
    Known{"authors", field::kCreator},
    Known{"contributor_name", field::kContributor},
    Known{"institution", field::kPublisher},
    Known{"publisher_name", field::kPublisher},
    Known{"summary", field::kDescription},
    Known{"description", field::kDescription},
    Known{"comment", field::kDescription},
    Known{"subject", field::kSubject},
    Known{"license", field::kRights},
    Known{"date_created", field::kCreated},
    Known{"date_modified", field::kModified},
    Known{"instrument", field::kDevice},
    Known{"doi", field::kIdentifier},
    Known{"id", field::kIdentifier},
};

}  // namespace

void TableListing::line(std::string_view indent, std::string_view what, std::string_view between,
                        std::string_view said) {
  if (line_count_ >= kLinesMax) {
    out_->truncated();
    return;
  }
  ++line_count_;
  text_ += indent;
  text_ += to_line(what, kValueBytesMax);
  text_ += between;
  text_ += to_line(said, kValueBytesMax);
  text_ += '\n';
}

void TableListing::column(std::string_view name, std::string_view type) {
  out_->field(field::kColumn, name);
  out_->field(field::kColumnType, std::string(name) + " = " + std::string(type));
  line("", name, "  ", type);
}

void TableListing::array(std::string_view name, std::string_view type, std::span<const std::uint64_t> sides) {
  std::string shape(type);
  for (std::size_t i = 0; i < sides.size(); ++i) shape += (i == 0 ? ", " : " x ") + std::to_string(sides[i]);
  if (!name.empty()) out_->field(field::kTable, name);
  out_->field(field::kArray, name.empty() ? shape : std::string(name) + " = " + shape);
  line("", name, name.empty() ? "" : "  ", shape);
}

void TableListing::attribute(std::string_view format, std::string_view owner, std::string_view name,
                             std::string_view value) {
  if (trim(value).empty()) return;
  const std::string where = owner.empty() ? std::string(name) : std::string(owner) + "." + std::string(name);
  out_->raw(std::string(format) + "." + where, value);
  line("    ", name, " = ", value);
  if (!owner.empty()) return;
  const std::string word = lower(name);
  if (word == "keywords") {
    while (!value.empty()) {
      const std::size_t end = value.find_first_of(",;");
      out_->field(field::kKeywords, value.substr(0, end));
      value.remove_prefix(end == std::string_view::npos ? value.size() : end + 1);
    }
  }
  const auto* const known = std::ranges::find(kKnownAttributes, std::string_view(word), &Known::first);
  if (known != kKnownAttributes.end()) out_->field(known->second, value);
}

void TableListing::finish() { out_->text(std::exchange(text_, {})); }

}  // namespace atl::extract
