#include "vault/commit.h"

#include <algorithm>

namespace atl::vault {
namespace {

// Rows of one command, applied domain by domain; the order within a domain is the builder's.
Result<void> apply_changes(catalog::Catalog& catalog, const CommitContext& context, const ChangeSet& changes) {
  for (const auto& [domain, rows] : changes.by_domain()) {
    ATOLL_TRY(catalog.apply(context.lsn, context.commit_time, rows));
  }
  return {};
}

}  // namespace

Committer::Committer(const platform::Machine& machine, journal::Journal& journal, catalog::Catalog& catalog,
                     ChunkHooks hooks)
    : machine_(machine), journal_(&journal), catalog_(&catalog), hooks_(std::move(hooks)) {}

std::optional<Error> Committer::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

Result<Lsn> Committer::submit(CommandRequest request) {
  Waiting mine(std::move(request));
  std::unique_lock lock(mutex_);
  queue_.push_back(&mine);
  while (!mine.is_done) {
    if (has_leader_) {
      mine.turn.wait(lock);
      continue;
    }
    has_leader_ = true;
    std::vector<Waiting*> group(queue_.begin(), queue_.end());
    queue_.clear();
    lock.unlock();
    commit_group(group);
    lock.lock();
    for (Waiting* waiting : group) {
      waiting->is_done = true;
      if (waiting != &mine) waiting->turn.notify_one();  // under the lock: it may be gone as soon as that is free
    }
    end_lead();
  }
  return std::move(mine.answer);
}

void Committer::end_lead() {
  has_leader_ = false;
  if (!queue_.empty()) queue_.front()->turn.notify_one();
  changed_.notify_all();
}

std::vector<Result<Lsn>> Committer::submit_group(std::vector<CommandRequest> requests) {
  std::deque<Waiting> waiting;
  for (CommandRequest& request : requests) waiting.emplace_back(std::move(request));
  std::vector<Waiting*> group;
  for (Waiting& one : waiting) group.push_back(&one);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !has_leader_; });
  has_leader_ = true;
  lock.unlock();
  commit_group(group);
  lock.lock();
  end_lead();
  std::vector<Result<Lsn>> answers;
  answers.reserve(waiting.size());
  for (Waiting& one : waiting) answers.push_back(std::move(one.answer));
  return answers;
}

Result<void> Committer::between_groups(const std::function<Result<void>()>& work) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !has_leader_; });
  has_leader_ = true;
  lock.unlock();
  auto done = work();
  lock.lock();
  end_lead();
  return done;
}

Result<void> Committer::build_group(const std::vector<Waiting*>& group, std::vector<journal::Command>& commands,
                                    std::vector<Waiting*>& accepted, const std::vector<chunk::NewPack>& packs) {
  Lsn lsn = journal_->last();
  const Timestamp wall = machine_.clock.now();
  const Timestamp commit_time = std::max(journal_->last_commit_time(), wall);
  for (Waiting* waiting : group) {
    const CommitContext context{lsn.next(), commit_time, catalog_->pending()};
    ChangeSet changes;
    if (const auto built = waiting->request.build(context, changes); !built) {
      waiting->answer = pass(built.error());
      continue;
    }
    // A command with nothing else to say still carries them: no pack stays without a row for long.
    const bool carries_packs = commands.empty() && !packs.empty();
    if (changes.count() == 0 && !carries_packs) {  // nothing to say: the answer is the state it was decided on
      waiting->answer = lsn;
      continue;
    }
    ATOLL_INVARIANT(changes.count() <= kRowsPerCommandMax, "larger work is split into many commands by its caller");
    if (carries_packs) {
      for (const chunk::NewPack& pack : packs) {
        catalog::PackRow row;
        row.id = pack.id;
        row.domain = pack.domain;
        row.temperature = static_cast<catalog::Temperature>(pack.temperature);
        row.created = commit_time;
        changes.put(row);
      }
    }
    journal::Command command;
    command.envelope.lsn = context.lsn;
    command.envelope.commit_time = commit_time;
    command.envelope.wall_time = wall;
    command.envelope.kind = waiting->request.kind;
    command.envelope.actor = waiting->request.caller.actor;
    command.envelope.origin = waiting->request.caller.origin;
    command.envelope.request_id = waiting->request.caller.request_id;
    command.envelope.operation = waiting->request.operation;
    command.envelope.ack = journal::AckLevel::synced;
    std::size_t bytes = 0;
    for (const auto& [domain, rows] : changes.by_domain()) {
      Bytes payload = journal::encode_row_changes(rows);
      bytes += payload.size();
      command.payloads.push_back({domain, std::move(payload)});
    }
    if (bytes > kCommandBytesMax) {
      waiting->answer = fail(ErrorKind::limit, "command.too_large",
                             "this change needs " + std::to_string(bytes) + " bytes of records at once, at most " +
                                 std::to_string(kCommandBytesMax) + " are possible");
      continue;
    }
    ATOLL_TRY(apply_changes(*catalog_, context, changes));
    commands.push_back(std::move(command));
    accepted.push_back(waiting);
    lsn = context.lsn;
  }
  return {};
}

void Committer::commit_group(const std::vector<Waiting*>& group) {
  const auto fail_all = [&](const Error& error) {
    for (Waiting* waiting : group) waiting->answer = pass(error);
  };
  if (const auto why = stopped(); why) return fail_all(*why);
  if (hooks_.sync && std::ranges::any_of(group, [](const Waiting* one) { return one->request.refers_to_new_chunks; })) {
    if (const auto synced = hooks_.sync(); !synced) return fail_all(synced.error());
  }
  std::vector<chunk::NewPack> packs;
  if (hooks_.take_packs) packs = hooks_.take_packs();
  if (!commit_with_packs(group, packs) && !packs.empty()) hooks_.give_back(std::move(packs));
}

bool Committer::commit_with_packs(const std::vector<Waiting*>& group, const std::vector<chunk::NewPack>& packs) {
  const auto fail_all = [&](const Error& error) {
    for (Waiting* waiting : group) waiting->answer = pass(error);
    return false;
  };
  if (const auto begun = catalog_->begin_group(); !begun) return fail_all(begun.error());

  std::vector<journal::Command> commands;
  std::vector<Waiting*> accepted;
  if (const auto built = build_group(group, commands, accepted, packs); !built) {
    catalog_->roll_back_group();
    return fail_all(built.error());
  }
  if (commands.empty()) {
    catalog_->roll_back_group();
    return false;
  }
  if (const auto appended = journal_->append(commands); !appended) {
    catalog_->roll_back_group();
    // A full disk and a refused group wrote nothing and leave the journal whole; anything else leaves it in a state
    // that nobody knows.
    const ErrorKind kind = appended.error().kind;
    if (kind != ErrorKind::no_space && kind != ErrorKind::limit && kind != ErrorKind::usage) {
      const std::lock_guard lock(mutex_);
      stopped_ = appended.error();
    }
    return fail_all(appended.error());
  }
  if (const auto applied = catalog_->commit_group(); !applied) {
    // Committed in the journal, not visible here: the next open applies it. Writing on would break "visible when
    // answered", so it ends, and the caller learns that the command stands.
    Error error = applied.error();
    error.id = "commit.stands_but_not_applied";
    error.message = "the change is safely journaled but could not be applied to the catalog: " + error.message;
    error.hint = "Open the vault again (or run `atoll doctor`); the change will be there.";
    catalog_->roll_back_group();
    {
      const std::lock_guard lock(mutex_);
      stopped_ = error;
    }
    fail_all(error);
    return true;
  }
  for (std::size_t i = 0; i < accepted.size(); ++i) accepted[i]->answer = commands[i].envelope.lsn;
  return true;
}

}  // namespace atl::vault
