#include "edge/rest/change_feed.h"

#include <algorithm>

#include "edge/rest/answers.h"

namespace atl::rest {
namespace {

using json::Value;

constexpr std::uint32_t kPollMs = 250;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kHeartbeatNs = 15 * kNsPerSecond;
constexpr std::int64_t kStreamNs = 3600 * kNsPerSecond;
constexpr std::size_t kTextBytes = 256 * 1024;  // gathered at once, and what one command has beyond that

}  // namespace

Result<void> ChangeFeed::check_horizon(vault::Vault& vault, Lsn after) {
  ATOLL_ASSIGN(const auto stats, vault.journal().stats());
  const std::uint64_t first = std::max<std::uint64_t>(1, stats.first_with_payloads.value);
  if (after.value + 1 >= first) return {};
  return fail(ErrorKind::not_found, "journal.below_horizon",
              "what was done before change " + std::to_string(first) + " is no longer kept",
              "Read everything anew, and go on from since=" + std::to_string(vault.journal().last().value) + ".");
}

bool ChangeFeed::sees(const access::AccessView& view, std::string_view bucket, std::string_view key) const {
  access::Resource asked;
  asked.vault = query_.vault;
  asked.bucket = bucket;
  asked.key = key;
  const Timestamp now = host_->machine().clock.now();
  // What is new is young: that is what conditions on age are asked with.
  asked.age_seconds = 0;
  return view.decide(query_.who, access::Action::watch, asked, now).allowed &&
         view.decide(query_.who, access::Action::list, asked, now).allowed;
}

bool ChangeFeed::is_still_allowed() const {
  if (query_.who.is_local_owner) return true;
  const auto view = host_->access().view();
  const auto* const principal = view->principal(query_.who.principal);
  if (!query_.who.principal.is_none() && (principal == nullptr || principal->is_disabled)) return false;
  if (query_.who.token.is_none()) return true;
  return std::ranges::any_of(view->rows().tokens,
                             [&](const catalog::TokenRow& row) { return row.id == query_.who.token; });
}

Result<FeedChange> ChangeFeed::change_of(catalog::CatalogReader& reader, const journal::Command& command) const {
  FeedChange out;
  out.lsn = command.envelope.lsn;
  const auto view = host_->access().view();
  std::map<BucketId, std::string> names;
  std::map<VersionId, std::pair<std::uint64_t, std::string>> versions;  // size and type of those that the command puts
  std::vector<std::vector<journal::RowChange>> payloads;
  for (const auto& payload : command.payloads) {
    if (!payload.plain) continue;
    ATOLL_ASSIGN(auto changes, journal::decode_row_changes(*payload.plain));
    payloads.push_back(std::move(changes));
  }
  for (const auto& changes : payloads) {
    for (const auto& change : changes) {
      if (change.table == journal::TableNumber::buckets && change.row) {
        ATOLL_ASSIGN(const auto bucket, catalog::decode_bucket(change.key, *change.row));
        names[bucket.id] = bucket.name;
      }
      if (change.table != journal::TableNumber::versions || !change.row) continue;
      ATOLL_ASSIGN(const auto version, catalog::decode_version(change.key, *change.row));
      if (version.end.value == 0) versions[version.version] = {version.size, std::string(word_of(version.kind))};
    }
  }
  const auto name_of_bucket = [&](const BucketId& id) -> Result<std::string> {
    if (const auto known = names.find(id); known != names.end()) return known->second;
    ATOLL_ASSIGN(const auto bucket, reader.bucket(id));
    return names[id] = bucket ? bucket->name : std::string();
  };
  const auto item = [&](std::string_view event, const std::string& bucket) {
    Value one = Value::object();
    one.set("lsn", command.envelope.lsn.value).set("time", format_rfc3339(command.envelope.commit_time));
    one.set("actor", command.envelope.actor).set("event", event).set("bucket", bucket);
    if (!command.envelope.operation.is_none()) one.set("operation", command.envelope.operation.text());
    return one;
  };
  for (const auto& changes : payloads) {
    for (const auto& change : changes) {
      const std::size_t id_bytes = sizeof(BucketId::bytes);
      if (change.table == journal::TableNumber::buckets && change.row && query_.prefix.empty()) {
        ATOLL_ASSIGN(const auto bucket, catalog::decode_bucket(change.key, *change.row));
        const bool is_asked = query_.bucket.empty() || query_.bucket == bucket.name;
        if (is_asked && sees(*view, bucket.name, "")) out.items.push_back(item("bucket_created", bucket.name));
      }
      if (change.table != journal::TableNumber::entries || change.key.size() <= id_bytes) continue;
      ATOLL_ASSIGN(const auto bucket_id, BucketId::from_view(ByteView(change.key).first(id_bytes)));
      ATOLL_ASSIGN(const std::string bucket, name_of_bucket(bucket_id));
      const std::string key = to_string(ByteView(change.key).subspan(id_bytes));
      // A bucket that is gone belongs to nobody any more.
      if (bucket.empty() || (!query_.bucket.empty() && query_.bucket != bucket) || !key.starts_with(query_.prefix) ||
          !sees(*view, bucket, key)) {
        continue;
      }
      std::string_view event = "erased";
      std::string version;
      if (change.row) {
        ATOLL_ASSIGN(const auto entry, catalog::decode_entry(change.key, *change.row));
        version = entry.version.text();
        event = entry.is_deleted                                             ? "removed"
                : command.envelope.kind == journal::CommandKind::tag_objects ? "described"
                                                                             : "stored";
      }
      Value one = item(event, bucket);
      set_name(one, "key", key);
      if (!version.empty()) {
        one.set("version", version);
        const auto id = VersionId::parse(version);
        if (const auto known = id ? versions.find(*id) : versions.end(); known != versions.end())
          one.set("size", known->second.first).set("type", known->second.second);
      }
      out.items.push_back(std::move(one));
    }
  }
  return out;
}

Result<Lsn> ChangeFeed::read(vault::Vault& vault, Lsn after, const std::function<Result<bool>(FeedChange)>& visit) {
  const Lsn last = vault.journal().last();
  if (after >= last) return after;
  const auto reader = vault.reader();
  Lsn at = after;
  const Lsn until{std::min(last.value, after.value + kCommandsPerRead)};
  ATOLL_TRY(vault.journal().read(after.next(), until, [&](const journal::Command& command) -> Result<bool> {
    ATOLL_ASSIGN(auto change, change_of(*reader, command));
    at = command.envelope.lsn;
    return visit(std::move(change));
  }));
  return at;
}

FeedStream::FeedStream(server::Host& host, FeedQuery query, vault::Caller caller, Lsn after)
    : host_(&host),
      vault_(query.vault),
      caller_(std::move(caller)),
      feed_(host, std::move(query)),
      at_(after),
      told_(after),
      begun_ns_(host.machine().clock.monotonic_ns()),
      last_sent_ns_(begun_ns_) {
  // So that the client knows at once that it is connected, and how soon to come back.
  text_ = "retry: 2000\nid: " + std::to_string(after.value) + "\n\n";
}

Result<void> FeedStream::gather() {
  ATOLL_ASSIGN(const auto use, host_->use(vault_, caller_));
  ATOLL_TRY(ChangeFeed::check_horizon(use.vault(), at_));
  ATOLL_ASSIGN(at_, feed_.read(use.vault(), at_, [&](FeedChange change) -> Result<bool> {
    for (std::size_t i = 0; i < change.items.size(); ++i) {
      if (i + 1 == change.items.size()) {
        text_ += "id: " + std::to_string(change.lsn.value) + "\n";
        told_ = change.lsn;
      }
      text_ += "event: change\ndata: " + change.items[i].text() + "\n\n";
    }
    return text_.size() < kTextBytes;
  }));
  return {};
}

net::Pulled FeedStream::hand_out(ByteSpan out) {
  const std::size_t count = std::min(out.size(), text_.size() - text_at_);
  std::ranges::copy(as_bytes(text_).subspan(text_at_, count), out.begin());
  text_at_ += count;
  if (text_at_ == text_.size()) {
    text_.clear();
    text_at_ = 0;
  }
  return {count, net::Pulled::State::more, 0, {}};
}

Result<net::Pulled> FeedStream::pull(ByteSpan out) {
  const std::int64_t now = host_->machine().clock.monotonic_ns();
  if (text_.empty()) {
    if (now - begun_ns_ > kStreamNs || host_->is_ending() || !feed_.is_still_allowed())
      return net::Pulled{0, net::Pulled::State::end, 0, {}};
    ATOLL_TRY(gather());
    if (text_.empty() && now - last_sent_ns_ >= kHeartbeatNs) {
      text_ = told_ < at_ ? "id: " + std::to_string(at_.value) + "\n\n" : std::string(": still here\n\n");
      told_ = at_;
    }
  }
  if (text_.empty()) return net::Pulled{0, net::Pulled::State::wait, kPollMs, {}};
  last_sent_ns_ = now;
  return hand_out(out);
}

}  // namespace atl::rest
