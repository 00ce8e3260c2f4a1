// The worker's side: reads one content of the batch after the other, locked in.
#include <clocale>
#include <memory>

#include "derived/extract/extractor.h"
#include "derived/extract/formats.h"
#include "derived/extract/internal/image_format.h"
#include "derived/extract/internal/limits.h"
#include "derived/extract/internal/magic_table.h"
#include "derived/extract/internal/pdf_format.h"
#include "derived/extract/internal/readers.h"

namespace atl::extract {
namespace {

Result<void> read_batch(sandbox::Channel& channel, Toolbox& tools) {
  WorkerLimits limits;
  BatchReader reader;
  reader.begin = [&](ByteView parameters) -> Result<void> {
    ATOLL_ASSIGN(limits, decode_limits(parameters));
    tools.limits = {limits.whole_bytes_max, limits.depth_max, limits.ratio_max};
    return {};
  };
  reader.read = [&](Input& input, std::string_view name, const SayBegun& begun) -> Result<Bytes> {
    ATOLL_ASSIGN(const Bytes head, input.part(0, kHeadBytes));
    ATOLL_TRY(begun(recognise(head, name).id));
    Budget budget;
    budget.text_bytes = limits.text_bytes_max;
    budget.member_count = limits.members_max;
    budget.unpacked_bytes = limits.unpacked_bytes_max;
    return encode(understand(input, name, tools, budget, 0));
  };
  return serve_batch(channel, reader);
}

}  // namespace

int run_worker() {
  const auto tools = std::make_shared<Toolbox>();
  const auto magic = std::make_shared<MagicTable>();
  sandbox::Worker worker;
  worker.prepare = [tools, magic] {
    // Names in archives are UTF-8 or plain bytes; the C locale would lose them.
    ignore_error_on_purpose(Result<bool>(std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr));
    tools->character_sets.open_all();
    magic->open();
    tools->magic = magic.get();
    prepare_pdf();
    prepare_images();
  };
  worker.body = [tools](sandbox::Channel& channel) { return read_batch(channel, *tools); };
  return sandbox::work(worker);
}

}  // namespace atl::extract
