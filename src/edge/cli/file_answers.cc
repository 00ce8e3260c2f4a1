#include "edge/cli/file_answers.h"

#include <algorithm>
#include <chrono>

#include "edge/remote/call_channel.h"

namespace atl::cli {
namespace {

constexpr std::size_t kAskedMax = 1'000;
constexpr std::size_t kReadyBytesMax = 24 * 1024 * 1024;
constexpr std::size_t kBytesPerRequest = 8 * 1024 * 1024;
// While one request is on its way the next is being filled.
constexpr unsigned kSenders = 2;
constexpr unsigned kWorkersMin = 4;
constexpr unsigned kWorkersMax = 16;
constexpr int kTriesMax = 3;
constexpr std::size_t kDepthShared = 256;
constexpr std::chrono::milliseconds kLookEvery{200};
constexpr std::int64_t kStopWaitNs = 20'000'000'000;

}  // namespace

FileAnswers::FileAnswers(Environment& environment, net::HttpClient& client, std::string command_url, std::string token,
                         const std::vector<remote::NamedPath>& named)
    : environment_(&environment),
      client_(&client),
      url_(std::move(command_url)),
      token_(std::move(token)),
      server_(environment.host, environment.machine, named) {}

FileAnswers::~FileAnswers() { end(); }

Result<void> FileAnswers::begin(std::string_view id) {
  const bool is_word = !id.empty() && id.size() <= 64 &&
                       std::ranges::all_of(id, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
  if (!is_word || !threads_.empty())
    return fail(ErrorKind::damaged, "frames.malformed", "the server's answer is not what a command prints");
  url_ += "/" + std::string(id) + "/answers";
  platform::Threads& threads = environment_->machine.threads;
  const unsigned workers = std::clamp(2 * threads.hardware_count(), kWorkersMin, kWorkersMax);
  for (unsigned i = 0; i < workers; ++i)
    threads_.push_back(threads.start("files-" + std::to_string(i), [this, i] { work(i == 0); }));
  for (unsigned i = 0; i < kSenders; ++i)
    threads_.push_back(threads.start("answers-" + std::to_string(i), [this] { send(); }));
  return {};
}

Result<void> FileAnswers::take(ByteView frame) {
  Asked asked;
  ByteReader from(frame, "a call of the server");
  ATOLL_ASSIGN(asked.number, from.get<std::uint64_t>());
  ATOLL_ASSIGN(const ByteView encoded, from.get_bytes(from.remaining()));
  ATOLL_ASSIGN(asked.call, remote::decode_call(encoded));
  if (asked.number == 0) {
    // What wants no answer counts for all that comes after it.
    if (const auto answer = server_.answer(std::move(asked.call), handles_); answer.error) return pass(*answer.error);
    return {};
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_ending_ || failure_ || asked_.size() + deep_.size() < kAskedMax; });
  if (failure_) return pass(*failure_);
  (asked.call.place.parts.size() > kDepthShared ? deep_ : asked_).push_back(std::move(asked));
  changed_.notify_all();
  return {};
}

void FileAnswers::work(bool takes_deep) {
  remote::FileServer::Handles handles;
  const auto queue = [&]() -> std::deque<Asked>& { return takes_deep && !deep_.empty() ? deep_ : asked_; };
  for (;;) {
    Asked asked;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock,
                    [&] { return is_ending_ || failure_ || (!queue().empty() && ready_bytes_ < kReadyBytesMax); });
      if (is_ending_ || failure_) return;
      asked = std::move(queue().front());
      queue().pop_front();
      changed_.notify_all();
    }
    Bytes answer = remote::encode(server_.answer(std::move(asked.call), handles));
    if (answer.size() > remote::kAnswersBytesMax / 2 + kBytesPerRequest / 4) {
      remote::Answer refused;
      refused.error = Error{ErrorKind::limit, "source.too_much", "its facts are too long to be sent", "", 0};
      answer = remote::encode(refused);
    }
    Bytes framed;
    remote::append_answer(framed, asked.number, answer);
    const std::lock_guard lock(mutex_);
    ready_bytes_ += framed.size();
    ready_.push_back(std::move(framed));
    changed_.notify_all();
  }
}

void FileAnswers::send() {
  std::int64_t last_ns = environment_->machine.clock.monotonic_ns();
  for (;;) {
    Bytes batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kLookEvery, [this] { return is_ending_ || failure_ || !ready_.empty(); });
      if (is_ending_ || failure_) return;
      const std::int64_t now_ns = environment_->machine.clock.monotonic_ns();
      if (environment_->stop.load()) ask_to_stop(now_ns);
      if (ready_.empty() && now_ns - last_ns < remote::kHeartbeatMs * 1'000'000) continue;
      last_ns = now_ns;
      while (!ready_.empty() && (batch.empty() || batch.size() + ready_.front().size() <= kBytesPerRequest)) {
        batch.insert(batch.end(), ready_.front().begin(), ready_.front().end());
        ready_bytes_ -= ready_.front().size();
        ready_.pop_front();
      }
      changed_.notify_all();
    }
    Result<void> sent;
    // Answers that come twice are dropped there, so a request that broke off can be made again.
    for (int tries = 1; tries <= kTriesMax; ++tries) {
      sent = send_once(batch);
      if (sent || sent.error().kind != ErrorKind::unreachable) break;
    }
    if (sent) continue;
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(sent).error();
    stop_ = true;
    changed_.notify_all();
  }
}

// The command commits what it has and says so; but nobody who pressed Ctrl-C waits for ever.
void FileAnswers::ask_to_stop(std::int64_t now_ns) {
  if (!asked_to_stop_ns_) {
    asked_to_stop_ns_ = now_ns;
    Bytes framed;
    remote::append_answer(framed, remote::kStopNumber, {});
    ready_.push_front(std::move(framed));
    ready_bytes_ += ready_.front().size();
  } else if (now_ns - *asked_to_stop_ns_ > kStopWaitNs) {
    stop_ = true;
  }
}

Result<void> FileAnswers::send_once(ByteView answers) const {
  net::ClientRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers.add("Content-Type", "application/vnd.atoll.file-answers");
  if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
  request.body = answers;
  request.stop = &stop_;
  ATOLL_ASSIGN(const auto answer, client_->send(request));
  // Not found: the command is over, and its last words are on their way.
  if (answer.status == 204 || answer.status == 404) return {};
  return fail(ErrorKind::unreachable, "server.takes_no_answers",
              "the server answered " + std::to_string(answer.status) + " to what it had asked for itself",
              "What was stored before is kept; the same command goes on from here.");
}

std::optional<Error> FileAnswers::end() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    changed_.notify_all();
  }
  stop_ = true;
  for (const auto& thread : threads_) thread->join();
  threads_.clear();
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace atl::cli
