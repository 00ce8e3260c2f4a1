// Small files of many formats, made here byte by byte, with what is to be found in each.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "derived/extract/extraction.h"

namespace atl::extract::testing {

struct Sample {
  std::string name;
  std::string content;
  std::string format;
  std::string word;           // stands in its text, or in that of a member; empty: it has none
  std::vector<Field> fields;  // some of those that are to be found
};

[[nodiscard]] std::vector<Sample> samples();

using NamedContents = std::vector<std::pair<std::string, std::string>>;
// A zip of stored members, in this order.
[[nodiscard]] std::string zip_of(const NamedContents& members);
// A compound file of Office 97; "a/b" is a stream in a storage. Small streams lie where small ones do.
[[nodiscard]] std::string compound_of(const NamedContents& streams);
[[nodiscard]] std::string pdf_of(const std::vector<std::string>& pages, const std::string& title);

}  // namespace atl::extract::testing
