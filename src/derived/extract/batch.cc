#include "derived/extract/batch.h"

#include <algorithm>
#include <optional>

#include "derived/extract/internal/wire.h"

namespace atl::extract {
namespace {

constexpr std::size_t kNameBytesMax = 4096;
constexpr std::size_t kNamesBytesMax = 4 * kMiB;  // of one batch
constexpr std::size_t kBegunBytesMax = 64;
constexpr std::string_view kTooSlow = "extract.too_slow";

std::string without_path(const std::string& name) {
  const std::size_t slash = name.find_last_of('/');
  std::string base = slash == std::string::npos ? name : name.substr(slash + 1);
  if (base.size() > kNameBytesMax) base.erase(0, base.size() - kNameBytesMax);  // the ending is what says something
  return base;
}

// One worker and the sources it is to read, from `first` on.
class Round {
 public:
  Round(const platform::Machine& machine, std::span<const Source> sources, const BatchOptions& options,
        const BatchAnswers& answers, std::size_t first, std::size_t end)
      : machine_(&machine), sources_(sources), options_(&options), answers_(&answers), next_(first), end_(end) {}

  // What ended it; none where all were read.
  Result<void> run() {
    Batch batch;
    batch.parameters = options_->parameters;
    batch.first_index = static_cast<std::uint32_t>(next_);
    std::size_t names = 0;
    for (std::size_t i = next_; i < end_ && names < kNamesBytesMax; ++i) {
      batch.contents.push_back({without_path(sources_[i].name), std::min(sources_[i].size, kContentBytesMax)});
      names += batch.contents.back().name.size();
    }
    first_ = next_;
    const std::size_t count = batch.contents.size();
    end_ = first_ + count;
    sandbox::Work work;
    work.command = options_->worker_command;
    work.parameters = encode(batch);
    work.limits.memory_bytes = options_->memory_bytes_max;
    work.limits.cpu_seconds = options_->cpu_seconds_per_file * (count + 1);
    work.limits.silence_ms_max = options_->cpu_seconds_per_file * 1000;
    work.stop = options_->stop;
    work.read = [this](std::uint64_t offset, ByteSpan out) { return read(offset, out); };
    begin_clock();
    ATOLL_TRY(
        sandbox::run(*machine_, work, [this](std::uint8_t type, ByteView payload) { return take(type, payload); }));
    if (next_ != end_) return nonsense();
    return {};
  }

  [[nodiscard]] std::size_t next() const { return next_; }  // the first that was not answered
  [[nodiscard]] std::size_t end() const { return end_; }
  [[nodiscard]] const std::string& begun() const { return begun_; }
  [[nodiscard]] bool has_begun() const { return has_begun_; }
  // The source whose read() failed, if that was what ended it.
  [[nodiscard]] const std::optional<std::size_t>& failed_source() const { return failed_source_; }
  [[nodiscard]] bool was_refused_by_caller() const { return was_refused_; }

 private:
  static tl::unexpected<Error> nonsense() {
    return fail(ErrorKind::failed, "sandbox.bad_frame", "the reader's process sent nonsense");
  }

  void begin_clock() {
    began_ns_ = machine_->clock.monotonic_ns();
    reading_ns_ = 0;
  }

  // Time since the content was begun, without what the caller's own reading took.
  [[nodiscard]] bool is_too_slow() const {
    const std::int64_t spent_ns = machine_->clock.monotonic_ns() - began_ns_ - reading_ns_;
    return spent_ns / 1'000'000'000 > static_cast<std::int64_t>(options_->cpu_seconds_per_file);
  }

  Result<std::size_t> read(std::uint64_t offset, ByteSpan out) {
    if (is_too_slow()) return fail(ErrorKind::failed, std::string(kTooSlow), "it takes too long to read");
    const std::uint64_t index = offset >> kContentShift;
    const std::uint64_t inside = offset & (kContentBytesMax - 1);
    // Only what it is reading now: a worker that was taken over has no business with the rest.
    if (index != next_ - first_ || next_ >= end_) return nonsense();
    const Source& source = sources_[next_];
    if (inside >= source.size) return std::size_t{0};
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), source.size - inside)));
    const std::int64_t before_ns = machine_->clock.monotonic_ns();
    auto count = source.read(inside, out);
    reading_ns_ += machine_->clock.monotonic_ns() - before_ns;
    if (!count) {
      failed_source_ = next_;
      return pass(std::move(count).error());
    }
    if (*count > out.size()) return nonsense();
    return *count;
  }

  Result<void> take(std::uint8_t type, ByteView payload) {
    ByteReader in(payload, "an answer");
    const auto index = in.get<std::uint32_t>();
    if (!index || *index != next_ || next_ >= end_) return nonsense();
    const auto rest = in.get_bytes(in.remaining());
    if (!rest) return nonsense();
    if (type == static_cast<std::uint8_t>(FrameType::begun)) {
      if (rest->size() > kBegunBytesMax) return nonsense();
      begun_ = to_string(*rest);
      has_begun_ = true;
      begin_clock();
      return {};
    }
    if (type != static_cast<std::uint8_t>(FrameType::done)) return nonsense();
    const auto answer = answers_->on_answer(next_, *rest);
    was_refused_ = !answer;
    if (!answer) return pass(answer.error());
    if (!*answer) return nonsense();
    ++next_;
    begun_.clear();
    has_begun_ = false;
    begin_clock();
    return {};
  }

  const platform::Machine* machine_;
  std::span<const Source> sources_;
  const BatchOptions* options_;
  const BatchAnswers* answers_;
  std::size_t first_ = 0;
  std::size_t next_ = 0;
  std::size_t end_ = 0;
  std::string begun_;
  bool has_begun_ = false;
  std::optional<std::size_t> failed_source_;
  bool was_refused_ = false;
  std::int64_t began_ns_ = 0;
  std::int64_t reading_ns_ = 0;
};

// Ends everything, whatever else is to be read.
bool is_final(const Error& error) {
  return error.kind == ErrorKind::interrupted || error.id == "sandbox.not_started" ||
         error.id == "sandbox.not_locked" || error.id == "sandbox.poll";
}

Result<void> send(sandbox::Channel& channel, FrameType type, std::uint32_t index, ByteView payload) {
  Bytes frame;
  ByteWriter out(frame);
  out.put(index);
  out.put_bytes(payload);
  return channel.send(static_cast<std::uint8_t>(type), frame);
}

}  // namespace

Result<void> run_batches(const platform::Machine& machine, std::span<const Source> sources, const BatchOptions& options,
                         const BatchAnswers& answers) {
  const std::size_t per_worker = std::max<std::size_t>(options.files_per_worker, 1);
  std::size_t next = 0;
  std::size_t fruitless = 0;  // workers, one after the other, that did not even begin
  while (next < sources.size()) {
    const std::size_t end = std::min(sources.size(), next + per_worker);
    Round round(machine, sources, options, answers, next, end);
    auto ended = round.run();
    const std::size_t stopped_at = round.next();
    if (ended) {
      next = round.end();
      fruitless = 0;
      continue;
    }
    const Error& error = ended.error();
    if (round.was_refused_by_caller() || is_final(error)) return ended;
    next = stopped_at;
    if (next >= sources.size() || next >= round.end()) continue;  // it broke down after its last answer
    if (round.failed_source()) {
      if (!answers.on_failed) return ended;
      ATOLL_TRY(answers.on_failed(next, error));
      ++next;
      continue;
    }
    // A worker that never says it began may be the fault of the machine and not of a content: three of them are enough.
    fruitless = round.has_begun() ? 0 : fruitless + 1;
    if (fruitless >= 3) return ended;
    ATOLL_TRY(answers.on_broken(next, round.begun(), error));
    ++next;
  }
  return {};
}

std::string words_of_broken(const Error& error) {
  if (error.id == kTooSlow || error.id == "sandbox.silent")
    return "Reading it took too long and was ended; it may be malformed.";
  if (error.id == "sandbox.died")
    return "Its reader broke down over it: it is malformed, or needs more memory or time than it may have.";
  if (error.id == "sandbox.too_much") return "It unfolds to more than is allowed.";
  return "It could not be read: " + error.message + ".";
}

Result<void> serve_batch(sandbox::Channel& channel, const BatchReader& reader) {
  ATOLL_ASSIGN(const Batch batch, decode_batch(channel.parameters()));
  ATOLL_TRY(reader.begin(batch.parameters));
  for (std::size_t i = 0; i < batch.contents.size(); ++i) {
    const auto index = static_cast<std::uint32_t>(batch.first_index + i);
    const BatchContent& content = batch.contents[i];
    ChannelInput input(channel, static_cast<std::uint64_t>(i) << kContentShift, content.size);
    ATOLL_ASSIGN(const Bytes answer, reader.read(input, content.name, [&](std::string_view word) {
      return send(channel, FrameType::begun, index, as_bytes(word));
    }));
    ATOLL_TRY(send(channel, FrameType::done, index, answer));
  }
  return {};
}

}  // namespace atl::extract
