#include "foundation/tar/testing/tar_bytes.h"

#include <array>
#include <cstdio>

namespace atl::tar::testing {
namespace {

void put(std::string& block, std::size_t offset, std::string_view text) { block.replace(offset, text.size(), text); }

std::string octal(std::uint64_t value, int digits) {
  std::array<char, 32> text{};
  const int count = std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
  return {text.data(), static_cast<std::size_t>(count)};
}

}  // namespace

std::string checked(std::string header) {
  put(header, 148, std::string(8, ' '));
  std::uint64_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, 148, octal(sum, 6) + '\0');
  return header;
}

std::string header(const Header& fields) {
  std::string block(512, '\0');
  put(block, 0, std::string_view(fields.name).substr(0, 100));
  put(block, 100, octal(fields.mode, 7));
  put(block, 108, octal(1000, 7));
  put(block, 116, octal(100, 7));
  put(block, 124, octal(fields.size, 11));
  put(block, 136, octal(static_cast<std::uint64_t>(fields.modified), 11));
  block[156] = fields.type;
  put(block, 157, std::string_view(fields.link_target).substr(0, 100));
  if (fields.is_ustar)
    put(block, 257,
        std::string_view("ustar\0"
                         "00",
                         8));
  return checked(std::move(block));
}

std::string padded(std::string_view content) {
  return std::string(content) + std::string((512 - content.size() % 512) % 512, '\0');
}

std::string file(const std::string& name, std::string_view content) {
  return header({.name = name, .size = content.size()}) + padded(content);
}

std::string record(std::string_view name, std::string_view value) {
  const std::string tail = " " + std::string(name) + "=" + std::string(value) + "\n";
  std::size_t length = tail.size();
  while (length != tail.size() + std::to_string(length).size()) length = tail.size() + std::to_string(length).size();
  return std::to_string(length) + tail;
}

std::string extended(std::string_view records, char type) {
  return header({.name = "PaxHeader", .type = type, .size = records.size()}) + padded(records);
}

std::string end_mark() { return std::string(1024, '\0'); }

}  // namespace atl::tar::testing
