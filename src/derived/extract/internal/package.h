// The parts of a zipped document (OOXML, OpenDocument, EPUB), unpacked.
// Always true: what is held stays within bounds whatever the package claims; a part that is damaged or too large is
// left out, and said so.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "derived/extract/internal/readers.h"

namespace atl::extract {

using PackageParts = std::map<std::string, std::string, std::less<>>;

// Those parts that are wanted, by name.
[[nodiscard]] Result<PackageParts> read_parts(Job& job, const std::function<bool(std::string_view name)>& is_wanted);

// The number in "xl/worksheets/sheet12.xml"; 0 where there is none.
[[nodiscard]] std::uint64_t number_in(std::string_view part_name);

}  // namespace atl::extract
