#include "derived/search/testing/simple_reader.h"

#include <algorithm>

namespace atl::search::testing {

Understand simple_reader(int* reads) {
  return [reads](std::span<const extract::Source> sources, const std::atomic<bool>* /*stop*/,
                 const extract::OnDone& on_done, const extract::OnFailed& on_failed) -> Result<void> {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      Bytes bytes(sources[i].size);
      const auto count = sources[i].read(0, bytes);
      if (!count) {
        ATOLL_TRY(on_failed(i, count.error()));
        continue;
      }
      if (reads != nullptr) ++*reads;
      const std::string text = to_string(bytes);
      extract::Extraction out;
      out.format = "text";
      out.media_type = "text/plain";
      if (text.starts_with("broken")) {
        out.trouble = "it broke its reader";
      } else if (sources[i].name.ends_with(".zip")) {
        out.format = "zip";
        for (std::size_t begin = 0; begin < text.size();) {
          const std::size_t end = std::min(text.find('\n', begin), text.size());
          const std::string line = text.substr(begin, end - begin);
          extract::Member member;
          member.path = line.substr(0, line.find(": "));
          extract::Extraction inner;
          inner.format = "text";
          inner.pieces.push_back({{}, line.substr(line.find(": ") + 2)});
          member.understood.push_back(inner);
          out.members.push_back(member);
          begin = end + 1;
        }
      } else {
        out.language = "en";
        if (text.starts_with("# ")) out.fields.push_back({"title", text.substr(2, text.find('\n') - 2)});
        out.pieces.push_back({{extract::PlaceKind::page, 1, ""}, text});
      }
      ATOLL_TRY(on_done(i, std::move(out)));
    }
    return {};
  };
}

}  // namespace atl::search::testing
