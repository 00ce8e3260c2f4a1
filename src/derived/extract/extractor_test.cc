// Contents through the real worker. The test program is its own: `derived_extract_test worker extract`.
#include "derived/extract/extractor.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "derived/extract/formats.h"
#include "foundation/platform/posix_machine.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "worker") == 0) return atl::extract::run_worker();
  if (argc > 2 && std::strcmp(argv[1], "dump") == 0) {
    using namespace atl;
    using namespace atl::extract;
    platform::PosixMachine machine;
    std::vector<std::string> contents;
    for (int i = 2; i < argc; ++i) {
      std::ifstream in(argv[i], std::ios::binary);
      contents.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    std::vector<Source> sources;
    for (int i = 2; i < argc; ++i) {
      const std::string& content = contents[static_cast<std::size_t>(i - 2)];
      sources.push_back(
          {argv[i], content.size(), [&content](std::uint64_t offset, ByteSpan out) -> Result<std::size_t> {
             const auto left = std::string_view(content).substr(std::min<std::size_t>(offset, content.size()));
             const std::size_t count = std::min(out.size(), left.size());
             std::memcpy(out.data(), left.data(), count);
             return count;
           }});
    }
    const auto show = [](const Extraction& one, const std::string& indent, const auto& self) -> void {
      std::cout << indent << one.format << " " << one.media_type << " lang=" << one.language
                << (one.is_truncated ? " TRUNCATED" : "") << " trouble=" << one.trouble << "\n";
      for (const auto& f : one.fields) std::cout << indent << "  " << f.name << " = " << f.value.substr(0, 120) << "\n";
      std::cout << indent << "  raw " << one.raw.size() << "\n";
      int shown = 0;
      for (const auto& p : one.pieces)
        if (shown++ < 6)
          std::cout << indent << "  [" << int(p.place.kind) << " " << p.place.number << " " << p.place.name << "] "
                    << p.text.substr(0, 100) << "\n";
      shown = 0;
      for (const auto& m : one.members)
        if (shown++ < 20) {
          std::cout << indent << "  - " << m.path << " " << m.size << (m.is_folder ? " folder" : "") << "\n";
          for (const auto& u : m.understood) self(u, indent + "      ", self);
        }
    };
    const auto answer = extract_all(machine.machine(), sources, {}, [&](std::size_t i, Extraction one) -> Result<void> {
      std::cout << "== " << argv[i + 2] << "\n";
      show(one, "", show);
      return {};
    });
    if (!answer) std::cout << "ERROR " << answer.error().id << " " << answer.error().message << "\n";
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
