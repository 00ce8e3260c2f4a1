#include "edge/rest/bulk_put.h"

#include <optional>

#include "edge/errors/error_table.h"
#include "edge/rest/answers.h"
#include "edge/rest/put_content.h"

namespace atl::rest {
namespace {

using access::Action;
using json::Value;

constexpr std::size_t kFailuresTold = 1000;

}  // namespace

Result<std::unique_ptr<BulkPut>> BulkPut::begin(Call& call, vault::Vault& vault, const catalog::VersionRow& words,
                                                std::string prefix) {
  std::unique_ptr<BulkPut> made(new BulkPut(call, vault, std::move(prefix)));
  const auto reader = vault.reader();
  ATOLL_ASSIGN(made->state_, vault::bucket_state(*reader, call.bucket()));
  ATOLL_ASSIGN(made->writer_, vault::BulkWriter::open(vault, made->state_.bucket));
  vault::Origin origin;
  origin.label = words.label;
  origin.author = words.author;
  origin.description = words.description;
  made->writer_->set_origin(std::move(origin));
  BulkPut* const self = made.get();
  made->writer_->set_rules(
      {[self](const std::string& key, const catalog::VersionRow* there) { return self->may_store(key, there); },
       [self](const vault::BulkWriter::Told& told) { self->done(told); }});
  return made;
}

void BulkPut::note_pending(std::uint64_t bytes) {
  pending_bytes_ += bytes;
  ++pending_objects_;
}

void BulkPut::refuse(const std::string& name, Error error) {
  ++failed_;
  if (failures_.size() < kFailuresTold) failures_.emplace_back(name, std::move(error));
}

void BulkPut::refuse(const std::string& name, std::string id, std::string message) {
  refuse(name, {ErrorKind::usage, std::move(id), std::move(message), "", 0});
}

Result<void> BulkPut::check_quota(const std::string& key, std::uint64_t size) const {
  auto& access = call_->exchange().host.access();
  const auto as_new = access.check_quota(call_->who(), call_->vault_id(), state_.bucket.name, pending_bytes_ + size,
                                         pending_objects_ + 1);
  if (as_new) return {};
  // An object that is replaced is none more.
  const auto reader = vault_->reader();
  ATOLL_ASSIGN(const auto there, reader->current(state_.bucket.id, key));
  if (!there) return as_new;
  return access.check_quota(call_->who(), call_->vault_id(), state_.bucket.name, pending_bytes_ + size,
                            pending_objects_);
}

Result<void> BulkPut::may_store(const std::string& key, const catalog::VersionRow* there) const {
  const Action action = there == nullptr ? Action::write : overwrite_action(state_);
  const auto age = there == nullptr ? std::nullopt : call_->age_seconds(*there);
  if (call_->may(action, state_.bucket.name, key, false, age)) return {};
  return fail(ErrorKind::denied, "access.denied",
              there == nullptr ? "you may not store it" : "you may not replace what is there");
}

void BulkPut::done(const vault::BulkWriter::Told& told) {
  // Everything that was begun is durable now, and counted below.
  pending_bytes_ = pending_objects_ = 0;
  if (told.refused) {
    refuse(told.key.substr(prefix_.size()), *told.refused);
  } else if (told.effect == vault::PutEffect::unchanged) {
    ++unchanged_;
  } else {
    ++stored_;
    note_stored(*call_, state_.bucket.name, told.size, told.before ? &*told.before : nullptr);
  }
}

Value BulkPut::report() const {
  Value failures = Value::array();
  for (const auto& [name, error] : failures_) {
    Value one = Value::object();
    set_name(one, "name", name);
    one.set("status", edge::row_of(error).http_status).set("id", error.id).set("message", error.message);
    failures.push(std::move(one));
  }
  return Value::object()
      .set("bucket", state_.bucket.name)
      .set("stored", stored_)
      .set("unchanged", unchanged_)
      .set("bytes", writer_->counts().bytes)
      .set("new_bytes", writer_->counts().new_bytes)
      .set("failed", failed_)
      .set("failures", std::move(failures));
}

std::vector<schema::Member> bulk_report_members() {
  using namespace schema;
  return {required("bucket", text("Its bucket.")),
          required("stored", number("Objects with new versions.")),
          required("unchanged", number("Objects that were like this.")),
          required("bytes", number("Of contents that came.")),
          required("new_bytes", number("Of these, bytes that were not stored before.")),
          required("failed", number("Entries that were not stored.")),
          required("failures", list(reference("UnpackFailure"), "The first thousand of them."))};
}

}  // namespace atl::rest
