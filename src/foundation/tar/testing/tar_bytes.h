// Tar archives made by hand, right and wrong ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace atl::tar::testing {

struct Header {
  std::string name;
  char type = '0';
  std::uint64_t size = 0;
  std::string link_target = {};
  std::uint32_t mode = 0644;
  std::int64_t modified = 1'700'000'000;
  bool is_ustar = true;
};
[[nodiscard]] std::string header(const Header& fields);
// With its checksum made right.
[[nodiscard]] std::string checked(std::string header);
[[nodiscard]] std::string padded(std::string_view content);
[[nodiscard]] std::string file(const std::string& name, std::string_view content);
// An extended header of type 'x' or 'g' with one record; `name` and `value` to the byte.
[[nodiscard]] std::string record(std::string_view name, std::string_view value);
[[nodiscard]] std::string extended(std::string_view records, char type = 'x');
[[nodiscard]] std::string end_mark();

}  // namespace atl::tar::testing
