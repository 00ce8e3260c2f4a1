#include "edge/cli/mcp_bridge.h"

namespace atl::cli {
namespace {

using json::Value;
using json_rpc::Code;
using json_rpc::Message;

constexpr std::string_view kPath = "/mcp";
constexpr std::string_view kSessionField = "Mcp-Session-Id";
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;

// "local-agent/chat/20261122-…" -> the last part.
std::string run_of(const Value& initialized) {
  const Value* const result = initialized.find("result");
  const Value* const meta = result == nullptr ? nullptr : result->find("_meta");
  const std::string actor = meta == nullptr ? std::string() : meta->text_of("atoll/run").value_or("");
  return actor.substr(actor.rfind('/') + 1);
}

std::string protocol_of(const Value& initialized) {
  const Value* const result = initialized.find("result");
  return result == nullptr ? std::string() : result->text_of("protocolVersion").value_or("");
}

Result<Value> value_of(const net::ClientResponse& response) {
  return Value::parse(as_text(response.body), {.bytes_max = kAnswerBytesMax, .depth_max = 64});
}

bool is_forgotten(const net::ClientResponse& response) {
  return response.status == 404 && error_of(response).id == "mcp.no_session";
}

}  // namespace

McpBridge::McpBridge(Environment& environment, McpWishes wishes, std::function<Result<ServerLink>()> reach)
    : environment_(&environment), wishes_(std::move(wishes)), reach_(std::move(reach)) {}

Result<void> McpBridge::run() {
  const auto read = read_lines([this](std::string line) { take(std::move(line)); });
  {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
  }
  changed_.notify_all();
  workers_.clear();  // joins: what was asked is answered
  end_session();
  // A signal ends a read that waits: that is an end, too.
  if (!read && environment_->stop.load()) return {};
  return read;
}

Result<void> McpBridge::read_lines(const std::function<void(std::string)>& take) {
  Bytes room(kReadBytes);
  std::string line;
  bool is_too_long = false;
  for (;;) {
    ATOLL_ASSIGN(const std::size_t count, environment_->terminal.read_in(room));
    std::string_view left = as_text(ByteView(room).first(count));
    const bool is_end = count == 0;
    while (!left.empty() || is_end) {
      const std::size_t end = left.find('\n');
      const std::string_view piece = left.substr(0, end);
      if (line.size() + piece.size() > kLineBytesMax) {
        is_too_long = true;
        line.clear();
      }
      if (!is_too_long) line += piece;
      if (end == std::string_view::npos && !is_end) break;
      if (is_too_long) {
        write(json_rpc::error(nullptr, Code::invalid_request,
                              "the message is longer than " + std::to_string(kLineBytesMax) + " bytes"));
      } else if (line.find_first_not_of(" \t\r") != std::string::npos) {
        take(std::move(line));
      }
      line.clear();
      is_too_long = false;
      if (is_end) return {};
      left.remove_prefix(end + 1);
    }
    if (environment_->stop.load()) return {};
  }
}

void McpBridge::take(std::string line) {
  const auto parcel = json_rpc::read(line, kLineBytesMax);
  if (!parcel.is_batch) {
    if (const auto* const refusal = std::get_if<json_rpc::Refusal>(&parcel.items.front()); refusal != nullptr) {
      write(json_rpc::error(*refusal));
      return;
    }
    const auto& message = std::get<Message>(parcel.items.front());
    if (message.kind != Message::Kind::request) {
      note_cancelled(message);
      const auto sent = send(line);
      if (!sent) environment_->terminal.write_error("atoll mcp: " + sent.error().message + "\n");
      return;
    }
    if (message.method == "initialize") {
      initialize(line, message.id);
      return;
    }
  }
  const Value id = parcel.is_batch ? Value() : std::get<Message>(parcel.items.front()).id;
  begin_workers();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kWaitingMax; });
  waiting_.push_back({std::move(line), id});
  under_way_.emplace(json_rpc::mark_of(id), false);
  changed_.notify_all();
}

void McpBridge::note_cancelled(const Message& message) {
  const Value* const id = message.params.find("requestId");
  if (message.method != "notifications/cancelled" || id == nullptr) return;
  const std::lock_guard lock(mutex_);
  if (const auto found = under_way_.find(json_rpc::mark_of(*id)); found != under_way_.end()) found->second = true;
}

bool McpBridge::end_request(const Value& id) {
  const std::lock_guard lock(mutex_);
  const auto found = under_way_.find(json_rpc::mark_of(id));
  if (found == under_way_.end()) return true;
  const bool is_cancelled = found->second;
  under_way_.erase(found);
  return !is_cancelled;
}

void McpBridge::begin_workers() {
  while (workers_.size() < kAtOnce) workers_.push_back(environment_->machine.threads.start("mcp", [this] { work(); }));
}

void McpBridge::work() {
  for (;;) {
    Waiting next;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty() || has_ended_; });
      if (waiting_.empty()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    changed_.notify_all();
    const auto answered = send(next.line);
    if (end_request(next.id)) write_answer(answered, next.id);
  }
}

void McpBridge::initialize(const std::string& line, const Value& id) {
  net::ClientResponse answer;
  const std::lock_guard lock(way_mutex_);
  if (way_ != nullptr) {
    write(json_rpc::error(id, Code::invalid_request, "this session was initialized already"));
    return;
  }
  auto way = begin_session(line, &answer);
  if (!way) {
    write_answer(pass(way.error()), id);
    return;
  }
  way_ = std::move(*way);
  initialize_line_ = line;
  write_answer(std::move(answer), id);
}

// Needs way_mutex_.
Result<std::shared_ptr<McpBridge::Way>> McpBridge::begin_session(const std::string& line, net::ClientResponse* answer) {
  auto way = std::make_shared<Way>();
  ATOLL_ASSIGN(way->link, reach_());
  ATOLL_ASSIGN(auto response, post(*way, line));
  const auto value = value_of(response);
  if (response.status != 200 || !value) return pass(error_of(response));
  const auto id = response.headers.get(kSessionField);
  if (!id) {
    return fail(ErrorKind::unsupported, "mcp.not_spoken", "what answers at " + way->link.base + " speaks no MCP",
                "Name a server of Atoll.");
  }
  way->session_id = *id;
  way->protocol = protocol_of(*value);
  if (wishes_.run.empty()) wishes_.run = run_of(*value);  // a later session goes on with it
  if (answer != nullptr) *answer = std::move(response);
  return way;
}

Result<std::shared_ptr<McpBridge::Way>> McpBridge::renew(const std::shared_ptr<Way>& old) {
  const std::lock_guard lock(way_mutex_);
  if (way_ != old) return way_;  // somebody else did
  ATOLL_ASSIGN(way_, begin_session(initialize_line_, nullptr));
  ATOLL_TRY(post(*way_, json_rpc::notification("notifications/initialized", Value::object()).text()));
  return way_;
}

McpBridge::Answered McpBridge::post(Way& way, const std::string& line) const {
  net::ClientRequest request;
  request.method = "POST";
  request.url = way.link.base + std::string(kPath);
  request.headers.add("Content-Type", "application/json");
  request.headers.add("Accept", "application/json, text/event-stream");
  if (!way.link.token.empty()) request.headers.add("Authorization", "Bearer " + way.link.token);
  if (!way.session_id.empty()) {
    request.headers.add(std::string(kSessionField), way.session_id);
    request.headers.add("MCP-Protocol-Version", way.protocol);
  } else {
    if (!wishes_.vault.empty()) request.headers.add("Atoll-Vault", wishes_.vault);
    if (!wishes_.bucket.empty()) request.headers.add("Atoll-Bucket", wishes_.bucket);
    if (!wishes_.run.empty()) request.headers.add("Atoll-Run", wishes_.run);
  }
  request.body = as_bytes(line);
  request.body_bytes_max = kAnswerBytesMax;
  return way.link.client->send(request);
}

McpBridge::Answered McpBridge::send(const std::string& line) {
  std::shared_ptr<Way> way;
  {
    const std::lock_guard lock(way_mutex_);
    way = way_;
  }
  if (way == nullptr)
    return fail(ErrorKind::usage, "mcp.not_initialized", "the first message of a session is initialize");
  auto answered = post(*way, line);
  const bool is_gone = answered ? is_forgotten(*answered) : answered.error().id == "client.unreachable";
  if (!is_gone) return answered;
  ATOLL_ASSIGN(way, renew(way));
  return post(*way, line);
}

void McpBridge::write(const Value& message) {
  const std::string line = message.text() + "\n";
  const std::lock_guard lock(output_mutex_);
  ignore_error_on_purpose(environment_->terminal.write_out(as_bytes(line)));
}

void McpBridge::write_answer(const Answered& answered, const Value& id) {
  if (answered && answered->status == 202) return;
  if (answered) {
    // Also where the status says that something is wrong: JSON-RPC's own words say it best.
    const auto value = value_of(*answered);
    const Value* const first = value && value->as_array() != nullptr && !value->as_array()->empty()
                                   ? &value->as_array()->front()
                               : value ? &*value
                                       : nullptr;
    if (first != nullptr && first->find("jsonrpc") != nullptr) {
      write(*value);
      return;
    }
  }
  const Error error = answered ? error_of(*answered) : answered.error();
  const std::string words = error.message + (error.hint.empty() ? "" : ". " + error.hint);
  const Code code = error.kind == ErrorKind::usage ? Code::invalid_request : Code::internal_error;
  write(json_rpc::error(id, code, words, Value::object().set("id", error.id)));
}

void McpBridge::end_session() {
  const std::lock_guard lock(way_mutex_);
  if (way_ == nullptr) return;
  net::ClientRequest request;
  request.method = "DELETE";
  request.url = way_->link.base + std::string(kPath);
  request.headers.add(std::string(kSessionField), way_->session_id);
  if (!way_->link.token.empty()) request.headers.add("Authorization", "Bearer " + way_->link.token);
  ignore_error_on_purpose(way_->link.client->send(request));  // it would end by itself
}

}  // namespace atl::cli
