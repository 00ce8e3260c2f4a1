// The worker's side: reads one content of the batch after the other, locked in.
#include <clocale>
#include <memory>

#include "derived/extract/extractor.h"
#include "derived/extract/formats.h"
#include "derived/extract/internal/hdf5_format.h"
#include "derived/extract/internal/image_format.h"
#include "derived/extract/internal/limits.h"
#include "derived/extract/internal/magic_table.h"
#include "derived/extract/internal/member_wire.h"
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

// One member of one content, and nothing of the rest.
Result<void> read_member(sandbox::Channel& channel, Toolbox& tools) {
  ATOLL_ASSIGN(MemberWork work, decode_member_work(channel.parameters()));
  tools.limits = {work.whole_bytes_max, work.depth_max, work.ratio_max};
  const auto send = [&](MemberFrame type, ByteView payload) {
    return channel.send(static_cast<std::uint8_t>(type), payload);
  };
  MemberWish wish(std::move(work.path),
                  {[&](const MemberFacts& facts) { return send(MemberFrame::facts, encode(facts)); },
                   [&](ByteView bytes) { return send(MemberFrame::bytes, bytes); }},
                  tools.magic);
  tools.wish = &wish;
  ChannelInput input(channel, 0, work.size);
  // Nothing is kept of what is passed on the way: the ratio alone is a limit.
  Budget budget;
  budget.member_count = UINT64_MAX;
  budget.unpacked_bytes = UINT64_MAX;
  const Extraction extraction = understand(input, work.name, tools, budget, 0);
  tools.wish = nullptr;
  std::string trouble = extraction.trouble;
  for (const Member& member : extraction.members) {
    if (!member.understood.empty() && trouble.empty()) trouble = member.understood.front().trouble;
  }
  return wish.answer(trouble);
}

int run(Result<void> (*body)(sandbox::Channel&, Toolbox&)) {
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
    prepare_hdf5();
  };
  worker.body = [tools, body](sandbox::Channel& channel) { return body(channel, *tools); };
  return sandbox::work(worker);
}

}  // namespace

int run_worker() { return run(read_batch); }
int run_member_worker() { return run(read_member); }

}  // namespace atl::extract
