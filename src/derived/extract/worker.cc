// The worker's side: reads one content of the batch after the other, locked in.
#include <clocale>
#include <memory>

#include "derived/extract/extractor.h"
#include "derived/extract/formats.h"
#include "derived/extract/internal/image_format.h"
#include "derived/extract/internal/input.h"
#include "derived/extract/internal/magic_table.h"
#include "derived/extract/internal/pdf_format.h"
#include "derived/extract/internal/readers.h"
#include "derived/extract/internal/wire.h"

namespace atl::extract {
namespace {

Result<void> send(sandbox::Channel& channel, FrameType type, std::uint32_t index, ByteView payload) {
  Bytes frame;
  ByteWriter out(frame);
  out.put(index);
  out.put_bytes(payload);
  return channel.send(static_cast<std::uint8_t>(type), frame);
}

Result<void> read_batch(sandbox::Channel& channel, Toolbox& tools) {
  ATOLL_ASSIGN(const Batch batch, decode_batch(channel.parameters()));
  tools.limits = {batch.whole_bytes_max, batch.depth_max, batch.ratio_max};
  for (std::size_t i = 0; i < batch.contents.size(); ++i) {
    const BatchContent& content = batch.contents[i];
    const auto index = static_cast<std::uint32_t>(batch.first_index + i);
    ChannelInput input(channel, static_cast<std::uint64_t>(i) << kContentShift, content.size);
    // Told first, so that the caller knows what broke the worker if it breaks.
    ATOLL_ASSIGN(const Bytes head, input.part(0, kHeadBytes));
    ATOLL_TRY(send(channel, FrameType::begun, index, as_bytes(recognise(head, content.name).id)));
    Budget budget;
    budget.text_bytes = batch.text_bytes_max;
    budget.member_count = batch.members_max;
    budget.unpacked_bytes = batch.unpacked_bytes_max;
    const Extraction extraction = understand(input, content.name, tools, budget, 0);
    ATOLL_TRY(send(channel, FrameType::done, index, encode(extraction)));
  }
  return {};
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
