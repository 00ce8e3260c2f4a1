#include "derived/extract/words_reader.h"

#include "derived/extract/extractor.h"
#include "derived/extract/internal/hdf5_format.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {

struct WordsReader::Tools {
  Toolbox toolbox;
};

WordsReader::WordsReader() : tools_(std::make_unique<Tools>()) {
  const Options usual;
  tools_->toolbox.limits = {usual.whole_bytes_max, 0, usual.ratio_max};
}
WordsReader::~WordsReader() = default;

void WordsReader::open() {
  tools_->toolbox.character_sets.open_all();
  prepare_hdf5();
}

Extraction WordsReader::read(Input& input, std::string_view name, std::uint64_t text_bytes_max) const {
  Budget budget;
  budget.text_bytes = text_bytes_max;
  budget.unpacked_bytes = Options{}.whole_bytes_max;
  return understand(input, name, tools_->toolbox, budget, 0);
}

}  // namespace atl::extract
