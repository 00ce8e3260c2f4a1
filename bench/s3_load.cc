// Load on a server that speaks S3, or on one that stores plain files (PUT and GET without signatures): many connections
// from one thread, each with one request under way.
//
//     s3_load --server 127.0.0.1:7070 --bucket b --do fill|put|get|list|delete --size 4096 --connections 64 --seconds 5
//
// Keys are 000/000/000 to 999/999/999: a thousand in a folder.
//
// Always true:
//  - Bodies cannot be compressed and are never twice the same: every 4 KiB of them begin with the number of their
//    request, so no store can keep two of them once.
//  - What is fetched is compared with what was filled in by its first bytes and its length; what is answered with
//    anything but 200 to 206 counts as an error and ends the run with exit code 1.
//  - Requests to read are signed before the clock starts; requests to store are signed while it runs, as clients do.
// Prints one line of JSON. Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "edge/s3/checksums.h"
#include "edge/s3/signature.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/hash.h"

namespace {

using namespace atl;  // NOLINT(google-build-using-namespace)
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBlock = 4096;
constexpr std::size_t kStamp = 16;
constexpr std::size_t kTrailerChunk = 1 << 20;  // of aws-chunked bodies, as the command line client sends them
constexpr std::size_t kSignedAhead = 4096;
constexpr std::size_t kVectorsAtOnce = 512;

[[noreturn]] void give_up(const std::string& words) {
  std::cerr << "s3_load: " << words << "\n";
  std::exit(2);
}

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 7070;
  std::string bucket = "bench";
  std::string work = "get";
  std::string payload = "unsigned";  // signed, trailer; plain: no signature at all
  std::string prefix;                // of keys
  std::string query;                 // added to a list's
  std::vector<int> pids;             // of the server, for its processor time
  std::size_t size = 4096;
  std::size_t connections = 1;
  std::size_t keys = 1000;
  std::size_t requests = 0;  // at most; 0: as many as the time allows
  double seconds = 5;
};

Options read_options(int count, char** words) {
  Options options;
  for (int at = 1; at + 1 < count; at += 2) {
    const std::string name = words[at];
    const std::string value = words[at + 1];
    if (name == "--server") {
      const std::size_t colon = value.rfind(':');
      if (colon == std::string::npos) give_up("--server wants HOST:PORT");
      options.host = value.substr(0, colon);
      options.port = static_cast<std::uint16_t>(std::stoul(value.substr(colon + 1)));
    } else if (name == "--bucket") {
      options.bucket = value;
    } else if (name == "--do") {
      options.work = value;
    } else if (name == "--payload") {
      options.payload = value;
    } else if (name == "--prefix") {
      options.prefix = value;
    } else if (name == "--query") {
      options.query = value;
    } else if (name == "--pids") {
      std::istringstream list(value);
      for (std::string one; std::getline(list, one, ',');) options.pids.push_back(std::stoi(one));
    } else if (name == "--size") {
      options.size = std::stoull(value);
    } else if (name == "--connections") {
      options.connections = std::stoull(value);
    } else if (name == "--keys") {
      options.keys = std::stoull(value);
    } else if (name == "--requests") {
      options.requests = std::stoull(value);
    } else if (name == "--seconds") {
      options.seconds = std::stod(value);
    } else {
      give_up("there is no option " + name);
    }
  }
  if (count % 2 == 0 || options.keys == 0 || options.connections == 0)
    give_up("see the first lines of bench/s3_load.cc");
  if (options.work == "fill" || options.work == "delete") options.requests = options.keys;
  return options;
}

// Random bytes that all bodies are made of.
const Bytes& noise(std::size_t size) {
  static Bytes bytes;
  if (bytes.size() < size) {
    std::mt19937_64 random(1);
    bytes.resize((size + kBlock - 1) / kBlock * kBlock);
    for (std::size_t at = 0; at < bytes.size(); at += 8) store_le(bytes.data() + at, random());
  }
  return bytes;
}

using Stamp = std::array<std::uint8_t, kStamp>;
Stamp stamp_of(std::uint64_t number, std::uint64_t salt) {
  Stamp stamp{};
  store_le(stamp.data(), number * 0x9E3779B97F4A7C15ULL ^ salt);
  store_le(stamp.data() + 8, (number + 1) * 0xC2B2AE3D27D4EB4FULL);
  return stamp;
}

std::string key_of(const Options& options, std::uint64_t number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%03u/%03u/%03u", static_cast<unsigned>(number / 1'000'000 % 1000),
                static_cast<unsigned>(number / 1000 % 1000), static_cast<unsigned>(number % 1000));
  return options.prefix + text.data();
}

double processor_seconds(const std::vector<int>& pids) {
  double ticks = 0;
  for (const int pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(file, line)) continue;  // a helper process that has ended
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skipped;
    for (int at = 0; at < 11; ++at) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    ticks += user + system;
  }
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// What goes over the wire for one request: pieces that are owned here, and pieces of the noise.
class Message {
 public:
  std::string head;
  std::vector<iovec> pieces;
  std::vector<std::unique_ptr<std::string>> texts;
  Stamp stamp{};

  void add(const void* data, std::size_t size) {
    pieces.push_back({const_cast<void*>(data), size});  // NOLINT: iovec is not const
  }
  void add_text(std::string text) {
    texts.push_back(std::make_unique<std::string>(std::move(text)));
    add(texts.back()->data(), texts.back()->size());
  }
  template <class Visit>
  void for_each_block(std::size_t from, std::size_t size, const Visit& visit) const {
    const Bytes& source = noise(from + size);
    for (std::size_t at = from; at < from + size; at += kBlock) {
      const std::size_t length = std::min(kBlock, from + size - at);
      const std::size_t stamped = std::min(kStamp, length);
      visit(ByteView(stamp).first(stamped));
      visit(ByteView(source).subspan(at + stamped, length - stamped));
    }
  }
  void add_body(std::size_t from, std::size_t size) {
    for_each_block(from, size, [&](ByteView piece) { add(piece.data(), piece.size()); });
  }
};

class Maker {
 public:
  explicit Maker(const Options& options) : options_(&options) {
    const char* const key = std::getenv("AWS_ACCESS_KEY_ID");
    const char* const secret = std::getenv("AWS_SECRET_ACCESS_KEY");
    if (options.payload != "plain") {
      if (key == nullptr || secret == nullptr) give_up("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
      credentials_ = {key, secret, "us-east-1"};
    }
    host_ = options.host + ":" + std::to_string(options.port);
    std::random_device device;
    salt_ = device();
  }

  // A new body under that key each time; `is_fill`: one that can be known again.
  void make_put(std::uint64_t number, bool is_fill, Message& message) const {
    message.pieces.clear();
    message.texts.clear();
    message.stamp = stamp_of(number, is_fill ? 0 : salt_);
    const std::string target = "/" + options_->bucket + "/" + key_of(*options_, number);
    std::vector<s3::HeaderView> extra;
    std::string hash = "UNSIGNED-PAYLOAD";
    std::string length = std::to_string(options_->size);
    const std::string decoded = length;
    std::string trailer;
    if (options_->payload == "signed") {
      codec::Sha256 digest;
      message.for_each_block(0, options_->size, [&](ByteView piece) { digest.update(piece); });
      hash = to_hex(digest.finish());
    } else if (options_->payload == "trailer") {
      hash = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
      s3::Checksummer checksum(s3::ChecksumAlgorithm::crc32);
      message.for_each_block(0, options_->size, [&](ByteView piece) { checksum.update(piece); });
      trailer = "0\r\nx-amz-checksum-crc32:" + to_base64(checksum.finish()) + "\r\n\r\n";
      extra = {{"Content-Encoding", "aws-chunked"},
               {"x-amz-decoded-content-length", decoded},
               {"x-amz-trailer", "x-amz-checksum-crc32"}};
    }
    std::size_t total = 0;
    if (trailer.empty()) {
      message.add_body(0, options_->size);
      total = options_->size;
    } else {
      for (std::size_t at = 0; at < options_->size; at += kTrailerChunk) {
        const std::size_t piece = std::min(kTrailerChunk, options_->size - at);
        std::ostringstream size;
        size << std::hex << piece << "\r\n";
        message.add_text(size.str());
        message.add_body(at, piece);
        message.add_text("\r\n");
      }
      message.add_text(trailer);
      for (const iovec& one : message.pieces) total += one.iov_len;
    }
    length = std::to_string(total);
    make_head("PUT", target, extra, hash, length, message.head);
    message.pieces.insert(message.pieces.begin(), {message.head.data(), message.head.size()});
  }

  [[nodiscard]] std::string get(std::uint64_t number) const {
    std::string head;
    make_head("GET", "/" + options_->bucket + "/" + key_of(*options_, number), {}, "UNSIGNED-PAYLOAD", "", head);
    return head;
  }

  [[nodiscard]] std::string remove(std::uint64_t number) const {
    std::string head;
    make_head("DELETE", "/" + options_->bucket + "/" + key_of(*options_, number), {}, "UNSIGNED-PAYLOAD", "", head);
    return head;
  }

  // A page from a place on that differs from request to request.
  [[nodiscard]] std::string list(std::uint64_t number) const {
    std::string query = "list-type=2&max-keys=1000";
    if (options_->query.find("start-after") == std::string::npos && number > 0) {
      query += "&start-after=" + s3::uri_encode(key_of(*options_, number * 7919 % options_->keys), s3::Slash::encoded);
    }
    if (!options_->query.empty()) query += "&" + options_->query;
    std::string head;
    make_head("GET", "/" + options_->bucket + "?" + query, {}, "UNSIGNED-PAYLOAD", "", head);
    return head;
  }

 private:
  void make_head(const char* method, const std::string& target, std::vector<s3::HeaderView> headers,
                 const std::string& hash, const std::string& length, std::string& head) const {
    headers.insert(headers.begin(), {"Host", host_});
    head = std::string(method) + " " + target + " HTTP/1.1\r\n";
    const auto put = [&](std::string_view name, std::string_view value) {
      head.append(name).append(": ").append(value).append("\r\n");
    };
    for (const auto& [name, value] : headers) put(name, value);
    if (!length.empty()) put("Content-Length", length);
    if (options_->payload != "plain") {
      const auto now =
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
      const auto added = s3::sign({method, target, headers}, credentials_, Timestamp{now.count()}, hash);
      if (!added) give_up(added.error().message);
      for (const auto& [name, value] : *added) put(name, value);
    }
    head += "\r\n";
  }

  const Options* options_;
  s3::Credentials credentials_;
  std::string host_;
  std::uint64_t salt_ = 0;
};

// The answer to one request, as it comes.
class Answer {
 public:
  void begin(const Stamp* expected, std::size_t length) {
    head_.clear();
    tail_.clear();
    is_in_body_ = is_chunked_ = is_wrong_ = false;
    left_ = body_ = 0;
    expected_ = expected;
    expected_length_ = length;
  }
  // True: it is whole.
  bool take(const char* data, std::size_t size) {
    if (!is_in_body_) {
      const std::size_t before = head_.size();
      head_.append(data, size);
      const std::size_t end = head_.find("\r\n\r\n", before > 3 ? before - 3 : 0);
      if (end == std::string::npos) return false;
      const std::size_t in_body = head_.size() - end - 4;
      head_.resize(end + 2);
      read_head();
      data += size - in_body;
      size = in_body;
    }
    if (is_chunked_) {
      body_ += size;
      tail_.append(data, size);
      const bool is_end = tail_.ends_with("0\r\n\r\n") && (tail_.size() == 5 || tail_[tail_.size() - 6] == '\n');
      if (tail_.size() > 16) tail_.erase(0, tail_.size() - 16);
      return is_end;
    }
    check(data, size);
    body_ += size;
    left_ -= std::min<std::uint64_t>(left_, size);
    return left_ == 0;
  }
  [[nodiscard]] bool is_good() const {
    return status_ >= 200 && status_ < 300 && !is_wrong_ && (expected_ == nullptr || body_ == expected_length_);
  }
  [[nodiscard]] std::uint64_t body_bytes() const { return body_; }
  [[nodiscard]] const std::string& head() const { return head_; }

 private:
  void read_head() {
    is_in_body_ = true;
    status_ = head_.size() > 12 ? std::atoi(head_.c_str() + 9) : 0;
    constexpr std::string_view kLength = "\ncontent-length:";
    constexpr std::string_view kChunked = "\ntransfer-encoding: chunked";
    const auto is_here = [this](std::size_t at, std::string_view field) {
      return ::strncasecmp(head_.c_str() + at, field.data(), field.size()) == 0;
    };
    for (std::size_t at = head_.find('\n'); at != std::string::npos; at = head_.find('\n', at + 1)) {
      if (is_here(at, kLength)) left_ = std::strtoull(head_.c_str() + at + kLength.size(), nullptr, 10);
      is_chunked_ = is_chunked_ || is_here(at, kChunked);
    }
  }
  void check(const char* data, std::size_t size) {
    if (expected_ == nullptr || body_ >= kStamp || status_ != 200) return;
    const std::size_t end = std::min<std::size_t>(kStamp, body_ + size);
    for (std::size_t at = body_; at < end; ++at) {
      is_wrong_ = is_wrong_ || static_cast<std::uint8_t>(data[at - body_]) != expected_->at(at);
    }
  }

  std::string head_;
  std::string tail_;
  bool is_in_body_ = false;
  bool is_chunked_ = false;
  bool is_wrong_ = false;
  int status_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t body_ = 0;
  const Stamp* expected_ = nullptr;
  std::size_t expected_length_ = 0;
};

class Run {
 public:
  explicit Run(const Options& options) : options_(&options), maker_(options), buffer_(1 << 18) {
    noise(options.size);
    const std::size_t count = std::min(kSignedAhead, options.keys);
    for (std::size_t at = 0; at < count; ++at) {
      const std::uint64_t number = options.keys <= kSignedAhead ? at : at * (options.keys / count);
      if (options.work == "get") ready_.push_back({maker_.get(number), stamp_of(number, 0)});
      if (options.work == "list") ready_.push_back({maker_.list(at), {}});
    }
    // Of more keys than that some are asked for, in any order: neighbours were stored together.
    if (options.work == "get" && options.keys > kSignedAhead) std::ranges::shuffle(ready_, std::mt19937_64(1));
    const std::array<std::string_view, 5> known{"fill", "put", "get", "list", "delete"};
    if (std::ranges::find(known, options.work) == known.end()) give_up("--do wants fill, put, get, list or delete");
  }

  int run() {
    queue_ = ::epoll_create1(0);
    const double server_before = processor_seconds(options_->pids);
    const auto begun = Clock::now();
    end_ = begun + std::chrono::microseconds(static_cast<std::int64_t>(options_->seconds * 1e6));
    connections_.resize(options_->connections);
    for (std::size_t at = 0; at < connections_.size(); ++at) open(connections_[at], at);
    std::array<epoll_event, 64> events{};
    while (open_ > 0) {
      const int count = ::epoll_wait(queue_, events.data(), static_cast<int>(events.size()), 30'000);
      if (count == 0) give_up("nothing came for 30 seconds");
      for (int at = 0; at < count; ++at) {
        Connection& one = connections_[events.at(static_cast<std::size_t>(at)).data.u64];
        if ((events.at(static_cast<std::size_t>(at)).events & EPOLLOUT) != 0) send(one);
        if ((events.at(static_cast<std::size_t>(at)).events & EPOLLIN) != 0) receive(one);
      }
    }
    const double seconds = std::chrono::duration<double>(last_ - begun).count();
    report(seconds, processor_seconds(options_->pids) - server_before);
    return errors_ == 0 && !latencies_us_.empty() ? 0 : 1;
  }

 private:
  struct Connection {
    int socket = -1;
    std::size_t index = 0;
    Message message;
    std::size_t piece = 0;  // of the message, being sent
    std::size_t in_piece = 0;
    bool waits_to_send = false;
    Answer answer;
    Clock::time_point begun;
  };
  struct Ready {
    std::string text;
    Stamp stamp;
  };

  void open(Connection& one, std::size_t index) {
    one.index = index;
    one.socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_->port);
    if (::inet_pton(AF_INET, options_->host.c_str(), &address.sin_addr) != 1) give_up("--server wants an address");
    if (::connect(one.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {  // NOLINT
      give_up(std::string("cannot connect: ") + std::strerror(errno));
    }
    const int yes = 1;
    ::setsockopt(one.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    ::epoll_ctl(queue_, EPOLL_CTL_ADD, one.socket, &event);
    ++open_;
    next(one);
  }

  void close(Connection& one) {
    ::close(one.socket);
    one.socket = -1;
    --open_;
  }

  void next(Connection& one) {
    // All of them where every key is wanted, else what comes first.
    const bool wants_all = options_->work == "fill" || options_->work == "delete";
    const bool is_over =
        (options_->requests > 0 && given_ >= options_->requests) || (!wants_all && Clock::now() >= end_);
    if (is_over || errors_ > 100) return close(one);
    const std::uint64_t number = given_++;
    one.begun = Clock::now();
    one.piece = one.in_piece = 0;
    if (options_->work == "put" || options_->work == "fill") {
      maker_.make_put(number, options_->work == "fill", one.message);
      one.answer.begin(nullptr, 0);
    } else if (options_->work == "delete") {
      one.message.pieces.clear();
      one.message.head = maker_.remove(number);
      one.message.add(one.message.head.data(), one.message.head.size());
      one.answer.begin(nullptr, 0);
    } else {
      const Ready& ready = ready_[number * 7919 % ready_.size()];
      one.message.pieces.clear();
      one.message.add(ready.text.data(), ready.text.size());
      one.answer.begin(options_->work == "get" ? &ready.stamp : nullptr, options_->size);
    }
    send(one);
  }

  void want_to_send(Connection& one, bool wants) {
    if (one.waits_to_send == wants) return;
    one.waits_to_send = wants;
    epoll_event event{};
    event.events = wants ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = one.index;
    ::epoll_ctl(queue_, EPOLL_CTL_MOD, one.socket, &event);
  }

  void send(Connection& one) {
    std::array<iovec, kVectorsAtOnce> vectors{};
    while (one.piece < one.message.pieces.size()) {
      std::size_t count = 0;
      for (std::size_t at = one.piece; at < one.message.pieces.size() && count < vectors.size(); ++at) {
        vectors.at(count++) = one.message.pieces[at];
      }
      vectors[0].iov_base = static_cast<char*>(vectors[0].iov_base) + one.in_piece;
      vectors[0].iov_len -= one.in_piece;
      msghdr header{};
      header.msg_iov = vectors.data();
      header.msg_iovlen = count;
      const ssize_t sent = ::sendmsg(one.socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EAGAIN) return want_to_send(one, true);
        return fail(one, std::strerror(errno));
      }
      std::size_t left = static_cast<std::size_t>(sent) + one.in_piece;
      while (one.piece < one.message.pieces.size() && left >= one.message.pieces[one.piece].iov_len) {
        left -= one.message.pieces[one.piece++].iov_len;
      }
      one.in_piece = left;
    }
    want_to_send(one, false);
  }

  void receive(Connection& one) {
    while (one.socket >= 0) {
      const ssize_t came = ::recv(one.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (came < 0 && errno == EAGAIN) return;
      if (came <= 0) return fail(one, "the server closed the connection");
      if (!one.answer.take(buffer_.data(), static_cast<std::size_t>(came))) continue;
      last_ = Clock::now();
      if (one.answer.is_good()) {
        latencies_us_.push_back(std::chrono::duration<float, std::micro>(last_ - one.begun).count());
        body_bytes_ += one.answer.body_bytes();
      } else if (++errors_ <= 3) {
        std::cerr << "s3_load: " << one.answer.head();
      }
      next(one);
      return;  // the next answer is not there yet
    }
  }

  void fail(Connection& one, const std::string& why) {
    if (++errors_ <= 3) std::cerr << "s3_load: " << why << "\n";
    close(one);
  }

  void report(double seconds, double server_seconds) {
    std::ranges::sort(latencies_us_);
    const auto at = [&](double share) {
      if (latencies_us_.empty()) return 0.0;
      return static_cast<double>(
          latencies_us_[static_cast<std::size_t>(share * static_cast<double>(latencies_us_.size() - 1))]);
    };
    rusage own{};
    ::getrusage(RUSAGE_SELF, &own);
    const auto count = static_cast<double>(latencies_us_.size());
    const bool is_reading = options_->work == "get" || options_->work == "list";
    const double bytes = is_reading ? static_cast<double>(body_bytes_) : count * static_cast<double>(options_->size);
    std::printf(
        "{\"do\":\"%s\",\"size\":%zu,\"connections\":%zu,\"payload\":\"%s\",\"requests\":%.0f,\"errors\":%zu,"
        "\"seconds\":%.3f,\"per_second\":%.1f,\"mb_per_second\":%.1f,\"p50_us\":%.0f,\"p99_us\":%.0f,"
        "\"server_us\":%.1f,\"own_seconds\":%.2f}\n",
        options_->work.c_str(), options_->size, options_->connections, options_->payload.c_str(), count, errors_,
        seconds, count / seconds, bytes / seconds / 1e6, at(0.5), at(0.99),
        count > 0 ? server_seconds / count * 1e6 : 0,
        static_cast<double>(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
            static_cast<double>(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6);
  }

  const Options* options_;
  Maker maker_;
  std::vector<char> buffer_;
  std::vector<Ready> ready_;
  std::vector<Connection> connections_;
  std::vector<float> latencies_us_;
  int queue_ = -1;
  std::size_t open_ = 0;
  std::uint64_t given_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::size_t errors_ = 0;
  Clock::time_point end_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace

int main(int count, char** words) {
  const Options options = read_options(count, words);
  return Run(options).run();
}
