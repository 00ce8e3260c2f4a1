// What a content says, read within the process itself: for a worker that is locked in already and draws what it reads.
// Always true: foreign bytes are read, so nobody but such a worker calls read(). Thread rules: one thread's.
#pragma once

#include <memory>
#include <string_view>

#include "derived/extract/extraction.h"
#include "derived/extract/input.h"

namespace atl::extract {

class WordsReader {
 public:
  WordsReader();
  WordsReader(const WordsReader&) = delete;
  WordsReader& operator=(const WordsReader&) = delete;
  WordsReader(WordsReader&&) = delete;
  WordsReader& operator=(WordsReader&&) = delete;
  ~WordsReader();

  // Opens what it needs; before the process is locked in.
  void open();
  // At most so much of its text, and none of what is inside of it. Never fails: what cannot be read has trouble.
  [[nodiscard]] Extraction read(Input& input, std::string_view name, std::uint64_t text_bytes_max) const;

 private:
  struct Tools;
  std::unique_ptr<Tools> tools_;
};

}  // namespace atl::extract
