// A mailbox in pieces: no crash, and each message that begins ends.
#include <algorithm>
#include <cstdlib>

#include "services/transfer/mail.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace atl;
  using namespace atl::transfer;
  if (size == 0) return 0;
  const CharacterSets sets;
  int open = 0;
  MailSplitter splitter(sets,
                        {[&](const ForeignEntry& entry) -> Result<void> {
                           if (++open != 1 || !decode_entry(encode(entry))) std::abort();
                           return {};
                         },
                         [&](ByteView, bool) -> Result<void> {
                           if (open != 1) std::abort();
                           return {};
                         },
                         [&]() -> Result<void> {
                           if (--open != 0) std::abort();
                           return {};
                         },
                         [](const std::string&) -> Result<void> { return {}; }},
                        (data[0] & 1U) != 0);
  const std::size_t step = 1 + data[0] / 2;
  const ByteView text(data + 1, size - 1);
  for (std::size_t at = 0; at < text.size(); at += step)
    if (!splitter.take(text.subspan(at, std::min(step, text.size() - at)))) std::abort();
  if (!splitter.finish() || open != 0) std::abort();
  static_cast<void>(decode_words(as_text(text), sets));
  return 0;
}
