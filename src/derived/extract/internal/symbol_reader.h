// The names that program texts define, as universal-ctags tells them (foundation/sandbox/program.h).
//
// Always true:
//  - What it says is foreign: lines and answers are limited before there is room made for them, and what becomes a
//  field
//    is plain text like all others.
//  - A text over which it dies, stalls or talks nonsense keeps the names that were found line by line, and says so.
//  After
//    three such texts in a row it is not asked again.
//  - One process, started with the first text that is handed over, gone when this is.
// Thread rules: one thread's. Between begin() and finish() it works while the caller does something else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "derived/extract/extraction.h"
#include "derived/extract/extractor.h"
#include "foundation/sandbox/program.h"

namespace atl::extract {

class SymbolReader {
 public:
  SymbolReader(const platform::Machine& machine, const SymbolOptions& options, const std::atomic<bool>* stop)
      : machine_(&machine), options_(&options), stop_(stop) {}

  // Hands over its first program text, itself or one inside of it. False where there is none, or nobody to hand it to.
  // Error of both: `interrupted`, and nothing else.
  [[nodiscard]] Result<bool> begin(const Extraction& extraction);
  // Waits for the answer and asks for the others. The same extraction as begin()'s, which said true.
  [[nodiscard]] Result<void> finish(Extraction& extraction);

 private:
  struct Names;
  [[nodiscard]] Result<void> start();
  [[nodiscard]] Result<void> hand_over(const Extraction& text);
  [[nodiscard]] Result<Names> answer_about(const Extraction& text);
  [[nodiscard]] Result<void> note_broken(Extraction& text, const Error& error);

  const platform::Machine* machine_;
  const SymbolOptions* options_;
  const std::atomic<bool>* stop_;
  std::unique_ptr<sandbox::Program> program_;
  std::string version_;
  bool is_given_up_ = false;
  bool was_looked_for_ = false;
  unsigned broken_in_a_row_ = 0;
  // Of the extraction under way: where its texts are, none for itself; and what became of handing over the first.
  std::vector<std::optional<std::size_t>> texts_;
  Result<void> handed_over_;
};

}  // namespace atl::extract
