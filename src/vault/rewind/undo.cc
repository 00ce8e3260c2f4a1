// Planning: see undo_apply.cc for the carrying out.
#include "vault/rewind/undo.h"

#include <algorithm>

#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"
#include "vault/rewind/item_code.h"
#include "vault/rewind/small_rows.h"
#include "vault/rewind/undo_job.h"

namespace atl::vault {
namespace {

using catalog::BucketRow;
using catalog::VersionRow;
using journal::TableNumber;

// Records of the plan, after those of the touches: 'p', the order of work, the name.
constexpr std::uint8_t kPlanMark = 'p';
constexpr std::uint8_t kFirst = 1;       // buckets that come back
constexpr std::uint8_t kUnlabelled = 2;  // versions of the past that lose a label
constexpr std::uint8_t kObjects = 3;
constexpr std::uint8_t kDescribed = 4;  // the other versions of the past
constexpr std::uint8_t kRows = 5;
constexpr std::uint8_t kLast = 6;  // buckets that go
constexpr std::size_t kNameBytesMax = 16'000;

// A name as a run set's key: the longest ones keep their beginning, for the order, and a digest.
Bytes plan_key(std::uint8_t order, ByteView name) {
  Bytes key{kPlanMark, order};
  if (name.size() <= kNameBytesMax) {
    key.insert(key.end(), name.begin(), name.end());
    return key;
  }
  const codec::Digest digest = codec::blake3(name);
  key.insert(key.end(), name.begin(), name.begin() + kNameBytesMax);
  key.insert(key.end(), digest.begin(), digest.end());
  return key;
}

}  // namespace

std::string_view name_of(UndoStep step) {
  switch (step) {
    case UndoStep::bring_back: return "bring_back";
    case UndoStep::put_back: return "put_back";
    case UndoStep::retag: return "retag";
    case UndoStep::remove: return "remove";
    case UndoStep::change_row: return "change";
    case UndoStep::leave: return "leave";
    case UndoStep::impossible: return "impossible";
  }
  return "leave";
}

void UndoPlan::count(const UndoItem& item, int sign) {
  const auto add = [sign](std::uint64_t& number, std::uint64_t amount = 1) {
    number = sign > 0 ? number + amount : number - amount;
  };
  switch (item.step) {
    case UndoStep::bring_back: add(counts_.bring_back); break;
    case UndoStep::put_back: add(counts_.put_back); break;
    case UndoStep::retag: add(counts_.retag); break;
    case UndoStep::remove: add(counts_.remove); break;
    case UndoStep::change_row: add(counts_.rows); break;
    case UndoStep::leave: add(counts_.left); break;
    case UndoStep::impossible: add(counts_.impossible); break;
  }
  if (item.step == UndoStep::bring_back || item.step == UndoStep::put_back) add(counts_.bytes, item.bytes);
}

Result<void> UndoPlan::keep(std::uint8_t order, ByteView name, const UndoItem& item) {
  const Bytes key = plan_key(order, name);
  // One name may have stood for two objects, one after the other: what was there goes before what was not.
  ATOLL_ASSIGN(const auto known, staged_->set().get(key));
  if (known) {
    ATOLL_ASSIGN(const UndoItem other, decode_item(*known));
    if (!item.target && other.target) return {};
    count(other, -1);
  }
  count(item, 1);
  return staged_->set().put(key, encode_item(item));
}

Result<void> UndoPlan::for_each(const std::function<Result<bool>(const UndoItem&)>& visit) {
  return staged_->for_each_with(Bytes{kPlanMark}, [&](ByteView, ByteView value) -> Result<bool> {
    ATOLL_ASSIGN(const UndoItem item, decode_item(value));
    return visit(item);
  });
}

Result<std::unique_ptr<UndoPlan>> UndoPlan::of_undo(Vault& vault, const UndoRequest& request, bool force) {
  auto plan = std::unique_ptr<UndoPlan>(new UndoPlan(vault));
  plan->request_ = request;
  plan->force_ = force;
  ATOLL_ASSIGN(plan->selection_, select_commands(vault, request));
  ATOLL_ASSIGN(const auto broken_off, plan->broken_off());
  if (request.is_last && broken_off && !broken_off->is_rewind) {
    plan->go_on_as(*broken_off);
    plan->request_ = broken_off->request;
    plan->force_ = force || broken_off->force;
    ATOLL_ASSIGN(plan->selection_, select_commands(vault, plan->request_));
  } else if (request.is_last) {
    plan->request_.is_last = false;
    plan->request_.name = plan->selection_.name;
  } else if (broken_off && !broken_off->is_rewind && broken_off->of == plan->selection_.name &&
             broken_off->request.actor == request.actor && broken_off->request.after == request.after &&
             broken_off->request.scope == request.scope) {
    plan->go_on_as(*broken_off);
    plan->request_.up_to = broken_off->request.up_to;
    ATOLL_ASSIGN(plan->selection_, select_commands(vault, plan->request_));
  }
  if (plan->selection_.ranges.empty()) {
    return fail(ErrorKind::not_found, "undo.nothing", "nothing was done that this names: " + plan->selection_.words,
                "`atoll operations` lists what was done.");
  }
  // A second call means the same commands, not also what this one does.
  if (plan->request_.name.empty() && plan->request_.up_to.value == 0) plan->request_.up_to = vault.journal().last();
  ATOLL_TRY(plan->make());
  return plan;
}

Result<std::unique_ptr<UndoPlan>> UndoPlan::of_rewind(Vault& vault, Lsn to, const RewindScope& scope) {
  auto plan = std::unique_ptr<UndoPlan>(new UndoPlan(vault));
  plan->is_rewind_ = true;
  plan->force_ = true;
  plan->to_ = to;
  plan->request_.after = to;
  plan->request_.scope = scope;
  const Lsn last = vault.journal().last();
  plan->selection_.words = "everything after change " + std::to_string(to.value);
  if (to < last) {
    plan->selection_.ranges.push_back({to.next(), last});
    plan->selection_.commands = last.value - to.value;
  }
  ATOLL_ASSIGN(const auto broken_off, plan->broken_off());
  if (broken_off && broken_off->is_rewind && broken_off->to == to && broken_off->request.scope == scope)
    plan->go_on_as(*broken_off);
  ATOLL_TRY(plan->make());
  return plan;
}

// The newest operation, where it is an undo or rewind that did not finish.
Result<std::optional<UndoJob>> UndoPlan::broken_off() const {
  UndoRequest last;
  last.is_last = true;
  const auto newest = select_commands(*vault_, last);
  if (!newest && newest.error().kind == ErrorKind::not_found) return std::nullopt;
  if (!newest) return pass(newest.error());
  const auto reader = vault_->reader();
  return broken_off_undo(*reader, newest->name);
}

// One operation, however often it was broken off: undoing it takes all of it back.
void UndoPlan::go_on_as(const UndoJob& job) {
  goes_on_ = true;
  operation_ = job.operation;
  started_ = job.started;
}

Result<void> UndoPlan::read_commands(Touches& touches) {
  if (selection_.ranges.empty()) return {};
  ATOLL_ASSIGN(const auto stats, vault_->journal().stats());
  if (selection_.first() < stats.first_with_payloads) {
    return fail(ErrorKind::not_found, "rewind.below_horizon",
                "what change " + std::to_string(selection_.first().value) +
                    " did is no longer kept, so that it cannot be taken back",
                "It works for changes from " + std::to_string(stats.first_with_payloads.value) +
                    " on; objects have older versions of their own.");
  }
  return vault_->journal().read(
      selection_.first(), selection_.last(), [&](const journal::Command& command) -> Result<bool> {
        if (!is_user_command(command.envelope.kind)) return true;
        const bool is_chosen = selection_.contains(command.envelope.lsn);
        for (const auto& payload : command.payloads) {
          if (is_chosen && !payload.plain && vault_->keys().domain(payload.domain) != nullptr) {
            ++counts_.unreadable;
            break;
          }
        }
        ATOLL_TRY(touches.take(command, is_chosen, is_rewind_));
        return true;
      });
}

Result<void> UndoPlan::make() {
  ATOLL_ASSIGN(staged_, StagedSet::open(*vault_, "plan"));
  Touches touches(*staged_);
  ATOLL_TRY(read_commands(touches));
  counts_.erased = touches.erased();

  ATOLL_ASSIGN(const auto rows, RowsAt::begin(*vault_));
  ATOLL_TRY(touches.for_each_object([&](const TouchedObject& one) -> Result<void> {
    if (one.before != Before::look_up) return {};
    VersionRow version;
    version.object = one.object;
    version.version = one.before_version;
    return rows->want(one.domain, TableNumber::versions, catalog::key_of(version), one.moment);
  }));
  ATOLL_TRY(touches.for_each_version([&](const TouchedVersion& one) -> Result<void> {
    VersionRow version;
    version.object = one.object;
    version.version = one.version;
    return rows->want(one.domain, TableNumber::versions, catalog::key_of(version), one.moment);
  }));
  ATOLL_TRY(touches.for_each_row([&](const TouchedRow& one) -> Result<void> {
    if (is_rewind_ && one.table != TableNumber::buckets) return {};
    return rows->want(kDefaultDomain, one.table, one.key, one.moment);
  }));
  ATOLL_TRY(rows->resolve());

  const auto reader = vault_->reader();
  // Buckets first: objects come back into them.
  ATOLL_TRY(touches.for_each_row([&](const TouchedRow& one) { return plan_row(*reader, *rows, one); }));
  ATOLL_TRY(touches.for_each_object([&](const TouchedObject& one) { return plan_object(*reader, *rows, one); }));
  return touches.for_each_version([&](const TouchedVersion& one) { return plan_version(*reader, *rows, one); });
}

Result<void> UndoPlan::plan_version(catalog::CatalogReader& reader, const RowsAt& rows, const TouchedVersion& touched) {
  ATOLL_ASSIGN(const auto bucket, bucket_of(reader, touched.bucket));
  UndoItem item;
  item.step = UndoStep::retag;
  item.is_of_past = true;
  item.bucket = bucket ? bucket->name : touched.bucket.text();
  item.bucket_id = touched.bucket;
  item.key = touched.key;
  item.object = touched.object;
  if (!request_.scope.covers(item.bucket, item.key)) return {};
  VersionRow id;
  id.object = touched.object;
  id.version = touched.version;
  ATOLL_ASSIGN(const auto answer, rows.row(touched.domain, TableNumber::versions, catalog::key_of(id)));
  ATOLL_ASSIGN(const auto now, reader.version(touched.object, touched.version));
  if (!now) return {};  // the version is gone, and what was said of it
  if (answer.row) {
    ATOLL_ASSIGN(item.target, catalog::decode_version(catalog::key_of(id), *answer.row));
  }
  item.version_now = now->version;
  item.words_now = words_of(*now);
  item.row_bytes = 2 * catalog::encode(*now).size() + 2 * item.key.size() + 256;
  if (!bucket || !item.target) {
    item.step = UndoStep::impossible;
    item.why = "how it was before is no longer kept";
  } else if (words_of(*item.target) == item.words_now) {
    ++counts_.already;
    return {};
  } else if (!force_ && (touched.is_foreign || touched.after_words != item.words_now)) {
    item.step = UndoStep::leave;
    item.why = "an older version was described anew since";
  }
  Bytes name = catalog::entry_key(touched.bucket, touched.key);
  name.insert(name.end(), touched.version.bytes.begin(), touched.version.bytes.end());
  return keep(item.target && item.target->label.empty() ? kUnlabelled : kDescribed, name, item);
}

Result<std::optional<BucketRow>> UndoPlan::bucket_of(catalog::CatalogReader& reader, BucketId id) {
  if (const auto known = buckets_.find(id); known != buckets_.end()) return known->second;
  ATOLL_ASSIGN(auto row, reader.bucket(id));
  buckets_.emplace(id, row);
  return row;
}

Result<void> UndoPlan::plan_row(catalog::CatalogReader& reader, const RowsAt& rows, const TouchedRow& touched) {
  if (is_rewind_ && touched.table != TableNumber::buckets) return {};
  UndoItem item;
  item.table = touched.table;
  item.row_key = touched.key;
  ATOLL_ASSIGN(const auto answer, rows.row(kDefaultDomain, touched.table, touched.key));
  ATOLL_ASSIGN(item.row_now, small_row(reader, touched.table, touched.key));
  ATOLL_ASSIGN(item.row_target, part_put_back(touched.table, touched.key, answer.row));
  ATOLL_ASSIGN(const auto named,
               describe_row(reader, touched.table, touched.key, item.row_target ? item.row_target : item.row_now));
  item.bucket = named.bucket;
  item.key = named.words;
  const RewindScope& scope = request_.scope;
  const bool is_in_scope = scope.bucket.empty() || (scope.bucket == item.bucket && scope.key.empty() &&
                                                    touched.table != TableNumber::snapshots);
  if (!is_in_scope) return {};
  item.row_bytes = (item.row_target ? item.row_target->size() : 0) + touched.key.size() + 64;
  const bool is_same = item.row_target == item.row_now;
  item.step = UndoStep::change_row;
  if (!answer.is_known) {
    item.step = UndoStep::impossible;
    item.why = "how it was before is no longer kept";
  } else if (is_same) {
    // Settings of which something else was changed are no step of an undo.
    if (touched.table != TableNumber::bucket_settings) ++counts_.already;
    return {};
  } else if (!force_ && (touched.is_foreign || item.row_now != touched.after)) {
    item.step = UndoStep::leave;
    item.why = "changed since";
  } else if (item.row_now && named.is_held) {
    item.step = UndoStep::leave;
    item.why = "held: release it first";
  }
  std::uint8_t order = kRows;
  if (touched.table == TableNumber::buckets && item.step == UndoStep::change_row) {
    ATOLL_ASSIGN(const BucketId id, BucketId::from_view(touched.key));
    if (item.row_target) {
      order = kFirst;
      ATOLL_ASSIGN(BucketRow bucket, catalog::decode_bucket(touched.key, *item.row_target));
      ATOLL_ASSIGN(const auto taken, reader.bucket_named(bucket.name));
      if (taken && taken->id != id) {
        item.step = UndoStep::leave;
        item.why = "another bucket has its name now";
      } else {
        buckets_[id] = std::move(bucket);
      }
    } else {
      // A bucket goes only where it never held anything: the history of its objects would have no name any more.
      order = kLast;
      catalog::ListQuery query;
      query.bucket = id;
      query.limit = 1;
      query.include_deleted = true;
      ATOLL_ASSIGN(const auto page, reader.list(query));
      if (!page.items.empty()) {
        item.step = UndoStep::leave;
        item.why = "the history of its objects stays in it";
      }
    }
  }
  Bytes name{static_cast<std::uint8_t>(touched.table)};
  name.insert(name.end(), touched.key.begin(), touched.key.end());
  return keep(order, name, item);
}

Result<std::optional<std::string>> UndoPlan::why_impossible(catalog::CatalogReader& reader, const VersionRow& target) {
  catalog::ErasureRow erasure;
  erasure.object = target.object;
  erasure.version = target.version;
  ATOLL_ASSIGN(const auto erased, reader.one<catalog::ErasureRow>(catalog::key_of(erasure)));
  if (erased) {
    return "removed for good by " + erased->actor + " on " + format_rfc3339(erased->time);
  }
  if (vault_->keys().domain(target.content.domain) == nullptr) return "the keys of its content were destroyed";
  ATOLL_ASSIGN(const auto row, reader.version(target.object, target.version));
  if (row) return std::nullopt;  // what the catalog holds keeps its content
  bool is_whole = true;
  const auto visited =
      for_each_chunk(vault_->chunks(), target.content, [&](const ChunkId& chunk, bool) -> Result<bool> {
        ATOLL_ASSIGN(is_whole, vault_->chunks().contains(chunk));
        return is_whole;
      });
  if (is_whole && visited) return std::nullopt;
  return "its content is no longer kept";
}

Result<void> UndoPlan::plan_object(catalog::CatalogReader& reader, const RowsAt& rows, const TouchedObject& touched) {
  ATOLL_ASSIGN(const auto bucket, bucket_of(reader, touched.bucket));
  UndoItem item;
  item.bucket = bucket ? bucket->name : touched.bucket.text();
  item.bucket_id = touched.bucket;
  item.key = touched.key;
  item.object = touched.object;
  if (!request_.scope.covers(item.bucket, item.key)) return {};

  std::string why;
  switch (touched.before) {
    case Before::absent: break;
    case Before::lost: why = "removed for good"; break;
    case Before::image:
    case Before::look_up: {
      VersionRow id;
      id.object = touched.object;
      id.version = touched.before_version;
      const Bytes key = catalog::key_of(id);
      std::optional<Bytes> row = touched.before_row;
      if (touched.before == Before::look_up) {
        ATOLL_ASSIGN(auto answer, rows.row(touched.domain, TableNumber::versions, key));
        row = std::move(answer.row);
        if (!row) why = "how it was before is no longer kept";
      }
      if (row) {
        ATOLL_ASSIGN(item.target, catalog::decode_version(key, *row));
      }
      break;
    }
  }
  ATOLL_ASSIGN(const auto now, reader.current(touched.bucket, touched.key));
  item.is_there_now = now.has_value();
  if (now) {
    item.version_now = now->version.version;
    item.words_now = words_of(now->version);
  }
  const bool is_same_version =
      now && item.target && now->version.object == item.target->object && now->version.version == item.target->version;
  if (why.empty() && !item.target && !now) {
    ++counts_.already;
    return {};
  }
  if (item.target && now && reads_the_same(*item.target, now->version) &&
      (!is_same_version || has_same_words(*item.target, now->version))) {
    ++counts_.already;
    return {};
  }
  const bool is_as_left =
      !touched.is_foreign && touched.is_there_after == item.is_there_now &&
      (!now || (now->version.object == touched.object && now->version.version == touched.after_version &&
                (touched.after_words.empty() || touched.after_words == item.words_now)));
  if (item.target) item.row_bytes += catalog::encode(*item.target).size();
  if (now) item.row_bytes += catalog::encode(now->version).size();
  item.row_bytes += 2 * item.key.size() + 256;
  item.bytes = item.target ? item.target->size : (now ? now->version.size : 0);
  if (!force_ && !is_as_left) {
    item.step = UndoStep::leave;
    item.why = now ? "changed since by " + now->version.actor : "removed since";
  } else if (!bucket) {
    item.step = UndoStep::impossible;
    item.why = "its bucket is gone";
  } else if (!item.target && why.empty()) {
    item.step = UndoStep::remove;
  } else if (is_same_version) {
    item.step = UndoStep::retag;
  } else {
    item.step = now ? UndoStep::put_back : UndoStep::bring_back;
    if (item.target && why.empty()) {
      ATOLL_ASSIGN(const auto reason, why_impossible(reader, *item.target));
      if (reason) why = *reason;
    }
    if (!why.empty()) {
      item.step = UndoStep::impossible;
      item.why = why;
    }
  }
  return keep(kObjects, catalog::entry_key(touched.bucket, touched.key), item);
}

}  // namespace atl::vault
