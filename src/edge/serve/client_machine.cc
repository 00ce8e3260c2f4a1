#include "edge/serve/client_machine.h"

#include <array>

namespace atl::serve {
namespace {

class ClientFile final : public platform::File {
 public:
  ClientFile(remote::CallChannel& channel, std::string path) : channel_(&channel), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      ATOLL_ASSIGN(const auto answer, ask(offset + done, out.size() - done));
      if (answer.bytes.size() > out.size() - done)
        return fail(ErrorKind::damaged, "remote.malformed", "more of " + path_ + " came than was asked for");
      if (answer.bytes.empty()) break;
      std::copy(answer.bytes.begin(), answer.bytes.end(), out.begin() + static_cast<std::ptrdiff_t>(done));
      done += answer.bytes.size();
    }
    return done;
  }
  Result<std::uint64_t> size() const override {
    ATOLL_ASSIGN(const auto answer, ask(0, 0));
    return answer.number;
  }
  Result<void> write_at(std::uint64_t, ByteView) override { return read_only(); }
  Result<void> sync() override { return read_only(); }
  Result<void> set_size(std::uint64_t) override { return read_only(); }

 private:
  [[nodiscard]] Result<remote::Answer> ask(std::uint64_t offset, std::uint64_t size) const {
    remote::Call call;
    call.kind = remote::CallKind::whole;
    call.place.root = path_;
    call.offset = offset;
    call.size = size;
    return channel_->call(call);
  }
  [[nodiscard]] tl::unexpected<Error> read_only() const {
    return fail(ErrorKind::denied, "command.read_only", path_ + " lies on another machine, and can only be read",
                "Run this command on the server's machine.");
  }
  remote::CallChannel* channel_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<platform::File>> ClientFiles::open(const std::string& path, platform::OpenMode mode) {
  if (mode != platform::OpenMode::read) return NoFiles::open(path, mode);
  return std::make_unique<ClientFile>(*channel_, path);
}

Result<std::unique_ptr<platform::FileWatcher>> ClientWatchers::watch(
    const std::string& path, const std::function<bool(const std::string& below)>&) {
  return fail(ErrorKind::unsupported, "watch.network",
              path + " lies on another machine, which tells nothing of changes");
}

ClientMachine::ClientMachine(const cli::Environment& elsewhere, remote::CallChannel::Send send)
    : channel_(elsewhere.machine.clock, std::move(send)),
      tree_(channel_),
      files_(channel_),
      watchers_(channel_),
      surroundings_{{files_, elsewhere.machine.clock, elsewhere.machine.random, elsewhere.machine.threads},
                    tree_,
                    watchers_,
                    elsewhere.terminal,
                    elsewhere.variable,
                    elsewhere.programs,
                    elsewhere.stop,
                    elsewhere.process_words,
                    elsewhere.working_folder} {
  surroundings_.is_elsewhere = true;
  surroundings_.workers = remote::kRemoteWorkers;
  surroundings_.on_bucket = [this](vault::Vault& vault, const catalog::BucketRow& bucket) {
    // A client that is gone is noticed by the first call that wants an answer.
    ignore_error_on_purpose(tree_.share_chunks(vault.acting_for(vault.caller()), bucket.domain));
  };
}

std::string AnsweredCommands::add(platform::Random& random, const access::Who& who, remote::CallChannel& channel) {
  std::array<std::uint8_t, 20> bits{};
  random.fill(bits);
  std::string id = to_base32(bits);
  const std::lock_guard lock(mutex_);
  running_[id] = {who.principal, &channel};
  return id;
}

void AnsweredCommands::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  running_.erase(id);
}

Result<void> AnsweredCommands::take(std::string_view id, const access::Who& who, ByteView answers) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end() || found->second.principal != who.principal)
    return fail(ErrorKind::not_found, "command.not_found", "there is no such command under way");
  return found->second.channel->take(answers);
}

}  // namespace atl::serve
