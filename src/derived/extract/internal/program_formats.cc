// Programs as machines run them: named, never run. And the header of PostScript, which is a program too.
#include <algorithm>
#include <array>

#include "derived/extract/internal/plain_text.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

struct Named {
  std::uint32_t number;
  std::string_view name;
};

template <std::size_t size>
std::string name_of(const std::array<Named, size>& names, std::uint32_t number) {
  const auto found = std::ranges::find(names, number, &Named::number);
  return found == names.end() ? "number " + std::to_string(number) : std::string(found->name);
}

std::uint32_t number_at(ByteView bytes, std::size_t at, std::size_t count, bool is_big) {
  if (at > bytes.size() || bytes.size() - at < count) return 0;
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = (value << 8U) | bytes[at + (is_big ? i : count - 1 - i)];
  return value;
}

}  // namespace

Result<void> read_program(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 8192));
  Findings& out = job.out;
  if (job.format.id == "elf" && head.size() > 20) {
    constexpr std::array<Named, 9> kMachines{{{3, "x86"},
                                              {62, "x86-64"},
                                              {40, "ARM"},
                                              {183, "AArch64"},
                                              {243, "RISC-V"},
                                              {8, "MIPS"},
                                              {20, "PowerPC"},
                                              {21, "PowerPC 64"},
                                              {22, "S/390"}}};
    constexpr std::array<Named, 4> kKinds{{{1, "object"}, {2, "program"}, {3, "shared library"}, {4, "core dump"}}};
    const bool is_big = head[5] == 2;
    out.field(field::kArchitecture, name_of(kMachines, number_at(head, 18, 2, is_big)));
    out.field(field::kDescription,
              "ELF " + name_of(kKinds, number_at(head, 16, 2, is_big)) + (head[4] == 2 ? ", 64 bit" : ", 32 bit"));
  } else if (job.format.id == "pe") {
    constexpr std::array<Named, 5> kMachines{
        {{0x14C, "x86"}, {0x8664, "x86-64"}, {0x1C0, "ARM"}, {0xAA64, "AArch64"}, {0x200, "Itanium"}}};
    const std::size_t at = number_at(head, 60, 4, false);
    if (number_at(head, at, 4, false) == 0x4550) {
      out.field(field::kArchitecture, name_of(kMachines, number_at(head, at + 4, 2, false)));
      const bool is_library = (number_at(head, at + 22, 2, false) & 0x2000U) != 0;
      out.field(field::kDescription, is_library ? "PE library" : "PE program");
      const std::uint32_t linked = number_at(head, at + 8, 4, false);
      out.raw("Pe.TimeDateStamp", std::to_string(linked));
    } else {
      out.field(field::kDescription, "DOS program");
    }
  } else if (job.format.id == "macho") {
    constexpr std::array<Named, 4> kMachines{
        {{7, "x86"}, {0x01000007, "x86-64"}, {12, "ARM"}, {0x0100000C, "AArch64"}}};
    const std::uint32_t magic = number_at(head, 0, 4, true);
    if (magic == 0xCAFEBABE) {
      out.field(field::kDescription, "Mach-O for " + std::to_string(number_at(head, 4, 4, true)) + " architectures");
    } else if (magic != 0) {
      const bool is_big = (magic & 0xFFFFFF00U) == 0xFEEDFA00U;
      out.field(field::kArchitecture, name_of(kMachines, number_at(head, 4, 4, is_big)));
      out.field(field::kDescription, "Mach-O");
    }
  } else if (job.format.id == "class") {
    out.field(field::kVersion, "Java class " + std::to_string(number_at(head, 6, 2, true)));
  } else if (job.format.id == "wasm") {
    out.number(field::kVersion, number_at(head, 4, 4, false));
  }
  return {};
}

// Adobe's Document Structuring Conventions 3.0: comments in the first lines.
Result<void> read_postscript(Job& job) {
  ATOLL_ASSIGN(const Bytes head, job.input.part(0, 16384));
  std::string_view left = as_text(head);
  const auto value = [](std::string_view line) {
    line = trim(line.substr(std::min(line.find(':') + 1, line.size())));
    if (line.size() > 1 && line.front() == '(' && line.back() == ')') line = line.substr(1, line.size() - 2);
    return from_windows_1252(line);
  };
  while (!left.empty()) {
    const std::size_t end = left.find_first_of("\r\n");
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
    if (line.starts_with("%%Title:")) job.out.field(field::kTitle, value(line));
    if (line.starts_with("%%Creator:")) job.out.field(field::kGenerator, value(line));
    if (line.starts_with("%%For:")) job.out.field(field::kCreator, value(line));
    if (line.starts_with("%%CreationDate:")) job.out.raw("Ps.CreationDate", value(line));
    if (line.starts_with("%%Pages:")) job.out.field(field::kPageCount, value(line));
    if (line.starts_with("%%EndComments")) break;
  }
  return {};
}

}  // namespace atl::extract
