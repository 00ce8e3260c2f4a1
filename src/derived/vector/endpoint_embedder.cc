#include "derived/vector/endpoint_embedder.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>

#include "derived/vector/endpoint_address.h"
#include "derived/vector/vector_index.h"
#include "foundation/json/json.h"
#include "foundation/net/http_client.h"

namespace atl::vector {
namespace {

constexpr std::size_t kAnswerBytesMax = 64 * kMiB;
constexpr std::uint32_t kWaitMsMax = 60'000;
constexpr std::uint32_t kStopLookMs = 100;
constexpr std::size_t kErrorTextMax = 200;
constexpr std::string_view kProbe = "Atoll";
constexpr double kBytesPerSecondAtFirst = 20'000;  // before anything is known of the server

tl::unexpected<Error> bad_answer(std::string_view what) {
  return fail(ErrorKind::failed, "endpoint.bad_answer",
              "the embedding server answered with something else than vectors: " + std::string(what),
              "check that the URL, the kind (openai or ollama) and the model are right");
}

std::optional<float> number_of(const json::Value& value) {
  if (value.as_text() != nullptr || value.as_bool() != nullptr) return std::nullopt;
  const std::string text = value.text();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number) || std::abs(number) > 1e18) {
    return std::nullopt;
  }
  return static_cast<float>(number);
}

bool may_pass(unsigned status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

}  // namespace

std::optional<std::vector<float>> MemoryEmbeddingCache::get(const codec::Digest& key) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(key);
  if (found == places_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->vector;
}

void MemoryEmbeddingCache::put(const codec::Digest& key, std::span<const float> vector) {
  const std::size_t bytes = sizeof(Entry) + vector.size_bytes() + 64;
  const std::lock_guard lock(mutex_);
  if (bytes > bytes_max_ || places_.contains(key)) return;
  entries_.push_front({key, {vector.begin(), vector.end()}});
  places_.emplace(key, entries_.begin());
  bytes_ += bytes;
  while (bytes_ > bytes_max_) {
    bytes_ -= sizeof(Entry) + entries_.back().vector.size() * sizeof(float) + 64;
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

class EndpointEmbedder::State {
 public:
  State(const platform::Machine& machine, EndpointOptions options, std::shared_ptr<EmbeddingCache> cache)
      : machine_(machine), options_(std::move(options)), cache_(std::move(cache)) {}
  Result<void> open();
  Result<VectorRows> embed(std::span<const std::string_view> texts, TextRole role, const std::atomic<bool>* stop) const;
  CostEstimate estimate(std::uint64_t bytes) const;
  [[nodiscard]] const EmbedderInfo& info() const { return info_; }

 private:
  [[nodiscard]] Result<VectorRows> ask(std::span<const std::string> texts, const std::atomic<bool>* stop) const;
  [[nodiscard]] Result<net::ClientResponse> send(const std::string& body, const std::atomic<bool>* stop) const;
  [[nodiscard]] Result<VectorRows> read_answer(const net::ClientResponse& response, std::size_t texts) const;
  [[nodiscard]] Result<void> wait(std::uint32_t ms, const std::atomic<bool>* stop) const;
  [[nodiscard]] codec::Digest key_of(std::string_view text) const;

  const platform::Machine machine_;
  const EndpointOptions options_;
  const std::shared_ptr<EmbeddingCache> cache_;
  std::string url_;
  EmbedderInfo info_;
  std::unique_ptr<net::HttpClient> client_;
  mutable std::atomic<std::uint64_t> sent_bytes_ = 0;
  mutable std::atomic<std::uint64_t> waited_us_ = 0;
};

Result<void> EndpointEmbedder::State::open() {
  ATOLL_ASSIGN(const auto address, parse_endpoint_address(options_.url));
  if (options_.model.empty())
    return fail(ErrorKind::usage, "endpoint.bad_url", "an embedding server is named by an address and a model");
  const std::string_view usual = options_.kind == EndpointOptions::Kind::openai ? "/v1/embeddings" : "/api/embed";
  url_ = address.origin + (address.path.empty() ? std::string(usual) : address.path);
  net::ClientOptions client;
  client.total_timeout_ms = options_.timeout_ms;
  ATOLL_ASSIGN(client_, net::HttpClient::open(client));
  info_.name = address.origin + " " + options_.model;
  info_.leaves_machine = !address.is_this_machine();
  info_.dimension = options_.dimension;
  if (info_.dimension == 0) {
    const std::vector<std::string> probe{options_.document_prefix + std::string(kProbe)};
    ATOLL_ASSIGN(const VectorRows rows, ask(probe, nullptr));
    info_.dimension = rows.dimension;
  }
  // A server does not tell when the model behind a name changes; what is asked of it is all that can be said.
  const codec::Digest asked = codec::blake3(
      as_bytes(url_ + "\n" + options_.model + "\n" + options_.query_prefix + "\n" + options_.document_prefix));
  info_.version = std::to_string(info_.dimension) + "-" + to_hex(ByteView(asked).first(4));
  return {};
}

Result<void> EndpointEmbedder::State::wait(std::uint32_t ms, const std::atomic<bool>* stop) const {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  while (ms > 0) {
    if (stop != nullptr && *stop) return fail(ErrorKind::interrupted, "embed.stopped", "embedding was stopped");
    const std::uint32_t part = std::min(ms, kStopLookMs);
    never.wait_for(lock, std::chrono::milliseconds(part));
    ms -= part;
  }
  return {};
}

codec::Digest EndpointEmbedder::State::key_of(std::string_view text) const {
  codec::Blake3 hash;
  hash.update(as_bytes(info_.id()));
  hash.update(as_bytes(std::string_view("\0", 1)));
  hash.update(as_bytes(text));
  return hash.digest();
}

Result<net::ClientResponse> EndpointEmbedder::State::send(const std::string& body,
                                                          const std::atomic<bool>* stop) const {
  net::ClientRequest request;
  request.method = "POST";
  request.url = url_;
  request.headers.add("Content-Type", "application/json");
  if (!options_.key.empty()) request.headers.add("Authorization", "Bearer " + options_.key);
  request.body = as_bytes(body);
  request.body_length = body.size();
  request.body_bytes_max = kAnswerBytesMax;
  request.stop = stop;
  std::uint32_t wait_ms = options_.backoff_ms;
  for (std::uint32_t attempt = 1;; ++attempt) {
    auto response = client_->send(request);
    const bool is_last = attempt >= std::max(1U, options_.attempts);
    if (response && !may_pass(response->status)) return response;
    if (!response && (response.error().kind != ErrorKind::unreachable || is_last)) return response;
    if (response && is_last) {
      return fail(
          ErrorKind::unreachable, "endpoint.busy",
          "the embedding server at " + url_ + " answers " + std::to_string(response->status) + " again and again",
          "it will be asked again later");
    }
    std::uint32_t pause_ms = wait_ms;
    if (response) {
      if (const auto after = response->headers.get("Retry-After")) {
        std::uint32_t seconds = 0;
        const auto read = std::from_chars(after->data(), after->data() + after->size(), seconds);
        if (read.ec == std::errc() && seconds <= kWaitMsMax / 1000) pause_ms = std::max(pause_ms, seconds * 1000);
      }
    }
    ATOLL_TRY(wait(std::min(pause_ms, kWaitMsMax), stop));
    wait_ms = std::min(wait_ms * 2, kWaitMsMax);
  }
}

Result<VectorRows> EndpointEmbedder::State::read_answer(const net::ClientResponse& response, std::size_t texts) const {
  if (response.status == 401 || response.status == 403) {
    return fail(ErrorKind::denied, "endpoint.denied",
                "the embedding server at " + url_ + " refuses: " + std::to_string(response.status),
                "give it a key that may use the model \"" + options_.model + "\"");
  }
  if (response.status != 200) {
    std::string said = to_string(ByteView(response.body).first(std::min(response.body.size(), kErrorTextMax)));
    std::ranges::replace_if(
        said, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return fail(ErrorKind::failed, "endpoint.refused",
                "the embedding server at " + url_ + " answered " + std::to_string(response.status) + ": " + said,
                "check the name of the model and that texts are not too long for it");
  }
  const auto answer = json::Value::parse(as_text(response.body), {kAnswerBytesMax, 32});
  if (!answer) return bad_answer("no JSON");
  const bool is_openai = options_.kind == EndpointOptions::Kind::openai;
  const json::Value* list = answer->find(is_openai ? "data" : "embeddings");
  if (list == nullptr || list->as_array() == nullptr || list->as_array()->size() != texts) {
    return bad_answer("not one vector a text");
  }
  VectorRows rows;
  std::vector<bool> has(texts, false);
  for (std::size_t i = 0; i < texts; ++i) {
    const json::Value* vector = &list->as_array()->at(i);
    std::size_t place = i;
    if (is_openai) {
      ATOLL_ASSIGN(place, vector->number_of("index", i));
      vector = vector->find("embedding");
    }
    if (vector == nullptr || vector->as_array() == nullptr || place >= texts || has[place]) {
      return bad_answer("a vector is missing");
    }
    has[place] = true;
    const json::Array& numbers = *vector->as_array();
    if (i == 0) {
      rows.dimension = static_cast<std::uint32_t>(std::min<std::size_t>(numbers.size(), kDimensionMax + 1));
      if (rows.dimension == 0 || rows.dimension > kDimensionMax) return bad_answer("vectors have 1 to 4,096 numbers");
      rows.numbers.resize(texts * rows.dimension);
    }
    if (numbers.size() != rows.dimension || (info_.dimension != 0 && rows.dimension != info_.dimension)) {
      return bad_answer("its vectors are not all of one dimension");
    }
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      const auto number = number_of(numbers[k]);
      if (!number) return bad_answer("a number of a vector is none");
      rows.numbers[place * rows.dimension + k] = *number;
    }
  }
  return rows;
}

Result<VectorRows> EndpointEmbedder::State::ask(std::span<const std::string> texts,
                                                const std::atomic<bool>* stop) const {
  json::Value input = json::Value::array();
  std::uint64_t bytes = 0;
  for (const std::string& text : texts) {
    input.push(text);
    bytes += text.size();
  }
  json::Value body = json::Value::object();
  body.set("model", options_.model).set("input", std::move(input));
  if (options_.kind == EndpointOptions::Kind::openai) body.set("encoding_format", "float");
  const std::int64_t begin_ns = machine_.clock.monotonic_ns();
  ATOLL_ASSIGN(const net::ClientResponse response, send(body.text(), stop));
  ATOLL_ASSIGN(VectorRows rows, read_answer(response, texts.size()));
  sent_bytes_ += bytes;
  waited_us_ += static_cast<std::uint64_t>((machine_.clock.monotonic_ns() - begin_ns) / 1000);
  return rows;
}

Result<VectorRows> EndpointEmbedder::State::embed(std::span<const std::string_view> texts, TextRole role,
                                                  const std::atomic<bool>* stop) const {
  VectorRows rows;
  rows.dimension = info_.dimension;
  rows.numbers.resize(texts.size() * rows.dimension);
  std::vector<std::size_t> places;
  std::vector<std::string> batch;
  const auto set = [&](std::size_t place, std::span<const float> vector) {
    std::ranges::copy(vector, rows.numbers.begin() + static_cast<std::ptrdiff_t>(place * rows.dimension));
  };
  const auto send_batch = [&]() -> Result<void> {
    if (batch.empty()) return {};
    if (stop != nullptr && *stop) return fail(ErrorKind::interrupted, "embed.stopped", "embedding was stopped");
    ATOLL_ASSIGN(const VectorRows answered, ask(batch, stop));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      set(places[i], answered.row(i));
      if (cache_) cache_->put(key_of(batch[i]), answered.row(i));
    }
    batch.clear();
    places.clear();
    return {};
  };
  for (std::size_t i = 0; i < texts.size(); ++i) {
    // An empty text means nothing, and some servers refuse it.
    if (texts[i].find_first_not_of(" \t\r\n") == std::string_view::npos) continue;
    std::string text = role == TextRole::query ? options_.query_prefix : options_.document_prefix;
    text += texts[i];
    if (cache_) {
      if (const auto known = cache_->get(key_of(text)); known && known->size() == rows.dimension) {
        set(i, *known);
        continue;
      }
    }
    places.push_back(i);
    batch.push_back(std::move(text));
    if (batch.size() >= std::max(1U, options_.batch_texts)) ATOLL_TRY(send_batch());
  }
  ATOLL_TRY(send_batch());
  return rows;
}

CostEstimate EndpointEmbedder::State::estimate(std::uint64_t bytes) const {
  const auto sent = static_cast<double>(sent_bytes_.load());
  const double seconds = static_cast<double>(waited_us_.load()) / 1e6;
  // The probe alone says little about how fast the server is with much.
  const double rate = sent > 1000 && seconds > 0 ? sent / seconds : kBytesPerSecondAtFirst;
  return {static_cast<double>(bytes) / rate, bytes / 4};
}

EndpointEmbedder::EndpointEmbedder(std::unique_ptr<State> state) : state_(std::move(state)) {}
EndpointEmbedder::~EndpointEmbedder() = default;

Result<std::unique_ptr<EndpointEmbedder>> EndpointEmbedder::open(const platform::Machine& machine,
                                                                 const EndpointOptions& options,
                                                                 std::shared_ptr<EmbeddingCache> cache) {
  auto state = std::make_unique<State>(machine, options, std::move(cache));
  ATOLL_TRY(state->open());
  return std::unique_ptr<EndpointEmbedder>(new EndpointEmbedder(std::move(state)));
}

const EmbedderInfo& EndpointEmbedder::info() const { return state_->info(); }
Result<VectorRows> EndpointEmbedder::embed(std::span<const std::string_view> texts, TextRole role,
                                           const std::atomic<bool>* stop) const {
  return state_->embed(texts, role, stop);
}
CostEstimate EndpointEmbedder::estimate(std::uint64_t /*texts*/, std::uint64_t bytes) const {
  return state_->estimate(bytes);
}

}  // namespace atl::vector
